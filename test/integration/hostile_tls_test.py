#!/usr/bin/env python3
"""What no TLS client should send, sent whole and byte by byte: each gets the alert that RFC 8446 asks
for, is counted, and changes nothing for others."""

import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import raw_tls
from harness.certificates import Certificates
from harness.config import bootstrap
from harness.raw_tls import (ALERT, APPLICATION_DATA, CHANGE_CIPHER_SPEC, FINISHED, HANDSHAKE, RawTls, SERVER_HELLO, client_hello,
                             extension, extensions, message, record)
from harness.story import Story, main
from harness.tls import common, downstream, tls_listener
from harness.waiting import until

HELLO = '- { match: { prefix: / }, direct_response: { status: 200, body: { inline_string: "hello\\n" } } }'
FRONT = "stat_prefix: front\n"
NO_COMMON_SUITE = (raw_tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA,)


def hello(**changes):
    return client_hello(extensions(**changes))


def as_record(data):
    return record(HANDSHAKE, data)


# What is sent, and the alerts that answer it: more than one where the RFC leaves the choice.
MALFORMED = {
    "an unknown record type": (record(0x50, b"x" * 20), {"unexpected_message", "closed"}),
    "a record above 2^14 + 256 bytes": (struct.pack("!BHH", HANDSHAKE, 0x0301, 0xFFFF) + b"\1" * 20_000, {"record_overflow"}),
    "a record of another protocol's version": (record(HANDSHAKE, client_hello(), version=0x0909), {"protocol_version"}),
    "application data before the handshake": (record(APPLICATION_DATA, b"x" * 64), {"unexpected_message"}),
    "a change of ciphers before the handshake": (record(CHANGE_CIPHER_SPEC, b"\1"), {"unexpected_message"}),
    "another message first": (as_record(message(FINISHED, b"x" * 32)), {"unexpected_message"}),
    "a server's message": (as_record(message(SERVER_HELLO, b"x" * 64)), {"unexpected_message"}),
    "a message longer than any ClientHello": (as_record(b"\1\xff\xff\xff" + b"x" * 200), {"illegal_parameter", "decode_error"}),
    "a ClientHello that ends in its random": (as_record(message(1, b"\3\3" + b"r" * 20)), {"decode_error"}),
    "bytes behind the extensions": (as_record(client_hello(tail=b"tail")), {"decode_error"}),
    "extensions longer than the message": (as_record(client_hello([extension(10, b"")[:2] + b"\xff\xff"])), {"decode_error"}),
    "an extension twice": (as_record(hello(again=raw_tls.groups(raw_tls.X25519))), {"decode_error", "illegal_parameter"}),
    "no protocol version that we speak": (as_record(client_hello(
        extensions(versions=raw_tls.supported_versions(0x0301, 0x0302)))), {"protocol_version"}),
    "TLS 1.1 of old": (as_record(client_hello([], version=0x0302)), {"protocol_version"}),
    "SSL 3": (as_record(client_hello([], version=0x0300)), {"protocol_version"}),
    "no cipher suite that we know": (as_record(client_hello(suites=NO_COMMON_SUITE)), {"handshake_failure"}),
    "no cipher suite at all": (as_record(client_hello(suites=())), {"decode_error", "illegal_parameter", "handshake_failure"}),
    "no groups and no key": (as_record(hello(groups=None, share=None)), {"missing_extension", "handshake_failure"}),
    "no key": (as_record(hello(share=None)), {"missing_extension"}),
    # The library notices only behind its own hello, and tells it encrypted.
    "no signature algorithms": (as_record(hello(algorithms=None)), {"missing_extension", "handshake_failure", "closed"}),
    "only groups that we do not have": (as_record(hello(groups=raw_tls.groups(0x0100))), {"handshake_failure"}),
    "a key of the wrong length": (as_record(hello(share=raw_tls.key_share(key=b"short"))), {"illegal_parameter", "decode_error"}),
    "a key that is no point": (as_record(hello(share=raw_tls.key_share(key=b"\0" * 32))), {"illegal_parameter", "decode_error", "handshake_failure"}),
    "compression": (as_record(client_hello(compressions=b"\1\0")), {"illegal_parameter"}),
    "no compression method": (as_record(client_hello(compressions=b"")), {"illegal_parameter", "decode_error"}),
    "a server name with a NUL": (as_record(hello(name=raw_tls.server_name(b"a\0b"))), {"decode_error", "unrecognized_name", "illegal_parameter"}),
    "a server name that lies about its length": (as_record(hello(name=extension(0, b"\xff\xff\0"))), {"decode_error"}),
    "an empty server name": (as_record(hello(name=raw_tls.server_name(b""))), {"decode_error", "illegal_parameter", "unrecognized_name"}),
    "an empty list of protocols": (as_record(hello(alpn=raw_tls.alpn())), {"decode_error"}),
    "an empty protocol": (as_record(hello(alpn=raw_tls.alpn(b""))), {"decode_error"}),
    "a ticket that is not last": (as_record(hello(modes=extension(45, b"\1\1"), psk=extension(41, b"x" * 50), last=extension(0x1234, b""))),
                                  {"illegal_parameter", "decode_error"}),
}


class HostileTlsTest(Story):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.certificates = Certificates()
        cls.addClassCleanup(cls.certificates.remove)

    def start(self, more=""):
        server = self.certificates.server("localhost")
        self.outrigger = self.proxy(bootstrap([tls_listener(HELLO, downstream(common(server, alpn=("h2", "http/1.1")), more), more=FRONT)]))
        self.memory_before = self.outrigger.process.resident_bytes()

    def raw(self):
        connection = RawTls(self.outrigger.port("front"))
        self.addCleanup(connection.close)
        return connection

    def ssl_counter(self, name):
        return self.outrigger.counter(f"listener.front.ssl.{name}")

    def assert_serves(self):
        """A good handshake begins as it should."""
        kind, payload = self.raw().send(as_record(client_hello())).next_record()
        self.assertEqual((kind, payload[0]), (HANDSHAKE, SERVER_HELLO))

    def test_malformed_handshakes_get_their_alert(self):
        self.start()
        for name, (data, alerts) in MALFORMED.items():
            for piece in (None, 1 if len(data) < 2000 else 997):
                with self.subTest(name, piece=piece):
                    self.assertIn(self.raw().send(data, piece).alert(), alerts)
        self.assert_serves()
        self.assertGreater(self.ssl_counter("connection_error"), 0)
        self.outrigger.process.check_grew_less(self.memory_before, 8 << 20)

    def test_a_client_hello_in_pieces_and_across_records_is_as_good_as_whole(self):
        self.start()
        whole = client_hello()
        for name, data in {
            "one record, byte by byte": as_record(whole),
            "a record for each byte": b"".join(as_record(whole[i:i + 1]) for i in range(len(whole))),
            "two records": as_record(whole[:7]) + as_record(whole[7:]),
        }.items():
            with self.subTest(name):
                kind, payload = self.raw().send(data, 1).next_record()
                self.assertEqual((kind, payload[0]), (HANDSHAKE, SERVER_HELLO))

    def test_a_client_that_says_no_ends_in_order(self):
        self.start()
        self.assertEqual(self.raw().send(record(ALERT, b"\2\x28")).alert(), "closed")
        self.assert_serves()

    def test_empty_records_and_warnings_are_no_way_to_stay(self):
        self.start()
        for name, flood in {"empty records": as_record(b"") * 10_000, "warnings": record(ALERT, b"\1\x5a") * 10_000}.items():
            with self.subTest(name):
                self.assertIn(self.raw().send(flood).alert(), {"unexpected_message", "decode_error", "closed"})
        self.assert_serves()

    def test_plaintext_is_told_its_mistake(self):
        self.start()
        answer = self.raw().send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").read()
        self.assertTrue(answer.startswith(b"HTTP/1.1 400 Bad Request\r\n"), answer)
        self.assertIn(b"TLS", answer)
        until(lambda: self.ssl_counter("plaintext_request") == 1, "it is counted")
        self.assertIn(self.raw().send(b"SSH-2.0-OpenSSH_9.2\r\n" * 20).alert(), {"closed", "protocol_version", "unexpected_message"})
        self.assertIn(self.raw().send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").alert(),
                      {"closed", "protocol_version", "unexpected_message"})
        self.assert_serves()

    def test_a_thousand_unfinished_handshakes_leave_the_others_alone(self):
        self.start()
        held = [self.raw().send(as_record(client_hello())[:-1]) for _ in range(1000)]
        self.assert_serves()
        self.outrigger.process.check_grew_less(self.memory_before, 64 << 20)
        for connection in held:
            connection.close()

    def test_a_handshake_that_never_ends_is_ended(self):
        server = self.certificates.server("localhost")
        socket_text = downstream(common(server)) + "transport_socket_connect_timeout: 0.3s\n"
        self.outrigger = self.proxy(bootstrap([tls_listener(HELLO, socket_text, more=FRONT)]))
        silent, slow = self.raw(), self.raw().send(as_record(client_hello())[:50])
        for connection in (silent, slow):
            self.assertEqual(connection.alert(), "closed")
        self.outrigger.wait_for_counter("listener.front.downstream_cx_transport_socket_connect_timeout", 2)


if __name__ == "__main__":
    main()
