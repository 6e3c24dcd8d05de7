#!/usr/bin/env python3
"""Connections find their filter chain by what listener filters see of them."""

import json
import pathlib
import socket
import ssl
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.config import bootstrap, cluster, json_log, listener, resource, resources
from harness.l4 import (HTTP_INSPECTOR, TLS_INSPECTOR, chain, dial, is_closed, l4_listener,
                        lines_of, listener_filter, looked_at_by, read_all, read_exactly, says, ECHO)
from harness.live import LiveStory
from harness.story import Story, main
from harness.waiting import until

TO_A = "- { match: { prefix: / }, route: { cluster: a } }"


def client_hello(name=None, protocols=()):
    """A real ClientHello of OpenSSL."""
    context = ssl.create_default_context()
    if protocols:
        context.set_alpn_protocols(list(protocols))
    sent = ssl.MemoryBIO()
    if name is None:
        context.check_hostname = False
    session = context.wrap_bio(ssl.MemoryBIO(), sent, server_hostname=name)
    try:
        session.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return sent.read()


class ChainStory(Story):
    def ask(self, proxy, first=b"", listener="front"):
        connection = dial(proxy.port(listener))
        self.addCleanup(connection.close)
        if first:
            connection.sendall(first)
        return read_all(connection)


class TlsTest(ChainStory):
    def setUp(self):
        self.running = self.proxy(bootstrap([l4_listener(
            chain(says("exact"), 'server_names: [www.example.com]'),
            chain(says("wild"), 'server_names: ["*.example.com"]'),
            chain(says("alpn"), 'transport_protocol: tls, application_protocols: [istio]'),
            chain(says("tls"), 'transport_protocol: tls'),
            chain(says("plain"), 'transport_protocol: raw_buffer'),
            more=looked_at_by(TLS_INSPECTOR))]))

    def test_by_name_and_protocol(self):
        self.assertEqual(self.ask(self.running, client_hello("WWW.example.com")), b"exact")
        self.assertEqual(self.ask(self.running, client_hello("a.b.example.com")), b"wild")
        self.assertEqual(self.ask(self.running, client_hello("other.test", ["h2", "istio"])), b"alpn")
        self.assertEqual(self.ask(self.running, client_hello()), b"tls")
        self.assertEqual(self.ask(self.running, b"hello"), b"plain")
        self.assertEqual(self.running.counter("tls_inspector.tls_found"), 4)
        self.assertEqual(self.running.counter("tls_inspector.sni_found"), 3)
        self.assertEqual(self.running.counter("tls_inspector.alpn_found"), 1)
        self.assertEqual(self.running.counter("tls_inspector.tls_not_found"), 1)

    def test_a_client_hello_in_pieces(self):
        hello = client_hello("www.example.com")
        connection = dial(self.running.port())
        self.addCleanup(connection.close)
        for at in range(0, len(hello), 50):
            connection.sendall(hello[at:at + 50])
        self.assertEqual(read_all(connection), b"exact")

    def test_a_client_hello_without_end_is_closed(self):
        record = b"\x16\x03\x01\x40\x00" + b"\x01\x00\xff\xff" + bytes(16380)
        connection = dial(self.running.port())
        self.addCleanup(connection.close)
        connection.sendall(record)
        self.assertTrue(is_closed(connection))
        self.assertEqual(self.running.counter("tls_inspector.client_hello_too_large"), 1)


class HttpInspectorTest(ChainStory):
    def test_by_what_http_it_is(self):
        proxy = self.proxy(bootstrap([l4_listener(
            chain(says("one-one"), 'application_protocols: ["http/1.1"]'),
            chain(says("one-oh"), 'application_protocols: ["http/1.0"]'),
            chain(says("two"), "application_protocols: [h2c]"),
            chain(says("other")), more=looked_at_by(HTTP_INSPECTOR))]))
        self.assertEqual(self.ask(proxy, b"GET / HTTP/1.1\r\n"), b"one-one")
        self.assertEqual(self.ask(proxy, b"GET / HTTP/1.0\r\n"), b"one-oh")
        self.assertEqual(self.ask(proxy, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), b"two")
        self.assertEqual(self.ask(proxy, b"\x00\x01\x02"), b"other")

    def test_the_bytes_that_were_looked_at_reach_the_connection_manager(self):
        a = self.upstream()
        text = listener(TO_A, more=looked_at_by(TLS_INSPECTOR, HTTP_INSPECTOR))
        proxy = self.proxy(bootstrap([text], [cluster("a", a)]))
        self.assert_status(proxy.get("/x"), 200, "hello")
        client = self.connect(proxy)
        for piece in ("GE", "T / HT", "TP/1.1\r\nhost: x\r\n"):
            client.send(piece)
        self.assert_status(client.send("\r\n").read_response(), 200, "hello")

    def test_waits_no_longer_than_its_timeout(self):
        for more, expected in (("", b""), ("continue_on_listener_filters_timeout: true\n", b"other")):
            proxy = self.proxy(bootstrap([l4_listener(
                chain(says("other")),
                more=looked_at_by(HTTP_INSPECTOR, more="listener_filters_timeout: 0.2s\n" + more))]))
            self.assertEqual(self.ask(proxy), expected)
            name = "listener.127.0.0.1_0.downstream_pre_cx_timeout"
            self.assertEqual(proxy.counter(name), 1)

    def test_is_left_out_where_its_predicate_says(self):
        disabled = "  filter_disabled: { destination_port_range: { start: 1, end: 65536 } }\n"
        proxy = self.proxy(bootstrap([l4_listener(
            chain(says("other")),
            more=looked_at_by(listener_filter("http_inspector.v3.HttpInspector", more=disabled)))]))
        self.assertEqual(self.ask(proxy), b"other")


class NoMatchTest(ChainStory):
    def test_closes_and_counts(self):
        proxy = self.proxy(bootstrap([l4_listener(
            chain(says("never"), "source_prefix_ranges: [{ address_prefix: 192.0.2.0, prefix_len: 24 }]"))]))
        connection = dial(proxy.port())
        self.addCleanup(connection.close)
        self.assertTrue(is_closed(connection))
        self.assertEqual(proxy.counter("listener.127.0.0.1_0.no_filter_chain_match"), 1)
        self.assertEqual(proxy.counter("listener.127.0.0.1_0.downstream_cx_active"), 0)

    def test_takes_the_default_chain_when_there_is_one(self):
        text = l4_listener(chain(says("never"), "destination_port: 1")) + "default_filter_chain:\n"
        text += "".join(f"  {line}\n" for line in chain(says("default")).splitlines())
        self.assertEqual(self.ask(self.proxy(bootstrap([text]))), b"default")


class ProxyProtocolTest(ChainStory):
    V2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x11"

    def proxy_of(self, fields="{}", more="use_remote_address: true"):
        self.place = self.directory()
        log = json_log(self.place / "log", remote="%DOWNSTREAM_REMOTE_ADDRESS%",
                       direct="%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%",
                       local="%DOWNSTREAM_LOCAL_ADDRESS%")
        self.a = self.upstream()
        filters = looked_at_by(listener_filter("proxy_protocol.v3.ProxyProtocol", fields))
        return self.proxy(bootstrap([listener(TO_A, http=f"{more}\n{log}", more=filters)],
                                    [cluster("a", self.a)]))

    def get(self, proxy, header, pieces=1):
        client = self.connect(proxy)
        if pieces == 1:
            client.send(header + b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        else:
            for byte in header:
                client.send(bytes([byte]))
            client.send(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        return client.read_response()

    def test_believes_who_the_client_is(self):
        v1 = b"PROXY TCP4 192.0.2.1 198.51.100.2 1000 80\r\n"
        tlv = b"\x04\xff\xf0" + bytes(65535 - 12 - 3)
        v2 = self.V2 + (65535).to_bytes(2, "big") + b"\xc0\0\2\1\xc6\x33\x64\2\x03\xe8\0\x50" + tlv
        proxy = self.proxy_of()
        for header, pieces in ((v1, 1), (v1, 2), (v2, 1)):
            self.assert_status(self.get(proxy, header, pieces), 200, "hello")
            self.assertEqual(self.a.last.header("x-forwarded-for"), "192.0.2.1")
        self.assertEqual(json.loads(lines_of(self.place / "log", 3)[-1]),
                         {"remote": "192.0.2.1:1000", "direct": "127.0.0.1",
                          "local": "198.51.100.2:80"})
        self.assertEqual(proxy.counter("proxy_proto.versions.v1.found"), 2)
        self.assertEqual(proxy.counter("proxy_proto.versions.v2.found"), 1)

    def test_leaves_the_addresses_of_a_sender_that_speaks_for_itself(self):
        proxy = self.proxy_of()
        self.assert_status(self.get(proxy, b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"), 200)
        self.assertEqual(self.a.last.header("x-forwarded-for"), "127.0.0.1")

    def test_closes_what_breaks_the_rules(self):
        proxy = self.proxy_of()
        for first in (b"PROXY TCP4 1 2 3 4\r\n", b"PROXY " + b"x" * 200, self.V2 + b"\0\1x",
                      b"GET / HTTP/1.1\r\n\r\n"):
            client = dial(proxy.port())
            self.addCleanup(client.close)
            client.sendall(first)
            self.assertTrue(is_closed(client), first)
        self.assertEqual(proxy.counter("proxy_proto.versions.v1.error"), 2)
        self.assertEqual(proxy.counter("proxy_proto.versions.v2.error"), 1)
        self.assertEqual(proxy.counter("proxy_proto.not_found_disallowed"), 1)
        self.assertEqual(self.a.requests, [])

    def test_serves_clients_without_a_header_where_that_is_allowed(self):
        proxy = self.proxy_of("allow_requests_without_proxy_protocol: true\nstat_prefix: mine")
        self.assert_status(self.get(proxy, b""), 200, "hello")
        self.assertEqual(proxy.counter("proxy_proto.mine.not_found_allowed"), 1)

    def test_closes_a_version_that_is_not_allowed(self):
        proxy = self.proxy_of("disallowed_versions: [V1]")
        client = dial(proxy.port())
        self.addCleanup(client.close)
        client.sendall(b"PROXY TCP4 192.0.2.1 198.51.100.2 1000 80\r\n")
        self.assertTrue(is_closed(client))
        self.assertEqual(proxy.counter("proxy_proto.versions.v1.disallowed"), 1)


class UpdateTest(LiveStory):
    """A new version of a listener touches only the chains that changed."""

    LOCAL = "source_prefix_ranges: [{ address_prefix: 127.0.0.1, prefix_len: 32 }]"

    def version(self, other):
        return resources(resource("listener", l4_listener(
            chain(ECHO, self.LOCAL, name="kept"),
            chain(says(other), "source_prefix_ranges: [{ address_prefix: 127.0.0.2, prefix_len: 32 }]",
                  name="other"))))

    def test_keeps_the_connections_of_chains_that_did_not_change(self):
        control = self.control_plane({"all.yaml": self.version("one")})
        proxy = self.proxy_of(control)
        kept = dial(proxy.port())
        self.addCleanup(kept.close)
        kept.sendall(b"a")
        self.assertEqual(read_exactly(kept, 1), b"a")
        control.save("all.yaml", self.version("two"))
        proxy.wait_for_counter("listener_manager.listener_in_place_updated", 1)
        until(lambda: self.other(proxy) == b"two", "the changed chain serves")
        kept.sendall(b"b")
        self.assertEqual(read_exactly(kept, 1), b"b")

    def other(self, proxy):
        connection = socket.create_connection(("127.0.0.1", proxy.port()), 20, ("127.0.0.2", 0))
        with connection:
            return read_all(connection)


if __name__ == "__main__":
    main()
