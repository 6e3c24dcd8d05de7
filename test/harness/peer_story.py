"""Stories with unmodified programs of others on both sides of the proxy."""

import json
import os
import pathlib
import re

from harness.config import cluster, protocol_options, site
from harness.nginx import nginx_cluster, start_nginx
from harness.peers import ROOT, fetched, need_npm
from harness.process import Process, built, installed, run
from harness.story import Story
from harness.waiting import until

# With this variable set, clients meet their servers without the proxy: is it the proxy or the peer?
WITHOUT_PROXY = "OUTRIGGER_TEST_WITHOUT_PROXY"

TO_A = "- { match: { prefix: / }, route: { cluster: a, timeout: 0s } }"
HTTP2_ENDPOINTS = protocol_options("explicit_http_config: { http2_protocol_options: {} }")

NGINX = """
client_max_body_size 0;
large_client_header_buffers 8 64k;
root PLACE/site;
location = / { return 200 "TEXT"; }
"""


class Port:
    """A port, as the configuration of a cluster wants it."""

    def __init__(self, port):
        self.port = port


class Server(Process):
    """A program that listens on a port of 127.0.0.1 which the kernel chose."""

    def __init__(self, *command, environment=None):
        super().__init__(*command, environment=environment)
        self.port = until(self._find_port, f"{self.name} listens")

    def _find_port(self):
        self.check_runs()
        ports = listening_ports(self.pid)
        return min(ports) if ports else None


def listening_ports(pid):
    """The TCP ports on which a process listens, as the kernel tells."""
    inodes = set()
    for descriptor in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        try:
            inodes.add(os.readlink(descriptor))
        except OSError:
            pass  # closed since
    ports = set()
    for table in ("tcp", "tcp6"):
        for line in pathlib.Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            words = line.split()
            if words[3] == "0A" and f"socket:[{words[9]}]" in inodes:
                ports.add(int(words[1].rpartition(":")[2], 16))
    return ports


class PeerStory(Story):
    # -- servers ---------------------------------------------------------------------------------

    def server(self, *command, environment=None):
        server = Server(*command, environment=environment)
        self.addCleanup(server.kill)
        return server

    def nghttpd(self, files, *flags):
        """HTTP/2 with prior knowledge; files={"name": bytes}."""
        place = self.directory()
        for name, data in files.items():
            (place / name).write_bytes(data)
        return self.server(installed("nghttpd"), "--no-tls", "--address=127.0.0.1", *flags, "-d", place, 0)

    def nginx(self, files=(), text="from nginx"):
        """HTTP/1.1. It listens on a Unix socket, as it wants no port 0: the cluster's name is "a"."""
        place = self.directory()
        (place / "site").mkdir()
        for name, data in dict(files).items():
            (place / "site" / name).write_bytes(data)
        return nginx_cluster("a", start_nginx(self, NGINX.replace("TEXT", text), place=place))

    def calls_server(self, **environment):
        """The gRPC C++ library."""
        return self.server(built("test/peers/calls_server"), environment=environment)

    def interop_server(self):
        """The interop server of gRPC-Go."""
        return self.server(fetched("grpc-interop-server"), "-port", 0)

    def node_server(self, script):
        return self.server(installed("node"), ROOT / "test/peers" / script, environment=need_npm())

    # -- the proxy between -----------------------------------------------------------------------

    @staticmethod
    def is_without_proxy():
        return WITHOUT_PROXY in os.environ

    def between(self, server, *, codec="AUTO", http2_endpoint=True, routes=TO_A, filters="", http="", more=""):
        """A port that leads to this server through one proxy (self.outrigger). more: of the cluster."""
        if self.is_without_proxy():
            self.outrigger = None
            if isinstance(server, str):
                self.skipTest(f"{WITHOUT_PROXY} is set, and the server has no port")
            return server.port
        text = server if isinstance(server, str) else cluster(
            "a", server, more=(HTTP2_ENDPOINTS if http2_endpoint else "") + more)
        self.outrigger = self.proxy(site(routes, text, filters=filters, http=f"codec_type: {codec}\n{http}"))
        return self.outrigger.port()

    def counted(self, name):
        """A counter of that proxy; for tests that make no sense without one."""
        if self.outrigger is None:
            self.skipTest(f"{WITHOUT_PROXY} is set")
        return self.outrigger.counter(name)

    # -- clients ---------------------------------------------------------------------------------

    def run_peer(self, *command, environment=None, timeout=60):
        """A client that must succeed; what it printed, on both channels."""
        done = run(*command, timeout=timeout, env={**os.environ, **(environment or {})})
        text = (done.stdout + done.stderr).decode(errors="replace")
        self.assertEqual(done.returncode, 0, f"{command} failed:\n{text[-3000:]}")
        return text

    def run_node(self, script, *arguments, **more):
        """A client in Node; what it printed, as JSON."""
        text = self.run_peer(installed("node"), ROOT / "test/peers" / script, *arguments,
                             environment=need_npm(), **more)
        return json.loads(text.splitlines()[-1])

    def calls(self, port, case, *arguments, **more):
        """One case of the gRPC C++ client."""
        return self.run_peer(built("test/peers/calls_client"), f"127.0.0.1:{port}", case, *arguments, **more)


def numbers(pattern, text):
    """Every group of the first match, as integers."""
    found = re.search(pattern, text)
    if found is None:
        raise AssertionError(f"no {pattern!r} in:\n{text[-3000:]}")
    return tuple(int(group) for group in found.groups())
