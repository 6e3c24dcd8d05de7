#!/usr/bin/env python3
"""gRPC-Web through cors and grpc_web to the gRPC C++ server: @connectrpc/connect-web (binary, over
fetch) and grpc-web (text and binary, over XMLHttpRequest)."""

import base64
import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.config import TYPE, http_filter
from harness.peer_story import PeerStory
from harness.process import built
from harness.story import main
from harness.waiting import until

ROUTES = f"""
- match: {{ prefix: / }}
  route: {{ cluster: a, timeout: 0s }}
  typed_per_filter_config:
    envoy.filters.http.cors:
      "@type": {TYPE}extensions.filters.http.cors.v3.CorsPolicy
      allow_origin_string_match: [{{ exact: "https://shop.example" }}]
      allow_methods: "POST, OPTIONS"
      allow_headers: "content-type,x-grpc-web,x-user-agent,grpc-timeout,x-echo"
      expose_headers: "grpc-status,grpc-message,x-echo"
      max_age: "600"
"""
FILTERS = http_filter("cors", "Cors") + http_filter("grpc_web", "GrpcWeb")
DESCRIPTORS = "test/peers/calls_proto-descriptor-set.proto.bin"
ALL_BYTES = base64.b64encode(bytes(range(256))).decode()


def frame(message, flags=0):
    """A length-prefixed message."""
    return struct.pack(">BI", flags, len(message)) + message


class GrpcWebStory(PeerStory):
    def setUp(self):
        if self.is_without_proxy():
            self.skipTest("the server speaks no gRPC-Web")
        self.calls_peer = self.calls_server()
        self.port = self.between(self.calls_peer, routes=ROUTES, filters=FILTERS)


class Cases:
    """What a client must see, whichever it is."""

    client = None

    def call(self, case):
        return self.run_node("grpc_web_client.js", self.port, built(DESCRIPTORS), self.client, case)

    def assert_ended(self, seen, code, message=""):
        self.assertEqual((seen["code"], seen["message"]), (code, message), seen)

    def test_unary(self):
        seen = self.call("unary")
        self.assert_ended(seen, 0)
        self.assertEqual((seen["answers"], seen["askBytes"]), ([2000], 1000))

    def test_an_empty_message_is_a_message(self):
        seen = self.call("empty")
        self.assert_ended(seen, 0)
        self.assertEqual((seen["answers"], seen["asks"]), ([0], 1))

    def test_large_messages(self):
        seen = self.call("large")
        self.assert_ended(seen, 0)
        self.assertEqual((seen["answers"], seen["askBytes"]), ([3 << 20], 2 << 20))

    def test_status_and_message(self):
        self.assert_ended(self.call("status"), 5, "n\u00e9 \u2603 100%")

    def test_metadata_in_head_and_trailers(self):
        seen = self.call("metadata")
        self.assert_ended(seen, 0)
        self.assertEqual(seen["head"]["x-echo"], "mine")
        self.assertEqual(seen["trailers"]["x-echo-bin"].rstrip("="), ALL_BYTES.rstrip("="))

    def test_a_deadline_reaches_the_server(self):
        seen = self.call("deadline")
        self.assertEqual(seen["code"], 4, seen)
        until(lambda: "cancelled Unary" in self.calls_peer.log, "the server's call ends")


class StreamingCases(Cases):
    def test_server_streaming(self):
        seen = self.call("download")
        self.assert_ended(seen, 0)
        self.assertEqual(seen["answers"], [777] * 200)

    def test_a_stream_without_an_answer(self):
        seen = self.call("no_answers")
        self.assert_ended(seen, 0)
        self.assertEqual(seen["answers"], [])

    def test_a_status_after_answers(self):
        seen = self.call("status_after_answers")
        self.assert_ended(seen, 8, "no more")
        self.assertEqual(seen["answers"], [5, 5, 5])


class ConnectTest(StreamingCases, GrpcWebStory):
    client = "connect"


class TextModeTest(StreamingCases, GrpcWebStory):
    client = "text"


class BinaryModeTest(Cases, GrpcWebStory):
    """grpc-web streams in its text mode only."""

    client = "binary"


class WireTest(GrpcWebStory):
    """What is on the wire, for which a client has no eyes."""

    def ask(self, content_type, body, **headers):
        return self.outrigger.request(
            "POST", "/outrigger.test.Calls/Unary", body=body,
            headers={"content-type": content_type, "x-grpc-web": "1", "origin": "https://shop.example", **headers})

    def test_binary_ends_with_a_trailers_frame(self):
        response = self.ask("application/grpc-web+proto", frame(b""))
        self.assert_status(response, 200)
        self.assertEqual(response.header("content-type"), "application/grpc-web+proto")
        answer = frame(b"\x10\x01")
        self.assertEqual(response.body[:len(answer)], answer)
        flags, length = struct.unpack(">BI", response.body[len(answer):len(answer) + 5])
        trailers = response.body[len(answer) + 5:]
        self.assertEqual((flags, length), (0x80, len(trailers)))
        self.assertRegex(trailers.decode(), r"(?m)^grpc-status: ?0\r$")

    def test_text_is_base64_on_both_ways(self):
        kind = "application/grpc-web-text+proto"
        response = self.ask(kind, base64.b64encode(frame(b"")), accept=kind)
        self.assert_status(response, 200)
        self.assertEqual(response.header("content-type"), kind)
        self.assertTrue(base64.b64decode(response.body).startswith(frame(b"\x10\x01")))

    def test_text_that_is_no_base64_is_refused(self):
        self.assert_status(self.ask("application/grpc-web-text+proto", "?" * 20), 400)
        self.assert_status(self.ask("application/grpc-web-text+proto", base64.b64encode(frame(b""))), 200)

    def test_a_preflight_is_answered_by_the_proxy(self):
        response = self.outrigger.request("OPTIONS", "/outrigger.test.Calls/Unary", headers={
            "origin": "https://shop.example", "access-control-request-method": "POST",
            "access-control-request-headers": "content-type,x-grpc-web"})
        self.assert_status(response, 200)
        self.assertEqual(response.header("access-control-allow-origin"), "https://shop.example")
        self.assertEqual(response.header("access-control-allow-methods"), "POST, OPTIONS")
        self.assertIn("x-grpc-web", response.header("access-control-allow-headers"))
        self.assertEqual(response.header("access-control-max-age"), "600")
        self.assertEqual(self.counted("cluster.a.upstream_rq_total"), 0)

    def test_the_answer_says_which_origin_may_read_it(self):
        response = self.ask("application/grpc-web+proto", frame(b""))
        self.assertEqual(response.header("access-control-allow-origin"), "https://shop.example")
        self.assertIn("grpc-status", response.header("access-control-expose-headers"))
        other = self.ask("application/grpc-web+proto", frame(b""), origin="https://evil.example")
        self.assertIsNone(other.header("access-control-allow-origin"))

    def test_an_endpoint_that_is_not_there_is_a_grpc_status_in_the_body(self):
        self.calls_peer.kill()
        response = self.ask("application/grpc-web+proto", frame(b""))
        self.assert_status(response, 200)
        status = response.header("grpc-status") or response.body.decode("latin-1")
        self.assertIn("14", status)


if __name__ == "__main__":
    main()
