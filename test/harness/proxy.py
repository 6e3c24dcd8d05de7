"""A real outrigger process, on ports that the kernel chose."""

import pathlib
import tempfile

from harness.client import Connection, fetch
from harness.process import Process, built
from harness.waiting import until


class Proxy:
    """Starts with a bootstrap and is ready when the constructor returns, unless told not to wait."""

    def __init__(self, bootstrap, *flags, concurrency=2, waits=True):
        self._directory = tempfile.TemporaryDirectory(prefix="outrigger-test-")
        self.directory = pathlib.Path(self._directory.name)
        (self.directory / "bootstrap.yaml").write_text(bootstrap)
        self.process = Process(built("source/main/outrigger"),
                               "-c", self.directory / "bootstrap.yaml",
                               "--admin-address-path", self.directory / "admin",
                               "--concurrency", concurrency, "--drain-time-s", 10,
                               "--file-flush-interval-msec", 20, *flags)
        self._admin_port = None
        self._ports = {}
        if waits:
            self.wait_until_ready()

    # -- its life --------------------------------------------------------------------------------

    def wait_until_ready(self):
        until(lambda: self.is_answering() and self.admin("/ready").status == 200, "the proxy is ready")

    def is_answering(self):
        """Whether the admin endpoint is there."""
        self.process.check_runs()
        return (self.directory / "admin").exists() and (self.directory / "admin").read_text() != ""

    def stop(self):
        """SIGTERM; an end that is not in order is a failure."""
        code = self.process.terminate()
        log = self.process.log
        self._directory.cleanup()
        if code != 0:
            raise AssertionError(f"outrigger ended with {code}:\n{log}")

    @property
    def log(self):
        return self.process.log

    # -- traffic ---------------------------------------------------------------------------------

    def port(self, listener="front"):
        if listener not in self._ports:
            self._ports[listener] = until(lambda: self.listener_ports().get(listener),
                                          f"listener {listener} is there")
        return self._ports[listener]

    def set_port(self, listener, port):
        """A listener has moved."""
        self._ports[listener] = port

    def listener_ports(self):
        """The ports of the listeners that serve, by name, as they are now."""
        statuses = self.admin("/listeners?format=json").json().get("listener_statuses", [])
        return {s["name"]: s["local_address"]["socket_address"]["port_value"] for s in statuses}

    def url(self, path="/", listener="front"):
        return f"http://127.0.0.1:{self.port(listener)}{path}"

    def get(self, path="/", headers=(), host="test"):
        return fetch(self.port(), path, "GET", headers, None, host)

    def get_from(self, listener, path="/"):
        return fetch(self.port(listener), path)

    def request(self, method, path="/", headers=(), body=None):
        return fetch(self.port(), path, method, headers, body)

    def connect(self, listener="front"):
        return Connection(self.port(listener))

    # -- what it says of itself ------------------------------------------------------------------

    @property
    def admin_port(self):
        if self._admin_port is None:
            until(self.is_answering, "the admin endpoint listens")
            self._admin_port = int((self.directory / "admin").read_text().rpartition(":")[2])
        return self._admin_port

    def admin(self, path, method="GET"):
        return fetch(self.admin_port, path, method)

    def counters(self):
        """Every counter and gauge."""
        stats = self.admin("/stats?format=json").json()["stats"]
        return {s["name"]: s["value"] for s in stats if "name" in s and "value" in s}

    def counter(self, name):
        """A counter or gauge; one that nobody has touched yet is 0."""
        return self.counters().get(name, 0)

    def wait_for_counter(self, name, at_least):
        """What workers count shows a moment later."""
        return until(lambda: self.counter(name) >= at_least, f"{name} reaches {at_least}")
