#!/usr/bin/env python3
"""Endpoints that speak HTTP/2: they drain, refuse and allow few streams, and no client notices."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.config import bootstrap, cluster, listener, protocol_options, site
from harness.http2 import (END_HEADERS, END_STREAM, MAX_CONCURRENT_STREAMS, REFUSED_STREAM, Http2Client, Http2Upstream,
                           data, goaway, headers, reset)
from harness.steady_client import SteadyClient
from harness.story import Story, main
from harness.waiting import until

TO_A = "- { match: { prefix: / }, route: { cluster: a } }"
HTTP2 = protocol_options("explicit_http_config: { http2_protocol_options: {} }")


def requests(connection):
    """The streams of the requests, in the order in which they are complete."""
    done = 0
    while True:
        connection.until(lambda: len(connection.ended) > done, "another request")
        for stream in sorted(connection.ended)[done:]:
            done += 1
            yield stream


def answer(connection, stream):
    connection.send(headers(stream, [(":status", "200")], END_HEADERS), data(stream, b"hello", END_STREAM))


class Http2EndpointsTest(Story):
    def start(self, act, *pairs, more=""):
        endpoint = Http2Upstream(act, *pairs)
        self.addCleanup(endpoint.stop)
        self.outrigger = self.proxy(site(TO_A, cluster("a", endpoint, more=HTTP2 + more)))
        return endpoint

    def counted(self, name):
        return self.outrigger.counter("cluster.a." + name)

    def assert_steady(self, count):
        client = SteadyClient(self.outrigger.port(), threads=8)
        until(lambda: client.count() >= count or client.failures, f"{count} answers")
        self.assertEqual(client.finish(), [])
        self.assertEqual(set(client.answers), {(200, "hello")})

    def test_connections_that_drain_lose_no_request(self):
        def act(connection):
            for number, stream in enumerate(requests(connection), 1):
                answer(connection, stream)
                if number == 20:
                    # What came meanwhile was not looked at, and this says so.
                    connection.send(goaway(stream))
                    return
        self.start(act)
        self.assert_steady(600)
        until(lambda: self.counted("upstream_cx_close_notify") >= 20, "connections drain")
        self.assertEqual(self.counted("upstream_rq_503"), 0)

    def test_refused_streams_are_sent_again(self):
        def act(connection):
            for number, stream in enumerate(requests(connection)):
                if number % 5 == 3:
                    connection.send(reset(stream, REFUSED_STREAM))
                else:
                    answer(connection, stream)
        self.start(act)
        self.assert_steady(300)
        self.assertGreater(self.counted("upstream_rq_replayed"), 50)
        self.assertEqual(self.counted("upstream_rq_retry"), 0)

    def test_an_endpoint_that_refuses_everything_is_not_asked_without_end(self):
        def act(connection):
            for stream in requests(connection):
                connection.send(reset(stream, REFUSED_STREAM))
        endpoint = self.start(act)
        response = self.outrigger.get()
        self.assert_status(response, 503)
        self.assertIn("remote refused stream reset", response.text)
        self.assertEqual(self.counted("upstream_rq_replayed"), 3)
        self.assertEqual(len(endpoint.connections), 1)

    def test_few_streams_on_few_connections_serve_many_clients(self):
        def act(connection):
            for stream in requests(connection):
                answer(connection, stream)
        endpoint = self.start(act, (MAX_CONCURRENT_STREAMS, 2), more=(
            "circuit_breakers: { thresholds: [ { max_connections: 2 } ] }\n"))
        self.assert_steady(500)
        # A worker's pool may always have one connection.
        self.assertLessEqual(len(endpoint.connections), 4)

    def test_each_client_is_served_in_its_protocol_where_the_cluster_follows_it(self):
        # The endpoint is another proxy, which speaks both.
        reply = '- { match: { prefix: / }, direct_response: { status: 200, body: { inline_string: "hello" } } }'
        behind = self.proxy(bootstrap([listener(reply, name="behind", http="codec_type: AUTO\n")]))
        behind.wait_until_ready()
        endpoint = type("Endpoint", (), {"port": behind.port("behind")})
        both = protocol_options("use_downstream_protocol_config: { http_protocol_options: {}, http2_protocol_options: {} }")
        proxy = self.proxy(site(TO_A, cluster("a", endpoint, more=both), http="codec_type: AUTO\n"))
        self.assert_status(proxy.get(), 200, "hello")
        client = Http2Client(proxy.port())
        self.addCleanup(client.close)
        self.assertEqual(client.get(), (200, b"hello"))
        self.assertEqual(proxy.counter("cluster.a.upstream_cx_http1_total"), 1)
        self.assertEqual(proxy.counter("cluster.a.upstream_cx_http2_total"), 1)
        self.assertEqual(behind.counter("http.behind.downstream_cx_http1_total"), 1)
        self.assertEqual(behind.counter("http.behind.downstream_cx_http2_total"), 1)


if __name__ == "__main__":
    main()
