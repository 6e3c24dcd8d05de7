#!/usr/bin/env python3
"""What a client sees when upstreams fail, and what is said about it in counters and the log."""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.config import cluster, json_log, site
from harness.story import Story, main
from harness.upstream import Gate, Upstream, close, raw, raw_then_close, reply, reset, silence
from harness.waiting import until

TO_A = "- { match: { prefix: / }, route: { cluster: a } }"


def to_a(**fields):
    """The only route, with these fields of its action."""
    text = ", ".join(f"{name}: {value}" for name, value in fields.items())
    return f"- {{ match: {{ prefix: / }}, route: {{ cluster: a, {text} }} }}"


class FailureStory(Story):
    """The proxy also writes a log of status, flags and details."""

    def start(self, routes, *clusters, **more):
        self.log = self.directory() / "access.log"
        http = json_log(self.log, code="%RESPONSE_CODE%", flags="%RESPONSE_FLAGS%",
                        details="%RESPONSE_CODE_DETAILS%")
        return self.proxy(site(routes, *clusters, http=http), **more)

    def assert_logged(self, code, flags, details):
        """What the log says of the latest request."""
        line = until(lambda: self.log.exists() and self.log.read_text(), "a log line")
        self.assertEqual(json.loads(line.splitlines()[-1]), {"code": code, "flags": flags, "details": details})


class RefusedTest(FailureStory):
    def test_no_endpoint(self):
        proxy = self.start(TO_A, cluster("a"))
        self.assert_status(proxy.get(), 503)
        self.assert_logged(503, "UH", "no_healthy_upstream")
        self.assertEqual(proxy.counter("cluster.a.upstream_cx_none_healthy"), 1)

    def test_unknown_cluster(self):
        proxy = self.start("- { match: { prefix: / }, route: { cluster_header: x-to } }", cluster("a"))
        self.assert_status(proxy.get(headers={"x-to": "nowhere"}), 503)
        self.assert_logged(503, "NC", "cluster_not_found")

    def test_no_route(self):
        proxy = self.start("- { match: { prefix: /only }, route: { cluster: a } }", cluster("a"))
        self.assert_status(proxy.get(), 404)
        self.assert_logged(404, "NR", "route_not_found")

    def test_nobody_listens(self):
        gone = Upstream()
        gone.stop()
        proxy = self.start(TO_A, cluster("a", gone))
        self.assert_status(proxy.get(), 503)
        self.assert_logged(503, "UF", "upstream_reset_before_response_started{remote_connection_failure}")
        self.assertEqual(proxy.counter("cluster.a.upstream_cx_connect_fail"), 1)

    def test_the_connection_ends_before_an_answer(self):
        proxy = self.start(TO_A, cluster("a", self.upstream(close)))
        self.assert_status(proxy.request("POST", body="once only"), 503)
        self.assert_logged(503, "UC", "upstream_reset_before_response_started{connection_termination}")

    def test_half_a_response_is_never_passed_off_as_a_whole_one(self):
        a = self.upstream(raw_then_close(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"))
        proxy = self.start(TO_A, cluster("a", a))
        with self.assertRaises(ConnectionError):
            proxy.get()
        self.assert_logged(200, "UC", "upstream_reset_after_response_started{connection_termination}")

    def test_half_a_chunked_response(self):
        a = self.upstream(raw_then_close(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"))
        proxy = self.start(TO_A, cluster("a", a))
        with self.assertRaises(ConnectionError):
            proxy.get()

    def test_garbage_instead_of_a_response(self):
        for garbage in (b"\x16\x03\x01 not http\r\n\r\n", b"HTTP/1.1 20 OK\r\n\r\n",
                        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
                        b"HTTP/1.1 200 OK\r\nbad name: x\r\n\r\n"):
            with self.subTest(garbage=garbage):
                proxy = self.start(TO_A, cluster("a", self.upstream(raw(garbage))))
                self.assert_status(proxy.get(), 502)
                self.assertEqual(proxy.counter("cluster.a.upstream_cx_protocol_error"), 1)

    def test_bytes_behind_a_response_never_reach_the_next_client(self):
        a = self.upstream(raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n"
                              b"Content-Length: 6\r\n\r\nforged"), reply(200, "real"))
        proxy = self.start(TO_A, cluster("a", a), concurrency=1)
        client = self.connect(proxy)
        self.assertEqual(client.request().text, "ok")
        self.assertEqual(client.request().text, "real")


class TimeoutTest(FailureStory):
    def test_a_response_that_does_not_come(self):
        proxy = self.start(to_a(timeout="0.1s"), cluster("a", self.upstream(silence)))
        self.assert_status(proxy.get(), 504, "upstream request timeout")
        self.assert_logged(504, "UT", "upstream_response_timeout")
        self.assertEqual(proxy.counter("cluster.a.upstream_rq_timeout"), 1)

    def test_each_try_has_its_time(self):
        a = self.upstream(silence, reply(200, "second"))
        proxy = self.start(to_a(retry_policy="{ retry_on: gateway-error, per_try_timeout: 0.1s }"),
                           cluster("a", a))
        self.assert_status(proxy.get(), 200, "second")
        self.assertEqual(proxy.counter("cluster.a.upstream_rq_per_try_timeout"), 1)

    def test_a_stream_on_which_nothing_happens(self):
        a = self.upstream(silence)
        proxy = self.start(to_a(timeout="0s", idle_timeout="0.1s"), cluster("a", a))
        self.assert_status(proxy.get(), 504)
        self.assertEqual(proxy.wait_for_counter("http.front.downstream_rq_idle_timeout", 1), True)


class RetryTest(FailureStory):
    def assert_retried(self, proxy, times):
        counters = proxy.counters()
        self.assertEqual(counters["cluster.a.upstream_rq_retry"], times)
        self.assertEqual(counters["cluster.a.upstream_rq_retry_success"], 1)

    def test_a_503_is_tried_again(self):
        a = self.upstream(reply(503), reply(200, "better"))
        proxy = self.start(to_a(retry_policy="{ retry_on: 5xx }"), cluster("a", a))
        self.assert_status(proxy.request("POST", body="the same body"), 200, "better")
        self.assertEqual([r.body for r in a.requests], [b"the same body"] * 2)
        self.assert_retried(proxy, 1)

    def test_a_reset_is_tried_again(self):
        a = self.upstream(reset, reset, reply(200, "third"))
        proxy = self.start(to_a(retry_policy="{ retry_on: reset, num_retries: 2 }"), cluster("a", a))
        self.assert_status(proxy.get(), 200, "third")
        self.assert_retried(proxy, 2)

    def test_a_status_from_the_list_is_tried_again_on_another_endpoint(self):
        bad, good = self.upstream(reply(429)), self.upstream(reply(200, "good"))
        policy = """{ retry_on: retriable-status-codes, retriable_status_codes: [429], num_retries: 1,
                      retry_host_predicate: [{ name: envoy.retry_host_predicates.previous_hosts, typed_config: {
                        "@type": type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate } }] }"""
        proxy = self.start(to_a(retry_policy=policy), cluster("a", bad, good))
        self.assertEqual({proxy.get().text for _ in range(10)}, {"good"})

    def test_a_dead_endpoint_costs_no_request(self):
        dead, alive = Upstream(), self.upstream(reply(200, "alive"))
        dead.stop()
        proxy = self.start(to_a(retry_policy="{ retry_on: connect-failure }"), cluster("a", alive, dead),
                           concurrency=1)
        self.assertEqual({proxy.get().status for _ in range(20)}, {200})
        self.assertGreater(proxy.counter("cluster.a.upstream_rq_retry_success"), 0)

    def test_the_last_answer_is_passed_on(self):
        a = self.upstream(reply(503, "first"), reply(503, "second"), reply(503, "last"))
        proxy = self.start(to_a(retry_policy="{ retry_on: 5xx, num_retries: 2 }"), cluster("a", a))
        self.assert_status(proxy.get(), 503, "last")
        self.assert_logged(503, "URX", "via_upstream")
        self.assertEqual(proxy.counter("cluster.a.upstream_rq_retry_limit_exceeded"), 1)

    def test_nothing_is_tried_again_unless_asked_for(self):
        a = self.upstream(reply(503, "no"), reply(200))
        proxy = self.start(TO_A, cluster("a", a))
        self.assert_status(proxy.get(), 503, "no")
        self.assertEqual(len(a.requests), 1)


class CircuitBreakerTest(FailureStory):
    def test_requests_over_the_limit_are_refused_at_once(self):
        gate = Gate()
        a = self.upstream(gate.then(reply(200, "in time")))
        limits = "circuit_breakers: { thresholds: [{ max_requests: 1, max_connections: 1, max_pending_requests: 1 }] }"
        proxy = self.start(TO_A, cluster("a", a, more=limits), concurrency=1)
        first = self.connect(proxy).send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        a.wait_for_requests(1)
        waiting = self.connect(proxy).send("GET /2 HTTP/1.1\r\nHost: test\r\n\r\n")
        proxy.wait_for_counter("cluster.a.upstream_rq_pending_active", 1)
        self.assert_status(proxy.get("/3"), 503)
        self.assert_logged(503, "UO", "upstream_reset_before_response_started{overflow}")
        self.assertEqual(proxy.counter("cluster.a.upstream_rq_pending_overflow"), 1)
        gate.open()
        self.assert_status(first.read_response(), 200, "in time")
        self.assert_status(waiting.read_response(), 200, "in time")


class KeepAliveRaceTest(FailureStory):
    def test_upstreams_that_close_idle_connections_cost_no_request(self):
        def answer_then_close_a_little_later(stream):
            # The response says nothing of the close, and so the proxy keeps the connection.
            reply(200, "ok")(stream)
            stream.close()
        a = self.upstream(answer_then_close_a_little_later)
        proxy = self.start(TO_A, cluster("a", a), concurrency=1)
        client = self.connect(proxy)
        self.assertEqual({client.request().status for _ in range(200)}, {200})
        self.assertEqual(proxy.counter("http.front.downstream_rq_5xx"), 0)

    def test_a_connection_that_dies_under_a_repeatable_request_is_replaced(self):
        a = self.upstream(reply(200, "one"), close, reply(200, "two"))
        proxy = self.start(TO_A, cluster("a", a), concurrency=1)
        client = self.connect(proxy)
        self.assert_status(client.request(), 200, "one")
        self.assert_status(client.request(), 200, "two")
        self.assertEqual(proxy.counter("cluster.a.upstream_rq_replayed"), 1)


if __name__ == "__main__":
    main()
