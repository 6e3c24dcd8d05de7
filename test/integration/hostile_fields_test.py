#!/usr/bin/env python3
"""Requests over HTTP/2 whose fields lie: none of them reaches an endpoint, and the connection that
brought one goes on. Fields that would mean something else in HTTP/1 are the point of most."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.config import cluster, site
from harness.http2 import END_HEADERS, END_STREAM, Http2Client, Http2Upstream, answering, data, headers
from harness.peer_story import HTTP2_ENDPOINTS, TO_A, PeerStory
from harness.story import main
from harness.upstream import echo, reply
from harness.waiting import until

METHOD, SCHEME, HOST, PATH = (":method", "GET"), (":scheme", "http"), (":authority", "test"), (":path", "/")
PLAIN = [METHOD, SCHEME, HOST, PATH]
SMUGGLED = "GET /secret HTTP/1.1\r\nhost: test\r\n\r\n"


def plain(*more):
    return PLAIN + list(more)


# What a message must not have: name, fields.
REFUSED = {
    # Pseudo-header fields (RFC 9113 8.3).
    "no_method": [SCHEME, HOST, PATH],
    "no_scheme": [METHOD, HOST, PATH],
    "no_path": [METHOD, SCHEME, HOST],
    "empty_path": [METHOD, SCHEME, HOST, (":path", "")],
    "two_methods": [METHOD, *PLAIN],
    "two_paths": plain(PATH),
    "two_schemes": plain(SCHEME),
    "two_authorities": plain((":authority", "other")),
    "pseudo_after_regular": [METHOD, SCHEME, HOST, ("x-first", "1"), PATH],
    "unknown_pseudo": plain((":version", "1")),
    "response_pseudo": plain((":status", "200")),
    "protocol_without_connect": plain((":protocol", "websocket")),
    # Names.
    "upper_case_name": plain(("X-Upper", "1")),
    "empty_name": plain(("", "1")),
    "space_in_name": plain(("x y", "1")),
    "colon_in_name": plain(("x:y", "1")),
    "line_break_in_name": plain(("x\r\nevil", "1")),
    "nul_in_name": plain(("x\0y", "1")),
    "bytes_in_name": plain(("x\xe9", "1")),
    # Values.
    "line_break_in_value": plain(("x", "1\r\nevil: 1")),
    "line_feed_in_value": plain(("x", "1\nevil: 1")),
    "carriage_return_in_value": plain(("x", "1\r")),
    "nul_in_value": plain(("x", "a\0b")),
    "space_before_value": plain(("x", " 1")),
    "space_after_value": plain(("x", "1 ")),
    # The request line.
    "request_in_path": [METHOD, SCHEME, HOST, (":path", "/ HTTP/1.1\r\nhost: test\r\n\r\nGET /secret")],
    "space_in_path": [METHOD, SCHEME, HOST, (":path", "/a b")],
    "tab_in_path": [METHOD, SCHEME, HOST, (":path", "/a\tb")],
    "nul_in_path": [METHOD, SCHEME, HOST, (":path", "/a\0b")],
    "fragment_in_path": [METHOD, SCHEME, HOST, (":path", "/a#b")],
    "path_without_slash": [METHOD, SCHEME, HOST, (":path", "secret")],
    "space_in_method": [(":method", "GET /secret HTTP/1.1\r\nx:"), SCHEME, HOST, PATH],
    "empty_method": [(":method", ""), SCHEME, HOST, PATH],
    "line_break_in_authority": [METHOD, SCHEME, (":authority", "test\r\nevil: 1"), PATH],
    "space_in_authority": [METHOD, SCHEME, (":authority", "test evil"), PATH],
    "path_in_authority": [METHOD, SCHEME, (":authority", "test/evil"), PATH],
    "user_in_authority": [METHOD, SCHEME, (":authority", "user@test"), PATH],
    # Two words on one thing.
    "other_host": plain(("host", "other")),
    "two_hosts": plain(("host", "test"), ("host", "test")),
    # Fields of one connection (RFC 9113 8.2.2).
    "connection": plain(("connection", "keep-alive")),
    "proxy_connection": plain(("proxy-connection", "keep-alive")),
    "keep_alive": plain(("keep-alive", "1")),
    "upgrade": plain(("upgrade", "websocket")),
    "transfer_encoding": plain(("transfer-encoding", "chunked")),
    "te": plain(("te", "gzip")),
    # Lengths.
    "two_lengths": plain(("content-length", "0"), ("content-length", "5")),
    "negative_length": plain(("content-length", "-1")),
    "odd_length": plain(("content-length", "0x0")),
    "signed_length": plain(("content-length", "+0")),
    "length_without_body": plain(("content-length", "5")),
    "long_length": plain(("content-length", "18446744073709551616")),
}

# Odd, and allowed: fields, and what the endpoint must see of them.
ALLOWED = {
    "te_trailers": (plain(("te", "trailers")), {}),
    "obs_text_in_value": (plain(("x", "\xe9")), {"x": "\xe9"}),
    "same_host": (plain(("host", "test")), {"host": "test"}),
    "cookies_in_pieces": (plain(("cookie", "a=1"), ("cookie", "b=2")), {"cookie": "a=1; b=2"}),
    "empty_value": (plain(("x", "")), {"x": ""}),
}


class FieldsStory(PeerStory):
    def start_before(self, endpoint, more=""):
        self.endpoint = endpoint
        self.outrigger = self.proxy(site(TO_A, cluster("a", endpoint, more=more), http="codec_type: HTTP2"), concurrency=1)
        self.client = Http2Client(self.outrigger.port())
        self.addCleanup(self.client.close)
        self._next = 1

    def stream(self):
        stream, self._next = self._next, self._next + 2
        return stream

    def send(self, pairs, body=b"", flags=END_HEADERS):
        """One request; its status, or None if its stream was reset."""
        stream = self.stream()
        self.client.send(headers(stream, pairs, flags | (0 if body else END_STREAM)))
        if body:
            self.client.send(data(stream, body, END_STREAM))
        self.client.wait_for_end(stream)
        return None if stream in self.client.resets else self.client.status(stream)

    def assert_refused(self, pairs, body=b""):
        status = self.send(pairs, body)
        self.assertIn(status, (None, 400), "refused by a reset or 400")
        self.assertEqual(self.send(PLAIN), 200, "the connection goes on")

    def counted(self, name):
        return sum(value for full, value in self.outrigger.counters().items()
                   if full.endswith("http2." + name) and not full.startswith("cluster."))


class BeforeHttp1Test(FieldsStory):
    def setUp(self):
        self.start_before(self.upstream(reply(200, "hello")))

    def test_none_reaches_the_endpoint(self):
        for name, pairs in REFUSED.items():
            with self.subTest(name):
                before = len(self.endpoint.requests)
                self.assert_refused(pairs)
                self.assertEqual([r.head for r in self.endpoint.requests[before:-1]], [], "only the plain request arrived")
        until(lambda: self.counted("rx_messaging_error") > 0, "they are counted")

    def test_what_is_odd_but_allowed_arrives(self):
        for name, (pairs, expected) in ALLOWED.items():
            with self.subTest(name):
                self.assertEqual(self.send(pairs), 200)
                seen = {n.lower(): v for n, v in self.endpoint.last.headers}
                for field, value in expected.items():
                    self.assertEqual(seen.get(field), value)

    def test_a_body_longer_than_its_length_does_not_begin_a_second_request(self):
        pairs = [(":method", "POST"), SCHEME, HOST, PATH, ("content-length", "5")]
        self.assert_refused(pairs, b"hello" + SMUGGLED.encode())
        self.assertNotIn("/secret", [r.target for r in self.endpoint.requests])

    def test_a_body_shorter_than_its_length_is_an_error(self):
        self.assert_refused([(":method", "POST"), SCHEME, HOST, PATH, ("content-length", "50")], b"hello")

    def test_a_body_that_looks_like_a_chunk_or_a_request_is_a_body(self):
        self.endpoint.acts = (echo,)
        body = b"0\r\n\r\n" + SMUGGLED.encode()
        for more in ([], [("content-length", str(len(body)))]):
            self.assertEqual(self.send([(":method", "POST"), SCHEME, HOST, PATH, *more], body), 200)
            self.assertEqual(self.endpoint.last.body, body)
        self.assertEqual(len(self.endpoint.requests), 2)

    def test_a_get_with_a_body_keeps_its_borders(self):
        self.endpoint.acts = (echo,)
        self.assertEqual(self.send(PLAIN, SMUGGLED.encode()), 200)
        self.assertEqual(self.endpoint.last.body, SMUGGLED.encode())
        self.assertEqual(self.send(PLAIN), 200)
        self.assertEqual(len(self.endpoint.requests), 2)

    def test_trailers_with_a_pseudo_header_or_a_length_do_not_arrive(self):
        for pair in ((":path", "/secret"), ("content-length", "1"), ("transfer-encoding", "chunked"), ("host", "other"),
                     ("X-Upper", "1"), ("x", "1\r\nevil: 1")):
            with self.subTest(pair):
                stream = self.stream()
                self.client.send(headers(stream, [(":method", "POST"), SCHEME, HOST, PATH], END_HEADERS),
                                 data(stream, b"hello"), headers(stream, [pair]))
                self.client.wait_for_end(stream)
                self.assertEqual(self.send(PLAIN), 200)
                for request in self.endpoint.requests:
                    self.assertNotIn(pair[0].lower(), [name.lower() for name, _ in request.trailers])
                    self.assertNotIn("evil", [name.lower() for name, _ in request.trailers])


class BeforeHttp2Test(FieldsStory):
    def test_none_reaches_the_endpoint(self):
        endpoint = Http2Upstream(answering())
        self.addCleanup(endpoint.stop)
        self.start_before(endpoint, HTTP2_ENDPOINTS)
        for name, pairs in REFUSED.items():
            with self.subTest(name):
                before = self.requests()
                self.assert_refused(pairs)
                self.assertEqual(self.requests(), before + 1, "only the plain request arrived")

    def requests(self):
        return sum(len(connection.heads) for connection in self.endpoint.connections)


if __name__ == "__main__":
    main()
