"""A real outrigger-control process on a directory that the test edits."""

import pathlib
import re
import signal
import tempfile

from harness.process import Process, built
from harness.waiting import until


class ControlPlane:
    """Serves files={"routes.yaml": text, ...}; save and remove change them as an editor would."""

    def __init__(self, files, port=0, listen=None, flags=()):
        self._directory = tempfile.TemporaryDirectory(prefix="outrigger-control-test-")
        self.directory = pathlib.Path(self._directory.name)
        for name, text in files.items():
            self.save(name, text)
        self.process = None
        self.port = port
        self.flags = flags
        self.listen = listen  # instead of a port: "unix:/path"
        self.start()

    def save(self, name, text):
        """The whole file at once."""
        fresh = self.directory / f".{name}.new"
        fresh.write_text(text)
        fresh.rename(self.directory / name)

    def remove(self, name):
        (self.directory / name).unlink()

    def start(self):
        """Also again after kill(): on the same port."""
        self.process = Process(built("source/control/outrigger-control"), "--dir", self.directory,
                               "--listen", self.listen or f"127.0.0.1:{self.port}", "--log-level", "debug", *self.flags)
        if self.listen:
            until(lambda: self.events("listening"), "outrigger-control listens")
        else:
            self.port = until(self._find_port, "outrigger-control listens")

    def _find_port(self):
        self.process.check_runs()
        found = re.search(r"127\.0\.0\.1:(\d+)", self.log)
        return int(found[1]) if found else None

    def kill(self):
        """As a crash does."""
        self.process.signal(signal.SIGKILL)
        self.process.wait()

    @property
    def log(self):
        return self.process.log

    def events(self, event, kind=None):
        """The lines of one event ("ack", "nack"), of one type ("cds") if given."""
        words = [f"event={event}"] + ([f"type={kind}"] if kind else [])
        return [line for line in self.log.splitlines() if all(w in line.split(" ") for w in words)]

    def wait_for_nack(self, kind):
        return until(lambda: self.events("nack", kind), f"the proxy refuses a {kind} response")[-1]

    def stop(self):
        code = self.process.terminate()
        log = self.log
        self._directory.cleanup()
        if code != 0:
            raise AssertionError(f"outrigger-control ended with {code}:\n{log}")
