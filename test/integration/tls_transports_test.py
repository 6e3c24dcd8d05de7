#!/usr/bin/env python3
"""Which transport a connection gets: by the name a client asks for, by what an endpoint says of itself,
and below a PROXY header."""

import pathlib
import ssl
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import tls
from harness.client import Connection
from harness.config import TYPE, bootstrap, cluster, indented, listener
from harness.l4 import TLS_INSPECTOR, TcpServer, chain, l4_listener, lines_of, looked_at_by, says, tcp_proxy
from harness.story import Story, main
from harness.upstream import reply

CERTS = pathlib.Path(__file__).resolve().parents[2] / "tools" / "certs"
TO_A = '- match: { prefix: "/" }\n  route: { cluster: a }'

RECIPE = """
ca ca
leaf one --dns one.example
leaf many --dns *.many.example --key rsa2048
leaf other --dns other.example
"""


class Certificate:
    def __init__(self, directory, name):
        self.chain, self.key = directory / f"{name}.pem", directory / f"{name}.key"


class TransportsTest(Story):
    def setUp(self):
        super().setUp()
        self.certs = self.directory()
        (self.certs / "recipe").write_text(RECIPE)
        subprocess.run([sys.executable, CERTS, "recipe", self.certs, self.certs / "recipe"], check=True)
        self.ca = self.certs / "ca.pem"

    def certificate(self, name):
        return Certificate(self.certs, name)

    def downstream(self, name, more=""):
        return tls.downstream(tls.common(self.certificate(name), more=more))

    def dial(self, proxy, name, listener="front"):
        """What the server says to a client that asks for `name` and checks it."""
        context = ssl.create_default_context(cafile=self.ca)
        connection = Connection(proxy.port(listener))
        self.addCleanup(connection.close)
        connection.socket = context.wrap_socket(connection.socket, server_hostname=name)
        return connection

    # -- by the client's word ------------------------------------------------------------------------

    def test_each_filter_chain_shows_its_own_certificate(self):
        def one(name, match):
            return chain(says(name), match, name) + self.downstream(name)
        proxy = self.proxy(bootstrap([l4_listener(
            one("one", "server_names: [one.example]"), one("many", 'server_names: ["*.many.example"]'),
            one("other", ""), more=looked_at_by(TLS_INSPECTOR))]))
        for name, said in (("one.example", "one"), ("a.many.example", "many"), ("other.example", "other")):
            with self.subTest(name):
                self.assertEqual(self.dial(proxy, name).read_to_end(), said.encode())
        with self.assertRaises(ssl.SSLCertVerificationError):  # it is not that name's
            self.dial(proxy, "unknown.example")

    def test_one_chain_shows_the_certificate_of_the_name(self):
        both = tls.downstream(tls.common(self.certificate("one"), self.certificate("many")))
        proxy = self.proxy(bootstrap([l4_listener(chain(says("hello")) + both)]))
        for name in ("one.example", "a.many.example"):
            with self.subTest(name):
                self.assertEqual(self.dial(proxy, name).read_to_end(), b"hello")

    def test_keys_are_logged_where_it_is_said(self):
        log = self.directory() / "keys"
        proxy = self.proxy(bootstrap([l4_listener(
            chain(says("hello")) + self.downstream("one", f"key_log: {{ path: {log} }}\n"))]))
        self.assertEqual(self.dial(proxy, "one.example").read_to_end(), b"hello")
        self.assertTrue(any(line.startswith("SERVER_TRAFFIC_SECRET_0 ") for line in lines_of(log, 4)))

    # -- by the endpoint's word ----------------------------------------------------------------------

    def test_endpoints_get_the_transport_that_their_labels_match(self):
        plain, behind_tls = self.upstream(reply(200, "plain")), self.upstream(reply(200, "behind tls"))
        inner = self.proxy(bootstrap(
            [tls.tls_listener(TO_A, self.downstream("one"), name="inner")], [cluster("a", behind_tls)]))
        to_tls = tls.upstream(tls.common(trusted=self.ca), "sni: one.example\n")
        proxy = self.proxy(bootstrap([listener(TO_A)], [
            "name: a\ntype: STATIC\ntransport_socket_matches:\n- name: tls\n  match: { tls: true }\n"
            + indented(to_tls, 2) + "\nload_assignment:\n  cluster_name: a\n  endpoints:\n  - lb_endpoints:\n"
            + self.endpoint(plain.port, "true_as_text: \"true\"") + self.endpoint(inner.port("inner"), "tls: true")]))
        client = self.connect(proxy)
        self.assertEqual({client.request().text for _ in range(2)}, {"plain", "behind tls"})

    def endpoint(self, port, labels):
        return (f"    - endpoint: {{ address: {{ socket_address: {{ address: 127.0.0.1, port_value: {port} }} }} }}\n"
                f"      metadata: {{ filter_metadata: {{ envoy.transport_socket_match: {{ {labels} }} }} }}\n")

    def test_the_header_of_the_proxy_protocol_goes_before_the_handshake(self):
        received = []

        def act(sock):
            seen = b""
            while len(seen) < 200:
                chunk = sock.recv(4096)
                if not chunk:
                    break
                seen += chunk
            received.append(seen)
            sock.close()

        server = TcpServer(act)
        self.addCleanup(server.stop)
        inner = indented(tls.upstream("", "sni: one.example\n"), 4)
        proxied = ("transport_socket:\n  name: proxied\n  typed_config:\n"
                   f'    "@type": {TYPE}extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport\n'
                   f"{inner}\n")
        proxy = self.proxy(bootstrap([l4_listener(chain(tcp_proxy()))], [cluster("a", server, more=proxied)]))
        client = Connection(proxy.port())
        self.addCleanup(client.close)
        client.read_to_end()
        header, _, rest = received[0].partition(b"\r\n")
        self.assertTrue(header.startswith(b"PROXY TCP4 127.0.0.1 127.0.0.1 "), header)
        self.assertEqual(rest[:2], b"\x16\x03")  # a handshake record
        self.assertIn(b"one.example", rest)


if __name__ == "__main__":
    main()
