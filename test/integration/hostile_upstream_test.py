#!/usr/bin/env python3
"""HTTP/2 endpoints that break their promises: the client gets a whole answer or an error, never
something in between that looks right, and the other cluster is served all the time."""

import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import http2
from harness.config import cluster, site
from harness.http2 import (CONTINUATION, DATA, END_HEADERS, END_STREAM, FLOW_CONTROL_ERROR, HEADERS, PING, PROTOCOL_ERROR,
                           PUSH_PROMISE, REFUSED_STREAM, Http2Client, Http2Upstream, answering, data, fields, frame,
                           goaway, headers)
from harness.peer_story import HTTP2_ENDPOINTS, PeerStory
from harness.story import main
from harness.upstream import reply
from harness.waiting import until

MIB = 1 << 20
ROUTES = """
- { match: { prefix: /good }, route: { cluster: good } }
- { match: { prefix: / }, route: { cluster: a, timeout: 10s } }
"""
OK = (":status", "200")


def once(*frames):
    """An act: sends these frames (or what they are for a stream) to its first request, then reads on."""
    def act(connection):
        connection.until(lambda: connection.ended, "a request")
        stream = min(connection.ended)
        connection.send(*(piece(stream) if callable(piece) else piece for piece in frames))
        connection.read_to_end()
    return act


def head(*pairs, flags=END_HEADERS):
    return lambda stream: headers(stream, pairs, flags)


def body(payload=b"", flags=END_STREAM):
    return lambda stream: data(stream, payload, flags)


class HostileUpstreamStory(PeerStory):
    def start(self, *acts, more="", greets=True):
        """Each connection to the endpoint is served by the next act, and all that follow by the last."""
        acts = list(acts)
        self.endpoint = Http2Upstream(lambda connection: (acts.pop(0) if len(acts) > 1 else acts[0])(connection),
                                      greets=greets)
        self.addCleanup(self.endpoint.stop)
        self.good = self.upstream(reply(200, "good"))
        self.outrigger = self.proxy(site(ROUTES, cluster("a", self.endpoint, more=HTTP2_ENDPOINTS + more),
                                         cluster("good", self.good)), concurrency=1)
        self.memory_before = self.outrigger.process.resident_bytes()

    def counted(self, name):
        return self.outrigger.counter("cluster.a." + name)

    def assert_others_are_served(self):
        self.assert_status(self.outrigger.get("/good"), 200, "good")
        self.outrigger.process.check_grew_less(self.memory_before, 24 * MIB)

    def assert_error(self, statuses=(502, 503)):
        response = self.outrigger.get("/")
        self.assertIn(response.status, statuses, response)
        self.assert_others_are_served()
        return response


class BrokenAnswersTest(HostileUpstreamStory):
    """Answers that no client may see."""

    ANSWERS = {
        "no_status": [head(("x", "1")), body(b"hello")],
        "status_of_two_digits": [head((":status", "20")), body(b"hello")],
        "status_in_words": [head((":status", "okay")), body(b"hello")],
        "two_statuses": [head(OK, OK), body(b"hello")],
        "status_after_a_field": [head(("x", "1"), OK), body(b"hello")],
        "a_path": [head(OK, (":path", "/")), body(b"hello")],
        "upper_case_name": [head(OK, ("X-Upper", "1")), body(b"hello")],
        "line_break_in_value": [head(OK, ("x", "1\r\nset-cookie: evil=1")), body(b"hello")],
        "line_break_in_name": [head(OK, ("x\r\nset-cookie", "evil=1")), body(b"hello")],
        "nul_in_value": [head(OK, ("x", "a\0b")), body(b"hello")],
        "transfer_encoding": [head(OK, ("transfer-encoding", "chunked")), body(b"hello")],
        "connection": [head(OK, ("connection", "close")), body(b"hello")],
        "odd_length": [head(OK, ("content-length", "five")), body(b"hello")],
        "two_lengths": [head(OK, ("content-length", "5"), ("content-length", "6")), body(b"hello")],
        "body_before_head": [body(b"hello", 0), head(OK), body()],
        "switching_protocols": [head((":status", "101")), body(b"hello")],
        "ends_with_an_interim_head": [head((":status", "103"), flags=END_HEADERS | END_STREAM)],
        "reset_before_the_head": [lambda stream: http2.reset(stream, PROTOCOL_ERROR)],
        "pushes": [lambda stream: frame(PUSH_PROMISE, END_HEADERS, stream,
                                        struct.pack(">I", 2) + fields(http2.get_fields("/pushed"))), head(OK), body(b"hello")],
        "too_many_fields": [head(OK, *((f"x-{i}", "y") for i in range(2000))), body(b"hello")],
    }

    def test_each_becomes_an_error(self):
        for name, frames in self.ANSWERS.items():
            with self.subTest(name):
                self.start(once(*frames))
                response = self.assert_error()
                self.assertIsNone(response.header("set-cookie"))

    def test_a_body_shorter_than_its_length_is_cut_and_seen_as_such(self):
        self.start(once(head(OK, ("content-length", "10")), body(b"hello")))
        self.assert_cut_or_error()

    def test_a_body_longer_than_its_length_is_cut_and_seen_as_such(self):
        self.start(once(head(OK, ("content-length", "5")), body(b"hello, world")))
        client = self.connect(self.outrigger).send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        self.assertNotIn(b", world", client.read_to_end())

    def test_a_reset_inside_the_body_is_seen_as_such(self):
        self.start(once(head(OK), body(b"half", 0), lambda stream: http2.reset(stream, http2.INTERNAL_ERROR)))
        self.assert_cut_or_error()

    def assert_cut_or_error(self):
        """Over HTTP/1 a response that is not whole ends with its connection, before its end."""
        client = self.connect(self.outrigger).send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        try:
            response = client.read_response()
        except ConnectionError:
            response = None
        self.assertTrue(response is None or response.status in (502, 503), response)
        self.assert_others_are_served()


class SafeReplayTest(HostileUpstreamStory):
    """What an endpoint has not begun is asked again elsewhere, without a retry policy."""

    def test_a_refused_stream(self):
        self.start(once(lambda stream: http2.reset(stream, REFUSED_STREAM), goaway(0)), answering(b"second"))
        self.assert_status(self.outrigger.get("/"), 200, "second")

    def test_a_stream_above_the_goaway(self):
        self.start(once(goaway(0)), answering(b"second"))
        self.assert_status(self.outrigger.get("/"), 200, "second")

    def test_a_stream_below_the_goaway_is_answered_on_its_connection(self):
        self.start(once(lambda stream: goaway(stream), head(OK), body(b"first")), answering(b"second"))
        self.assert_status(self.outrigger.get("/"), 200, "first")
        self.assert_status(self.outrigger.get("/"), 200, "second")


class FloodTest(HostileUpstreamStory):
    """A flood while the answer is due: the connection is given up, with an error and a counter."""

    def flood(self, piece, counter):
        def act(connection):
            connection.until(lambda: connection.ended, "a request")
            stream = min(connection.ended)
            connection.flood(piece(stream) if callable(piece) else piece, 2000)
            connection.read_to_end()
        self.start(act)
        self.assert_error()
        until(lambda: self.counted("http2." + counter) >= 1, f"http2.{counter} counts")

    def test_pings(self):
        self.flood(frame(PING, 0, 0, b"12345678") * 100, "inbound_control_frames_flood")

    def test_settings(self):
        self.flood(http2.settings() * 100, "inbound_control_frames_flood")

    def test_window_updates(self):
        self.flood(http2.window_update(0, 1) * 100, "inbound_window_update_frames_flood")

    def test_priorities(self):
        self.flood(frame(http2.PRIORITY, 0, 1, struct.pack(">IB", 3, 10)) * 100, "inbound_priority_frames_flood")

    def test_empty_data(self):
        def act(connection):
            connection.until(lambda: connection.ended, "a request")
            stream = min(connection.ended)
            connection.send(headers(stream, [OK], END_HEADERS)).flood(data(stream) * 100, 2000)
            connection.read_to_end()
        self.start(act)
        client = self.connect(self.outrigger).send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        with self.assertRaises(ConnectionError):
            client.read_response()
        self.assertEqual(self.counted("http2.inbound_empty_frames_flood"), 1)
        self.assert_others_are_served()

    def test_continuations(self):
        def act(connection):
            connection.until(lambda: connection.ended, "a request")
            stream = min(connection.ended)
            connection.send(frame(HEADERS, 0, stream, fields([OK])))
            connection.flood(frame(CONTINUATION, 0, stream, fields([("x-more", "y" * 1000)])), 20000)
            connection.read_to_end()
        self.start(act)
        self.assert_error()

    def test_interim_heads(self):
        self.start(once(*[head((":status", "103"), ("link", "</a>"))] * 5000, head(OK), body(b"hello")))
        self.assert_error()

    def test_an_hpack_bomb(self):
        bomb = fields([OK]) + http2.literal("x-bomb", "b" * 3900, first=b"\x40") + http2.integer(62, 7, 0x80) * 12000
        self.start(once(lambda stream: frame(HEADERS, END_HEADERS, stream, bomb), body(b"hello")))
        self.assert_error()


class StrangersTest(HostileUpstreamStory):
    def test_a_body_beyond_our_window_is_an_error(self):
        ends = []

        def act(connection):
            connection.until(lambda: connection.ended, "a request")
            stream = min(connection.ended)
            connection.send(headers(stream, [OK], END_HEADERS)).flood(frame(DATA, 0, stream, b"x" * 16384), 4000)
            connection.until(lambda: stream in connection.resets or connection.goaway, "an error")
            ends.append(connection.resets.get(stream, connection.goaway and connection.goaway.error))
            connection.read_to_end()
        self.start(act)
        client = self.connect(self.outrigger).send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        client.read_head()  # and no more: windows stay used
        until(lambda: ends, "the proxy says what is wrong")
        self.assertEqual(ends, [FLOW_CONTROL_ERROR])
        self.assert_others_are_served()

    def test_a_slow_reader_does_not_fill_the_proxy(self):
        def act(connection):
            connection.until(lambda: connection.ended, "a request")
            stream = min(connection.ended)
            connection.send(headers(stream, [OK], END_HEADERS)).send_body(stream, 64 * MIB)
            connection.read_to_end()
        self.start(act)
        client = self.connect(self.outrigger).send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        client.read_head()
        self.outrigger.wait_for_counter("cluster.a.upstream_flow_control_paused_reading_total", 1)
        self.assert_others_are_served()

    def test_a_server_that_speaks_http1(self):
        def act(connection):
            connection.send(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").read_to_end()
        self.start(act, greets=False)
        self.assert_error()

    def test_an_answer_for_a_stream_that_nobody_began(self):
        self.start(once(lambda stream: headers(stream + 2, [OK], END_HEADERS), head(OK), body(b"hello")))
        self.assert_error()

    def test_an_http2_client_sees_the_end_of_its_own_stream_only(self):
        self.start(once(head(OK), body(b"half", 0), lambda stream: http2.reset(stream, http2.INTERNAL_ERROR)))
        client = Http2Client(self.outrigger.port())
        self.addCleanup(client.close)
        client.send(http2.get(1)).wait_for_end(1)
        self.assertIn(1, client.resets)
        client.send(http2.get(3, "/good")).wait_for_end(3)
        self.assertEqual(client.status(3), 200)


if __name__ == "__main__":
    main()
