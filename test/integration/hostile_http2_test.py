#!/usr/bin/env python3
"""Clients that attack through HTTP/2: each gets the right error and a counter, memory stays bounded, and
another connection on the same worker is served all the time."""

import pathlib
import socket
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import http2
from harness.config import cluster, site
from harness.http2 import (CONTINUATION, DATA, END_HEADERS, END_STREAM, ENHANCE_YOUR_CALM, FLOW_CONTROL_ERROR, HEADERS,
                           INITIAL_WINDOW_SIZE, PING, PRIORITY, PROTOCOL_ERROR, REFUSED_STREAM, SETTINGS, Http2Client,
                           data, fields, frame, get, get_fields, post, window_update)
from harness.peer_story import HTTP2_ENDPOINTS, TO_A, PeerStory, Port
from harness.story import main
from harness.upstream import Gate, reply
from harness.waiting import until

MIB = 1 << 20
UNKNOWN = 0xEE


class HostileStory(PeerStory):
    """One worker, so that a victim shares it with the attacker."""

    def start(self, *acts, http="", more=""):
        self.a = self.upstream(*(acts or (reply(200, "hello"),)))
        self.start_before(cluster("a", self.a, more=more), http=http)

    def start_before(self, cluster_text, http="", is_served=True):
        self.outrigger = self.proxy(site(TO_A, cluster_text, http=f"codec_type: HTTP2\n{http}"), concurrency=1)
        self.victim = self.client()
        if is_served:
            self.assert_victim_is_served()
        self.memory_before = self.outrigger.process.resident_bytes()

    def client(self, *settings, **more):
        client = Http2Client(self.outrigger.port(), *settings, **more)
        self.addCleanup(client.close)
        return client

    def assert_victim_is_served(self):
        self.assertEqual(self.victim.get()[0], 200)

    def assert_memory_grew_less_than(self, limit_bytes):
        self.outrigger.process.check_grew_less(self.memory_before, limit_bytes)

    def count(self, name):
        """A counter of the listeners' HTTP/2, wherever it is rooted."""
        return sum(value for full, value in self.outrigger.counters().items()
                   if full.endswith("http2." + name) and not full.startswith("cluster."))

    def wait_for_count(self, name, at_least=1):
        until(lambda: self.count(name) >= at_least, f"http2.{name} reaches {at_least}")

    def assert_sent_away(self, attacker, error, counter):
        """GOAWAY with this error, the counter, and everybody else untouched."""
        seen = attacker.read_to_end()
        self.assertTrue(seen is None or seen.error == error, seen)
        self.wait_for_count(counter)
        self.assertEqual(self.count(counter), 1)
        self.assert_victim_is_served()
        self.assert_memory_grew_less_than(24 * MIB)
        return seen

    def flood(self, piece, times, counter, attacker=None, error=ENHANCE_YOUR_CALM):
        """A flood in two halves, and the victim is served between them."""
        attacker = attacker or self.client()
        attacker.flood(piece, times // 2)
        self.assert_victim_is_served()
        attacker.flood(piece, times // 2)
        return self.assert_sent_away(attacker, error, counter)


class FloodTest(HostileStory):
    def setUp(self):
        self.start()

    def test_rapid_reset(self):
        attacker = self.client()
        pieces = b"".join(get(stream) + http2.reset(stream) for stream in range(1, 20001, 2))
        attacker.flood(pieces, 1)
        self.assert_sent_away(attacker, ENHANCE_YOUR_CALM, "inbound_reset_flood")
        self.assertLess(len(self.a.requests), 1000)

    def test_continuations_without_end(self):
        attacker = self.client().send(frame(HEADERS, END_STREAM, 1, fields(get_fields())))
        self.flood(frame(CONTINUATION, 0, 1, fields([("x-more", "y" * 500)])) * 10, 2000,
                   "inbound_continuation_frames_flood", attacker)

    def test_empty_continuations_without_end(self):
        attacker = self.client().send(frame(HEADERS, END_STREAM, 1, fields(get_fields())))
        self.flood(frame(CONTINUATION, 0, 1) * 100, 2000, "inbound_continuation_frames_flood", attacker)

    def test_settings(self):
        self.flood(http2.settings((INITIAL_WINDOW_SIZE, 65535)) * 100, 1000, "inbound_control_frames_flood")

    def test_empty_settings(self):
        self.flood(frame(SETTINGS) * 100, 1000, "inbound_control_frames_flood")

    def test_pings(self):
        self.flood(frame(PING, 0, 0, b"12345678") * 100, 1000, "inbound_control_frames_flood")

    def test_unknown_frames(self):
        self.flood(frame(UNKNOWN, 0, 0, b"x" * 10) * 100, 1000, "inbound_control_frames_flood")

    def test_priorities(self):
        self.flood(frame(PRIORITY, 0, 1, struct.pack(">IB", 3, 10)) * 100, 1000, "inbound_priority_frames_flood")

    def test_window_updates(self):
        self.flood(window_update(0, 1) * 100, 1000, "inbound_window_update_frames_flood")

    def test_empty_data(self):
        attacker = self.client().send(post(1))
        self.flood(data(1) * 100, 1000, "inbound_empty_frames_flood", attacker)

    def test_data_of_nothing_but_padding(self):
        attacker = self.client().send(post(1))
        self.flood(frame(DATA, http2.PADDED, 1, b"\x00") * 100, 1000, "inbound_empty_frames_flood", attacker)


class FastPeersTest(HostileStory):
    """What only looks like a flood is served."""

    def test_many_requests_in_a_row(self):
        self.start()
        client = self.client()
        for round_number in range(20):
            streams = range(1 + 400 * round_number, 401 + 400 * round_number, 2)
            client.send(*(get(stream) for stream in streams))
            for stream in streams:
                client.wait_for_end(stream)
                self.assertEqual(client.status(stream), 200)

    def test_a_body_in_small_pieces(self):
        self.start()
        client = self.client().send(post(1), *(data(1, b"x") for _ in range(5000)), data(1, b"", END_STREAM))
        client.wait_for_end(1)
        self.assertEqual(client.status(1), 200)
        self.assertEqual(len(self.a.last.body), 5000)


class HeadTest(HostileStory):
    def setUp(self):
        self.start()

    def assert_refused(self, client, stream, counter):
        """The head is too much: 431 or a reset; the connection goes on."""
        client.wait_for_end(stream)
        if stream not in client.resets:
            self.assertEqual(client.status(stream), 431)
        self.wait_for_count(counter)
        client.send(get(stream + 2)).wait_for_end(stream + 2)
        self.assertEqual(client.status(stream + 2), 200)
        self.assert_memory_grew_less_than(24 * MIB)
        self.assert_victim_is_served()

    def test_too_many_headers(self):
        client = self.client().send(get(1, more=[(f"x-{i}", "y") for i in range(200)]))
        self.assert_refused(client, 1, "header_overflow")

    def test_too_large_a_head(self):
        block = fields(get_fields(more=[(f"x-{i}", "y" * 8000) for i in range(10)]))
        pieces = [block[at:at + 16000] for at in range(0, len(block), 16000)]
        client = self.client().send(frame(HEADERS, END_STREAM, 1, pieces[0]),
                                    *(frame(CONTINUATION, 0, 1, piece) for piece in pieces[1:-1]),
                                    frame(CONTINUATION, END_HEADERS, 1, pieces[-1]))
        self.assert_refused(client, 1, "header_overflow")

    def test_an_hpack_bomb(self):
        """A field of 4,000 bytes in the table, then thousands of references of one byte each."""
        bomb = http2.literal("x-bomb", "b" * 3900, first=b"\x40")
        client = self.client().send(frame(HEADERS, END_HEADERS | END_STREAM, 1, fields(get_fields()) + bomb))
        client.wait_for_end(1)
        self.assertEqual(client.status(1), 200)
        references = http2.integer(62, 7, 0x80) * 12000
        client.send(frame(HEADERS, END_HEADERS | END_STREAM, 3, fields(get_fields()) + references))
        self.assert_refused(client, 3, "header_overflow")

    def test_a_broken_compression_ends_the_connection(self):
        client = self.client().send(frame(HEADERS, END_HEADERS | END_STREAM, 1, b"\xff\xff\xff\xff\xff\xff\xff"))
        self.assertEqual(client.read_to_end().error, http2.COMPRESSION_ERROR)
        self.assert_victim_is_served()

    def test_more_streams_than_allowed_are_refused_one_by_one(self):
        gate = Gate()
        self.a.acts = (gate.then(reply(200, "hello")),)
        client = self.client()
        client.until(lambda: http2.MAX_CONCURRENT_STREAMS in client.settings, "the proxy's SETTINGS")
        allowed = client.settings[http2.MAX_CONCURRENT_STREAMS]
        client.send(*(get(stream) for stream in range(1, 2 * allowed + 20, 2)))
        client.until(lambda: len(client.resets) >= 10, "the ones above the limit are refused")
        self.assertEqual(set(client.resets.values()), {REFUSED_STREAM})
        gate.open()
        client.until(lambda: len(client.ended) >= allowed, "the others are answered")
        self.assertLessEqual(len(self.a.requests), allowed + 1)


class WindowTest(HostileStory):
    def setUp(self):
        self.start(reply(200, "x" * 100000))

    def test_a_connection_window_above_its_maximum(self):
        client = self.client().send(window_update(0, 0x7FFFFFFF))
        self.assertEqual(client.read_to_end().error, FLOW_CONTROL_ERROR)
        self.assert_victim_is_served()

    def test_a_stream_window_above_its_maximum(self):
        client = self.client((INITIAL_WINDOW_SIZE, 0)).send(get(1), window_update(1, 0x7FFFFFFF), window_update(1, 1))
        client.wait_for_end(1)
        self.assertEqual(client.resets[1], FLOW_CONTROL_ERROR)

    def test_an_update_of_nothing(self):
        client = self.client((INITIAL_WINDOW_SIZE, 0)).send(get(1), window_update(1, 0))
        client.wait_for_end(1)
        self.assertEqual(client.resets[1], PROTOCOL_ERROR)
        self.assertEqual(self.client().send(window_update(0, 0)).read_to_end().error, PROTOCOL_ERROR)

    def test_an_initial_window_above_its_maximum(self):
        client = self.client((INITIAL_WINDOW_SIZE, 0x80000000))
        self.assertEqual(client.read_to_end().error, FLOW_CONTROL_ERROR)

    def test_windows_that_shrink_below_nothing_and_grow_again(self):
        client = self.client((INITIAL_WINDOW_SIZE, 50000), gives_windows=False).send(get(1))
        client.until(lambda: len(client.bodies.get(1, b"")) == 50000, "the first window")
        client.send(http2.settings((INITIAL_WINDOW_SIZE, 10)), window_update(0, 100000))
        client.send(http2.settings((INITIAL_WINDOW_SIZE, 100000)))
        client.wait_for_end(1)
        self.assertEqual(len(client.bodies[1]), 100000)

    def test_a_body_beyond_the_window_ends_the_connection(self):
        """The endpoint takes nothing, so the proxy gives no window back."""
        with socket.create_server(("127.0.0.1", 0)) as silent:
            self.start_before(cluster("a", Port(silent.getsockname()[1])), is_served=False)
            client = self.client().send(post(1))
            client.flood(data(1, b"x" * 16384), 4000)
            client.until(lambda: client.goaway or 1 in client.resets, "an error")
        self.assertEqual(client.resets.get(1, client.goaway and client.goaway.error), FLOW_CONTROL_ERROR)
        self.assert_memory_grew_less_than(24 * MIB)

    def test_bytes_that_drip(self):
        """A response read one byte at a time holds up nobody."""
        client = self.client((INITIAL_WINDOW_SIZE, 0), gives_windows=False).send(get(1))
        for i in range(1, 200):
            client.send(window_update(1, 1)).until(lambda: len(client.bodies.get(1, b"")) >= i, f"byte {i}")
        self.assert_victim_is_served()


class SlowStreamsTest(HostileStory):
    STREAMS = range(1, 2001, 2)

    def wait_for_active(self, count):
        until(lambda: self.count("streams_active") == count, f"{count} streams are active")

    def hold_responses(self, cluster_text):
        """Responses of 1 MiB of which the client takes nothing."""
        self.start_before(cluster_text)
        self.attacker = self.client((INITIAL_WINDOW_SIZE, 0), gives_windows=False)
        self.attacker.send(*(get(stream, "/large") for stream in self.STREAMS))
        self.attacker.until(lambda: len(self.attacker.heads) == len(self.STREAMS), "all heads")
        self.assert_victim_is_served()

    def take_one_and_vanish(self, stream):
        """One of them can still be read to its end; then the client goes, and all is free again."""
        self.attacker.send(window_update(stream, 2 * MIB))
        self.attacker.gives_windows = True
        self.attacker.wait_for_end(stream)
        self.assertEqual(len(self.attacker.bodies[stream]), MIB)
        self.assert_victim_is_served()
        self.attacker.close()
        self.wait_for_active(0)
        self.assert_victim_is_served()

    def test_a_thousand_slow_readers_before_an_http1_endpoint(self):
        self.hold_responses(self.nginx({"large": b"x" * MIB}))
        self.take_one_and_vanish(501)
        self.assert_memory_grew_less_than(400 * MIB)

    def is_another_connection_made(self):
        self.assert_victim_is_served()
        return self.outrigger.counter("cluster.a.upstream_cx_active") > 1

    def test_many_slow_readers_before_an_http2_endpoint(self):
        """They share a connection whose window they use up: new streams take another (decision 0032)."""
        self.STREAMS = range(1, 181, 2)
        server = self.nghttpd({"large": b"x" * 4 * MIB, "index.html": b"hello"}, "--max-concurrent-streams=1000")
        self.hold_responses(cluster("a", server, more=HTTP2_ENDPOINTS))
        until(self.is_another_connection_made, "another connection to the endpoint")
        self.outrigger.wait_for_counter("cluster.a.upstream_flow_control_paused_reading_total", len(self.STREAMS))
        self.attacker.send(get(181), window_update(181, MIB)).wait_for_end(181)
        self.assertEqual(self.attacker.bodies[181], b"hello")
        self.attacker.close()
        self.wait_for_active(0)
        self.assert_victim_is_served()
        self.assert_memory_grew_less_than(64 * MIB)

    def test_a_few_slow_readers_before_an_http2_endpoint(self):
        self.STREAMS = range(1, 7, 2)
        server = self.nghttpd({"large": b"x" * MIB, "index.html": b"hello"})
        self.hold_responses(cluster("a", server, more=HTTP2_ENDPOINTS))
        self.take_one_and_vanish(3)
        self.assert_memory_grew_less_than(24 * MIB)

    def test_a_thousand_slow_writers(self):
        self.start(http="stream_idle_timeout: 1s")
        attacker = self.client()
        attacker.send(*(post(stream) for stream in self.STREAMS))
        until(lambda: self.outrigger.counter("http.front.downstream_rq_http2_total") >= 1000, "all requests are there")
        self.assert_victim_is_served()
        attacker.until(lambda: len(attacker.ended | set(attacker.resets)) == 1000, "all of them are given up")
        self.assert_memory_grew_less_than(100 * MIB)
        self.wait_for_active(0)


if __name__ == "__main__":
    main()
