#!/usr/bin/env python3
"""Clients that speak HTTP/2 with prior knowledge, on the port that also serves HTTP/1."""

import json
import pathlib
import re
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.config import cluster, json_log, site
from harness.http2 import CANCEL, END_STREAM, NO_ERROR, PREFACE, Http2Client, data, get, post, reset, settings
from harness.process import installed, run
from harness.story import Story, main
from harness.upstream import Gate, echo, reply, silence
from harness.waiting import until

TO_A = "- { match: { prefix: / }, route: { cluster: a } }"


class Http2Story(Story):
    def start(self, *acts, http="", **flags):
        self.log = self.directory() / "access.log"
        log = json_log(self.log, code="%RESPONSE_CODE%", flags="%RESPONSE_FLAGS%", details="%RESPONSE_CODE_DETAILS%",
                       protocol="%PROTOCOL%")
        self.a = self.upstream(*acts)
        self.outrigger = self.proxy(site(TO_A, cluster("a", self.a), http=f"{http}\n{log}"), **flags)
        return self.outrigger

    def client(self, *pairs, **more):
        client = Http2Client(self.outrigger.port(), *pairs, **more)
        self.addCleanup(client.close)
        return client

    def logged(self, lines=1):
        text = until(lambda: self.log.exists() and len(self.log.read_text().splitlines()) >= lines and self.log.read_text(),
                     "log lines")
        return json.loads(text.splitlines()[-1])


class OnePortTest(Http2Story):
    def test_curl_gets_what_it_asks_for(self):
        proxy = self.start()
        for flag, version in (("--http2-prior-knowledge", "2"), ("--http1.1", "1.1"), ("--http2", "1.1")):
            with self.subTest(flag=flag):
                got = run(installed("curl"), "-sS", flag, "-w", " %{http_version}", proxy.url())
                self.assertEqual(got.stdout.decode(), f"hello {version}", got.stderr)
        self.assertEqual(proxy.counter("http.front.downstream_cx_http2_total"), 1)
        self.assertEqual(proxy.counter("http.front.downstream_cx_http1_total"), 2)
        self.assertEqual(proxy.counter("http.front.downstream_rq_http2_total"), 1)

    def test_nghttp_gets_many_streams_on_one_connection(self):
        proxy = self.start()
        got = run(installed("nghttp"), "-nv", "-m", 20, proxy.url())
        self.assertEqual(len(re.findall(rb":status: 200", got.stdout)), 20, got.stderr)
        self.assertEqual(proxy.counter("http.front.downstream_cx_total"), 1)
        self.assertEqual(self.logged()["protocol"], "HTTP/2")

    def test_a_preface_in_pieces(self):
        proxy = self.start()
        client = Http2Client.__new__(Http2Client)
        raw = self.connect(proxy)
        for byte in PREFACE + settings() + get(1):
            raw.send(bytes([byte]))
        super(Http2Client, client).__init__(raw.socket)
        client.wait_for_end(1)
        self.assertEqual(client.status(1), 200)

    def test_http2_where_only_http1_is_spoken(self):
        proxy = self.start(http="codec_type: HTTP1")
        self.assert_status(self.connect(proxy).send(PREFACE).read_response(), 505)

    def test_http1_where_only_http2_is_spoken(self):
        proxy = self.start(http="codec_type: HTTP2")
        client = self.connect(proxy).send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        self.assertNotIn(b"HTTP/1.1 200", client.read_to_end())

    def test_the_admin_endpoint_speaks_both(self):
        proxy = self.start()
        got = run(installed("curl"), "-sS", "--http2-prior-knowledge", f"http://127.0.0.1:{proxy.admin_port}/ready")
        self.assertEqual(got.stdout.decode().strip(), "LIVE", got.stderr)


class StreamsTest(Http2Story):
    def test_a_slow_stream_does_not_hold_the_others(self):
        gate = Gate()
        self.start(gate.then(reply(200, "slow")), reply(200, "quick"))
        client = self.client().send(get(1))
        self.a.wait_for_requests(1)
        client.send(get(3)).wait_for_end(3)
        self.assertEqual(client.bodies[3], b"quick")
        self.assertNotIn(1, client.ended)
        gate.open()
        client.wait_for_end(1)
        self.assertEqual(client.bodies[1], b"slow")

    def test_bodies_of_many_streams_do_not_mix(self):
        self.start(echo)
        client = self.client()
        streams = range(1, 101, 2)
        for stream in streams:
            client.send(post(stream))
        for part in range(3):
            for stream in streams:
                client.send(data(stream, f"{stream}-{part};".encode(), END_STREAM if part == 2 else 0))
        for stream in streams:
            client.wait_for_end(stream)
            self.assertEqual(client.bodies[stream].decode(), f"{stream}-0;{stream}-1;{stream}-2;")

    def test_a_reset_by_the_client_reaches_the_endpoint_and_the_log(self):
        proxy = self.start(silence)
        client = self.client().send(get(1))
        self.a.wait_for_requests(1)
        client.send(reset(1, CANCEL))
        line = self.logged()
        self.assertEqual((line["code"], line["flags"], line["details"]), (0, "DR", "http2.remote_reset"))
        proxy.wait_for_counter("http.front.downstream_rq_rx_reset", 1)
        proxy.wait_for_counter("cluster.a.upstream_rq_tx_reset", 1)

    def test_deadlines_are_those_of_each_stream(self):
        self.start(silence, reply(200, "quick"), http="stream_idle_timeout: 0.3s")
        client = self.client().send(get(1))
        self.a.wait_for_requests(1)
        client.send(get(3)).wait_for_end(3).wait_for_end(1)
        self.assertEqual((client.status(1), client.status(3)), (504, 200))


class DrainTest(Http2Story):
    def test_sigterm_says_goaway_and_lets_streams_end(self):
        gate = Gate()
        proxy = self.start(gate.then(reply(200, "at last")))
        client = self.client().send(get(1))
        self.a.wait_for_requests(1)
        proxy.process.signal(signal.SIGTERM)
        client.until(lambda: client.goaway is not None, "GOAWAY")
        self.assertEqual(client.goaway.error, NO_ERROR)
        gate.open()
        client.wait_for_end(1)
        self.assertEqual(client.bodies[1], b"at last")
        client.read_to_end()
        self.assertEqual(proxy.process.wait(), 0)

    def test_the_last_allowed_request_says_goaway(self):
        proxy = self.start(http="common_http_protocol_options: { max_requests_per_connection: 2 }")
        client = self.client()
        self.assertEqual(client.get()[0], 200)
        self.assertIsNone(client.goaway)
        self.assertEqual(client.get()[0], 200)
        self.assertEqual(client.read_to_end().error, NO_ERROR)
        self.assertEqual(proxy.counter("http.front.downstream_cx_max_requests_reached"), 1)

    def test_an_idle_connection_says_goaway(self):
        proxy = self.start(http="common_http_protocol_options: { idle_timeout: 0.2s }")
        client = self.client()
        self.assertEqual(client.get()[0], 200)
        self.assertEqual(client.read_to_end().error, NO_ERROR)
        self.assertEqual(proxy.counter("http.front.downstream_cx_idle_timeout"), 1)


if __name__ == "__main__":
    main()
