#!/usr/bin/env python3
"""Connections that iptables redirected, as beside a service: in network namespaces of the test's own.

The test runs itself again in a new namespace, the service's, and makes a second one, the client's.
Both are gone when their processes are, with all rules and interfaces.
"""

import json
import os
import pathlib
import socket
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.config import bootstrap, cluster, json_log, listener
from harness.l4 import (HTTP_INSPECTOR, ORIGINAL_DST, TLS_INSPECTOR, TcpServer, chain, l4_listener,
                        lines_of, looked_at_by, says, tcp_proxy)
from harness.process import Process, installed, run
from harness.story import Story, main
from harness.waiting import until

INSIDE = "OUTRIGGER_TEST_NAMESPACE"
SERVICE, CLIENT = "10.77.0.1", "10.77.0.2"
SERVICE6, CLIENT6 = "fd77::1", "fd77::2"
INBOUND, OUTBOUND = 15006, 15001

ORIGINAL = """
name: original
type: ORIGINAL_DST
lb_policy: CLUSTER_PROVIDED
connect_timeout: 2s
cleanup_interval: 0.2s
"""
TO_ORIGINAL = "- { match: { prefix: / }, route: { cluster: original } }"


def must(*command):
    done = run(*command)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}: {done.stderr.decode()}")
    return done.stdout.decode()


def enter_namespace():
    """Goes on in a network namespace of its own; without that there is no test."""
    if INSIDE in os.environ:
        return
    unshare = installed("unshare")
    if run(unshare, "--net", "true").returncode != 0:
        raise AssertionError("missing peer: this machine gives no network namespaces (unshare --net)")
    os.execve(unshare, [unshare, "--net", sys.executable, *sys.argv], {**os.environ, INSIDE: "1"})


def fixed(listener_text, address, port):
    """The same listener on this address and port."""
    return listener_text.replace("address: 127.0.0.1, port_value: 0",
                                 f"address: '{address}', port_value: {port}")


class RedirectStory(Story):
    def setUp(self):
        ip = installed("ip")
        self.client = Process(installed("unshare"), "--net", "sleep", "300")
        self.addCleanup(self.client.kill)
        own = os.readlink("/proc/self/ns/net")
        until(lambda: os.readlink(f"/proc/{self.client.pid}/ns/net") != own, "the client's namespace is there")
        must(ip, "link", "set", "lo", "up")
        must(ip, "link", "add", "to-client", "type", "veth", "peer", "name", "to-service",
             "netns", str(self.client.pid))
        self.addCleanup(run, ip, "link", "delete", "to-client")
        for where, name, v4, v6 in ((), "to-client", SERVICE, SERVICE6), (self.there(), "to-service", CLIENT, CLIENT6):
            must(*where, ip, "address", "add", f"{v4}/24", "dev", name)
            must(*where, ip, "-6", "address", "add", f"{v6}/64", "dev", name, "nodad")
            must(*where, ip, "link", "set", name, "up")
        must(*self.there(), ip, "link", "set", "lo", "up")

    def there(self):
        return installed("nsenter"), "--net", "--target", self.client.pid

    def redirect(self, chain_name, port, *match, family=""):
        rule = (chain_name, "-p", "tcp", *match, "-j", "REDIRECT", "--to-ports", port)
        tool = installed(f"ip{family}tables")
        must(tool, "-t", "nat", "-A", *rule)
        self.addCleanup(run, tool, "-t", "nat", "-D", *rule)

    def curl(self, url, inside_client=True):
        where = self.there() if inside_client else ()
        done = run(*where, installed("curl"), "--silent", "--show-error", "--globoff", "--max-time", 10, url)
        return done.stdout.decode(), done.stderr.decode()

    def server(self, act, port, address=""):
        server = TcpServer(act, address=address, port=port)
        self.addCleanup(server.stop)
        return server


def answer(text):
    def act(connection):
        connection.recv(1000)
        connection.sendall(f"HTTP/1.1 200 OK\r\ncontent-length: {len(text)}\r\n\r\n{text}".encode())
    return act


class InboundTest(RedirectStory):
    """The client's connections to the service come to the proxy, which goes on to the service."""

    def start(self, filters, more="", clusters=(ORIGINAL,), address="0.0.0.0"):
        return self.proxy(bootstrap(
            [fixed(l4_listener(chain(filters), more=looked_at_by(ORIGINAL_DST) + more), address, INBOUND)],
            list(clusters)))

    def test_tcp_goes_to_the_original_destination(self):
        place = self.directory()
        self.server(answer("the service"), 8000, SERVICE)
        log = json_log(place / "log", local="%DOWNSTREAM_LOCAL_ADDRESS%", up="%UPSTREAM_HOST%",
                       remote="%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%")
        self.start(tcp_proxy("original", log))
        self.redirect("PREROUTING", INBOUND, "-d", SERVICE)
        self.assertEqual(self.curl(f"http://{SERVICE}:8000/"), ("the service", ""))
        self.assertEqual(json.loads(lines_of(place / "log", 1)[0]),
                         {"local": f"{SERVICE}:8000", "up": f"{SERVICE}:8000", "remote": CLIENT})

    def test_ipv6_too(self):
        server = TcpServer6(answer("six"), SERVICE6, 8000)
        self.addCleanup(server.stop)
        self.start(tcp_proxy("original"), address="::")
        self.redirect("PREROUTING", INBOUND, "-d", SERVICE6, family="6")
        self.assertEqual(self.curl(f"http://[{SERVICE6}]:8000/"), ("six", ""))

    def test_http_goes_to_the_original_destination(self):
        self.server(answer("http"), 8000, SERVICE)
        proxy = self.proxy(bootstrap(
            [fixed(listener(TO_ORIGINAL, more=looked_at_by(ORIGINAL_DST)), "0.0.0.0", INBOUND)], [ORIGINAL]))
        self.redirect("PREROUTING", INBOUND, "-d", SERVICE)
        self.assertEqual(self.curl(f"http://{SERVICE}:8000/"), ("http", ""))
        self.assertEqual(proxy.counter("cluster.original.upstream_rq_200"), 1)

    def test_the_port_of_the_original_destination_chooses_the_chain(self):
        chains = [chain(says("eighty-eighty"), "destination_port: 8080"), chain(says("rest"))]
        self.proxy(bootstrap([fixed(l4_listener(*chains, more=looked_at_by(ORIGINAL_DST)), "0.0.0.0", INBOUND)]))
        self.redirect("PREROUTING", INBOUND, "-d", SERVICE)
        self.assertIn("eighty-eighty", self.say(8080))
        self.assertIn("rest", self.say(8081))

    def say(self, port):
        done = run(*self.there(), sys.executable, "-c",
                   f"import socket; c = socket.create_connection(('{SERVICE}', {port}), 10); "
                   "print(c.makefile().read())")
        return done.stdout.decode() + done.stderr.decode()

    def test_a_connection_that_was_not_redirected_has_no_destination(self):
        self.start(tcp_proxy("original"))
        text, error = self.curl(f"http://{SERVICE}:{INBOUND}/")
        self.assertEqual(text, "")
        self.assertNotEqual(error, "")


class OutboundTest(RedirectStory):
    """The service's own connections come to the proxy, and find the listener of their destination."""

    def setUp(self):
        super().setUp()
        self.redirect("OUTPUT", OUTBOUND, "-d", "10.88.0.0/16")
        # Somewhere for the service to go; the proxy answers before anybody is asked.
        must(installed("ip"), "route", "add", "10.88.0.0/16", "via", CLIENT)

    def virtual(self, more=""):
        return fixed(l4_listener(chain(says("passthrough")), name="virtual",
                                 more="use_original_dst: true\n" + more), "0.0.0.0", OUTBOUND)

    def unbound(self, address, port, text):
        name = f"{address}_{port}"
        return fixed(l4_listener(chain(says(text)), name=name, more="bind_to_port: false\n"), address, port)

    def say(self, address, port):
        with socket.create_connection((address, port), 10) as connection:
            return connection.makefile().read()

    def test_goes_to_the_listener_of_the_address_then_of_the_port_then_stays(self):
        proxy = self.proxy(bootstrap([self.virtual(), self.unbound("10.88.0.1", 80, "exact"),
                                      self.unbound("0.0.0.0", 80, "port")]))
        self.assertEqual(self.say("10.88.0.1", 80), "exact")
        self.assertEqual(self.say("10.88.0.2", 80), "port")
        self.assertEqual(self.say("10.88.0.2", 81), "passthrough")
        self.assertEqual(proxy.counter("listener.0.0.0.0_15001.handed_over"), 2)
        self.assertEqual(proxy.counter("listener.0.0.0.0_80.downstream_cx_total"), 1)
        text = proxy.admin("/listeners").text
        self.assertIn("0.0.0.0_80::0.0.0.0:80", text)

    def test_http_listeners_that_do_not_bind_look_for_themselves(self):
        a = self.upstream()
        http = listener("- { match: { prefix: / }, route: { cluster: a } }", name="web",
                        more="bind_to_port: false\n" + looked_at_by(TLS_INSPECTOR, HTTP_INSPECTOR))
        self.proxy(bootstrap([self.virtual(), fixed(http, "0.0.0.0", 80)], [cluster("a", a)]))
        self.assertEqual(self.curl("http://10.88.0.9/hello", inside_client=False), ("hello", ""))
        self.assertEqual(a.last.header("host"), "10.88.0.9")

    def test_nothing_listens_on_the_port_of_a_listener_that_does_not_bind(self):
        self.proxy(bootstrap([self.virtual(), self.unbound("0.0.0.0", 8099, "never")]))
        _, error = self.curl(f"http://{SERVICE}:8099/")
        self.assertIn("Failed to connect", error)


class TcpServer6(TcpServer):
    """On an IPv6 address."""

    def __init__(self, act, address, port):
        self._act, self.connections, self._sockets = act, 0, []
        self._listener = socket.create_server((address, port), family=socket.AF_INET6)
        self.port = port
        threading.Thread(target=self._accept, daemon=True).start()


if __name__ == "__main__":
    enter_namespace()
    main()
