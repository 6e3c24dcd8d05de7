#!/usr/bin/env python3
"""gRPC's filters, cors, health_check and fault in the real proxy, over HTTP/1."""

import base64
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.config import TYPE, cluster, http1_options, http_filter, json_log, site
from harness.story import Story, main
from harness.upstream import raw, reply
from harness.waiting import until

TO_A = "- { match: { prefix: / }, route: { cluster: a } }"
GRPC = [("content-type", "application/grpc")]


def framed(message, flags=0):
    return bytes([flags]) + len(message).to_bytes(4, "big") + message


def grpc_reply(*messages, status=0):
    """A gRPC response as HTTP/1 can say it: chunks, then trailers."""
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(m), m) for m in map(framed, messages))
    return raw(b"HTTP/1.1 200 OK\r\ncontent-type: application/grpc\r\n"
               b"transfer-encoding: chunked\r\n\r\n" + chunks
               + b"0\r\ngrpc-status: %d\r\ngrpc-message: as told\r\n\r\n" % status)


class FilterStory(Story):
    def start(self, filters, *acts, routes=TO_A, more="", http=""):
        self.a = self.upstream(*acts)
        clusters = cluster("a", self.a, more=http1_options("enable_trailers: true") + more)
        return self.proxy(site(routes, clusters, filters=filters, http=http))


class LocalReplyTest(FilterStory):
    def test_answers_grpc_in_grpc(self):
        log = self.directory() / "access.log"
        proxy = self.start("", routes="- { match: { path: /a/b }, route: { cluster: a } }",
                           http=json_log(log, code="%RESPONSE_CODE%", status="%GRPC_STATUS%",
                                         number="%GRPC_STATUS_NUMBER%"))
        response = proxy.request("POST", "/none", GRPC, b"x")
        self.assert_status(response, 200, "")
        self.assertEqual(response.header("content-type"), "application/grpc")
        self.assertEqual(response.header("grpc-status"), "12")
        self.assertEqual(proxy.get("/none").status, 404)
        wanted = {"code": 200, "status": "Unimplemented", "number": 12}
        until(lambda: log.exists() and
              wanted in map(json.loads, log.read_text().splitlines()), f"a log line {wanted}")

    def test_says_in_grpc_that_there_is_no_upstream(self):
        proxy = self.start("")
        self.a.stop()
        response = proxy.request("POST", "/S/M", GRPC, b"x")
        self.assertEqual(response.header("grpc-status"), "14", response)
        self.assertIn("upstream connect error", response.header("grpc-message"))


class GrpcWebTest(FilterStory):
    WEB = http_filter("grpc_stats", "FilterConfig", "stats_for_all_methods: true") + \
        http_filter("grpc_web", "GrpcWeb")

    def test_translates_both_forms(self):
        trailers = framed(b"grpc-status:5\r\ngrpc-message:as told\r\n", 0x80)
        proxy = self.start(self.WEB, grpc_reply(b"hello", b"again", status=5))
        response = proxy.request("POST", "/S/M", [("content-type", "application/grpc-web+proto")],
                                 framed(b"ask"))
        self.assertEqual(response.body, framed(b"hello") + framed(b"again") + trailers)
        self.assertEqual(self.a.last.body, framed(b"ask"))
        self.assertEqual(self.a.last.header("content-type"), "application/grpc")
        response = proxy.request("POST", "/S/M", [("content-type", "application/grpc-web-text"),
                                                  ("accept", "application/grpc-web-text")],
                                 base64.b64encode(framed(b"ask")))
        text = response.body.decode()
        # Every piece is padded on its own; in between there may be padding.
        decoded = b"".join(base64.b64decode(text[i:i + 4]) for i in range(0, len(text), 4))
        self.assertEqual(decoded, framed(b"hello") + framed(b"again") + trailers)
        self.assertEqual(self.a.last.body, framed(b"ask"))
        self.assertEqual(proxy.counter("cluster.a.grpc-web.S.M.failure"), 2)

    def test_refuses_bad_base64(self):
        proxy = self.start(self.WEB)
        response = proxy.request("POST", "/S/M", [("content-type", "application/grpc-web-text")],
                                 b"!!!!")
        self.assert_status(response, 400, "Bad gRPC-web request, invalid base64 data.")


class GrpcStatsTest(FilterStory):
    def test_counts_by_method(self):
        filters = http_filter("grpc_stats", "FilterConfig", """
            individual_method_stats_allowlist:
              services: [{ name: pkg.Greeter, method_names: [Say] }]
            enable_upstream_stats: true
        """)
        proxy = self.start(filters, grpc_reply(b"a", b"b"), grpc_reply(status=3))
        for path in ("/pkg.Greeter/Say", "/pkg.Greeter/Other"):
            proxy.request("POST", path, GRPC, framed(b"ask"))
        name = "cluster.a.grpc.pkg.Greeter.Say."
        self.assertEqual(proxy.counter(name + "success"), 1)
        self.assertEqual(proxy.counter(name + "response_message_count"), 2)
        self.assertEqual(proxy.counter("cluster.a.grpc.failure"), 1)
        self.assertEqual(proxy.counter("cluster.a.grpc.3"), 1)
        prometheus = proxy.admin("/stats/prometheus").text
        self.assertIn('envoy_cluster_grpc_success{envoy_cluster_name="a",'
                      'envoy_grpc_bridge_service="pkg.Greeter",envoy_grpc_bridge_method="Say"} 1',
                      prometheus)


class BridgeTest(FilterStory):
    def test_tells_http1_clients_the_status_in_the_head(self):
        bridge = http_filter("grpc_http1_bridge", "Config", "upgrade_protobuf_to_grpc: true")
        proxy = self.start(bridge, grpc_reply(b"hello"), grpc_reply(status=7))
        response = proxy.request("POST", "/S/M", [("content-type", "application/x-protobuf")], b"ask")
        self.assert_status(response, 200, "hello")
        self.assertEqual(response.header("grpc-status"), "0")
        self.assertEqual(self.a.last.body, framed(b"ask"))
        response = proxy.request("POST", "/S/M", GRPC, framed(b"ask"))
        self.assert_status(response, 503, "")
        self.assertEqual(response.header("grpc-status"), "7")

    def test_lets_plain_services_answer_grpc_clients(self):
        bridge = http_filter("grpc_http1_reverse_bridge", "FilterConfig", """
            content_type: application/x-protobuf
            withhold_grpc_frames: true
        """)
        proxy = self.start(bridge, reply(200, "hello", [("content-type", "application/x-protobuf")]),
                           reply(404, "no", [("content-type", "text/plain")]))
        response = proxy.request("POST", "/S/M", GRPC, framed(b"ask"))
        self.assertEqual(self.a.last.body, b"ask")
        self.assertEqual(response.body, framed(b"hello"))
        self.assertEqual(response.header("content-type"), "application/grpc")
        response = proxy.request("POST", "/S/M", GRPC, framed(b"ask"))
        self.assertEqual(response.header("grpc-status"), "12")

    def test_answers_a_grpc_client_in_grpc_when_the_service_is_gone(self):
        bridge = http_filter("grpc_http1_reverse_bridge", "FilterConfig",
                             "content_type: application/x-protobuf")
        proxy = self.start(bridge)
        self.a.stop()
        response = proxy.request("POST", "/S/M", GRPC, framed(b"ask"))
        self.assert_status(response, 200)
        self.assertEqual(response.header("grpc-status"), "14", response)


class CorsTest(FilterStory):
    ROUTES = f"""
        - match: {{ prefix: / }}
          route: {{ cluster: a }}
          typed_per_filter_config:
            envoy.filters.http.cors:
              "@type": {TYPE}extensions.filters.http.cors.v3.CorsPolicy
              allow_origin_string_match: [{{ exact: "https://page.test" }}]
              allow_methods: "GET"
    """

    def test_answers_preflights(self):
        proxy = self.start(http_filter("cors", "Cors"), routes=self.ROUTES)
        asks = [("origin", "https://page.test"), ("access-control-request-method", "GET")]
        response = proxy.request("OPTIONS", "/", asks)
        self.assert_status(response, 200, "")
        self.assertEqual(response.header("access-control-allow-methods"), "GET")
        self.assertEqual(len(self.a.requests), 0)
        self.assertEqual(proxy.get("/", asks[:1]).header("access-control-allow-origin"),
                         "https://page.test")
        self.assertEqual(proxy.counter("http.front.cors.origin_valid"), 2)


class HealthCheckTest(FilterStory):
    def test_fails_when_the_admin_says_so(self):
        check = http_filter("health_check", "HealthCheck", """
            pass_through_mode: false
            headers: [{ name: ":path", string_match: { exact: /healthz } }]
        """)
        proxy = self.start(check)
        self.assert_status(proxy.get("/healthz"), 200)
        proxy.admin("/healthcheck/fail", "POST")
        response = proxy.get("/healthz")
        self.assert_status(response, 503)
        self.assertEqual(response.header("x-envoy-immediate-health-check-fail"), "true")
        self.assertEqual(proxy.get("/").header("x-envoy-immediate-health-check-fail"), "true")
        proxy.admin("/healthcheck/ok", "POST")
        self.assert_status(proxy.get("/healthz"), 200)

    def test_asks_that_clusters_are_healthy(self):
        def check(**percents):
            of = ", ".join(f"{name}: {{ value: {value} }}" for name, value in percents.items())
            return http_filter("health_check", "HealthCheck", f"""
                pass_through_mode: false
                cluster_min_healthy_percentages: {{ {of} }}
            """)
        self.a = self.upstream()
        half = cluster("half", self.a, self.a).replace(
            "  - endpoint:", "  - health_status: UNHEALTHY\n      endpoint:", 1)
        for percents, status in [({"half": 50}, 200), ({"half": 51}, 503), ({"absent": 0}, 503),
                                 ({"empty": 0}, 200), ({"empty": 1}, 503)]:
            proxy = self.proxy(site(TO_A, cluster("a", self.a), half, cluster("empty"),
                                    filters=check(**percents)))
            self.assertEqual(proxy.get("/").status, status, percents)


class FaultTest(FilterStory):
    def test_aborts_and_delays(self):
        fault = http_filter("fault", "HTTPFault", """
            abort: { header_abort: {}, percentage: { numerator: 100 } }
            delay: { fixed_delay: 0.010s, percentage: { numerator: 100 } }
        """)
        proxy = self.start(fault)
        self.assert_status(proxy.get("/", [("x-envoy-fault-abort-request", "418")]), 418,
                           "fault filter abort")
        self.assert_status(proxy.get("/"), 200, "hello")
        self.assertEqual(proxy.counter("http.front.fault.delays_injected"), 2)
        self.assertEqual(proxy.counter("http.front.fault.aborts_injected"), 1)


if __name__ == "__main__":
    main()
