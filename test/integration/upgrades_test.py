#!/usr/bin/env python3
"""Connections and streams that stop being HTTP: WebSocket and other upgrades, CONNECT, in every pair of
protocols, allowed or not, well or badly behaved."""

import base64
import hashlib
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.config import cluster, json_log, protocol_options, site
from harness.http2 import END_HEADERS, END_STREAM, HEADERS, Http2Client, Http2Upstream, data, headers
from harness.story import Story, main
from harness.upstream import raw, reply, reset
from harness.waiting import until

TO_A = "- { match: { prefix: / }, route: { cluster: a } }"
CONNECT_TO_A = "- { match: { connect_matcher: {} }, route: { cluster: a } }\n" + TO_A
WEBSOCKET = "upgrade_configs: [{ upgrade_type: websocket }]"
CONNECT = "upgrade_configs: [{ upgrade_type: CONNECT }]"
OVER_HTTP2 = "http2_protocol_options: { allow_connect: true }"
HTTP2_ENDPOINT = protocol_options("explicit_http_config: { http2_protocol_options: {} }")
ALLOWS_EXTENDED_CONNECT = (8, 1)  # SETTINGS_ENABLE_CONNECT_PROTOCOL, RFC 8441

KEY, ACCEPT = "dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
UPGRADE = (f"GET /chat HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
           f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Protocol: chat\r\n\r\n")
SMUGGLED = "GET /smuggled HTTP/1.1\r\nHost: test\r\n\r\n"


def accept_of(key):
    digest = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
    return base64.b64encode(digest).decode()


def shout(stream):
    """Sends everything back in upper case until the other side ends, then says bye."""
    while received := stream.socket.recv(65536):
        stream.socket.sendall(received.upper())
    stream.socket.sendall(b"bye")
    stream.close()


def websocket(stream, accept=accept_of):
    """Accepts, then shouts."""
    key = stream.request.header("sec-websocket-key")
    stream.socket.sendall(("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                           f"Sec-WebSocket-Accept: {accept(key)}\r\nSec-WebSocket-Protocol: chat\r\n\r\n").encode())
    shout(stream)


def tunnel(stream):
    """Answers a CONNECT, then shouts."""
    stream.socket.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    shout(stream)


def shout_in_http2(status="200", more=()):
    """An act of an HTTP/2 server: opens every stream, then shouts in it."""
    def act(connection):
        heard = {}
        while (frame := connection.read_frame()) is not None:
            if frame.type == HEADERS:
                heard[frame.stream] = 0
                connection.send(headers(frame.stream, [(":status", status), *more], END_HEADERS))
            body = bytes(connection.bodies.get(frame.stream, b""))
            if frame.stream in heard and len(body) > heard[frame.stream]:
                connection.send(data(frame.stream, body[heard[frame.stream]:].upper()))
                heard[frame.stream] = len(body)
            if frame.stream in connection.ended:
                connection.send(data(frame.stream, b"bye", END_STREAM))
                connection.ended.discard(frame.stream)
    return act


class UpgradeStory(Story):
    def start(self, routes, upstream, http="", more="", **flags):
        self.log = self.directory() / "access.log"
        log = json_log(self.log, code="%RESPONSE_CODE%", flags="%RESPONSE_FLAGS%", details="%RESPONSE_CODE_DETAILS%",
                       protocol="%PROTOCOL%", received="%BYTES_RECEIVED%", sent="%BYTES_SENT%",
                       reason="%UPSTREAM_TRANSPORT_FAILURE_REASON%")
        self.outrigger = self.proxy(site(routes, cluster("a", upstream, more=more), http=f"{http}\n{log}"), **flags)
        return self.outrigger

    def logged(self):
        """The latest line."""
        lines = until(lambda: self.log.exists() and self.log.read_text().splitlines(), "a log line")
        return json.loads(lines[-1])

    def http2_upstream(self, act, *settings):
        upstream = Http2Upstream(act, *settings)
        self.addCleanup(upstream.stop)
        return upstream

    def http2_client(self):
        client = Http2Client(self.outrigger.port())
        self.addCleanup(client.close)
        return client

    # -- one conversation ------------------------------------------------------------------------

    def assert_http1_shouts(self, client):
        """The tunnel stands: bytes both ways, each half ends by itself."""
        client.send("one ")
        self.assertEqual(client._read_exactly(4), b"ONE ")
        client.send("two").finish_sending()
        self.assertEqual(client.read_to_end(), b"TWObye")

    def assert_http2_shouts(self, client, stream=1):
        client.send(data(stream, b"one "))
        client.until(lambda: client.bodies.get(stream) == b"ONE ", "an answer")
        client.send(data(stream, b"two", END_STREAM)).wait_for_end(stream)
        self.assertEqual(client.bodies[stream], b"ONE TWObye")
        self.assertNotIn(stream, client.resets)

    def open_http1_websocket(self):
        client = self.connect(self.outrigger)
        head = client.send(UPGRADE).read_head()
        self.assertEqual(head.status, 101)
        self.assertEqual(head.header("upgrade").lower(), "websocket")
        self.assertEqual(head.header("connection").lower(), "upgrade")
        self.assertEqual(head.header("sec-websocket-accept"), ACCEPT)
        self.assertEqual(head.header("sec-websocket-protocol"), "chat")
        return client

    def open_http2_websocket(self):
        client = self.http2_client()
        client.send(headers(1, [(":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "http"),
                                (":path", "/chat"), (":authority", "test"), ("sec-websocket-version", "13"),
                                ("sec-websocket-protocol", "chat")], END_HEADERS))
        client.until(lambda: 1 in client.heads or 1 in client.resets, "a head")
        return client

    def assert_websocket_is_open(self, client):
        head = dict(client.heads[1][-1])
        self.assertEqual(head[":status"], "200")
        self.assertNotIn("sec-websocket-accept", head)
        self.assertEqual(head["sec-websocket-protocol"], "chat")


class WebSocketTest(UpgradeStory):
    def test_http1_to_http1(self):
        proxy = self.start(TO_A, self.upstream(websocket), WEBSOCKET)
        self.assert_http1_shouts(self.open_http1_websocket())
        line = self.logged()
        self.assertEqual((line["code"], line["flags"], line["protocol"]), (101, None, "HTTP/1.1"))
        self.assertEqual((line["received"], line["sent"]), (7, 10))
        self.assertEqual(proxy.counter("http.front.downstream_cx_upgrades_total"), 1)
        self.assertEqual(proxy.counter("http.front.downstream_cx_upgrades_active"), 0)

    def test_http1_to_http2(self):
        upstream = self.http2_upstream(shout_in_http2(more=[("sec-websocket-protocol", "chat")]), ALLOWS_EXTENDED_CONNECT)
        self.start(TO_A, upstream, WEBSOCKET, more=HTTP2_ENDPOINT)
        self.assert_http1_shouts(self.open_http1_websocket())
        head = dict(upstream.connections[0].heads[1][0])
        self.assertEqual((head[":method"], head[":protocol"], head[":path"]), ("CONNECT", "websocket", "/chat"))
        self.assertNotIn("sec-websocket-key", head)
        self.assertEqual(head["sec-websocket-version"], "13")

    def test_http2_to_http1(self):
        upstream = self.upstream(websocket)
        self.start(TO_A, upstream, f"{WEBSOCKET}\n{OVER_HTTP2}")
        client = self.open_http2_websocket()
        self.assert_websocket_is_open(client)
        self.assert_http2_shouts(client)
        self.assertEqual(upstream.last.method, "GET")
        self.assertEqual(upstream.last.header("upgrade"), "websocket")
        self.assertEqual(len(base64.b64decode(upstream.last.header("sec-websocket-key"))), 16)
        self.assertEqual(self.logged()["protocol"], "HTTP/2")

    def test_http2_to_http2(self):
        upstream = self.http2_upstream(shout_in_http2(more=[("sec-websocket-protocol", "chat")]), ALLOWS_EXTENDED_CONNECT)
        self.start(TO_A, upstream, f"{WEBSOCKET}\n{OVER_HTTP2}", more=HTTP2_ENDPOINT)
        client = self.open_http2_websocket()
        self.assert_websocket_is_open(client)
        self.assert_http2_shouts(client)

    def test_an_endpoint_that_answers_another_key(self):
        self.start(TO_A, self.upstream(lambda stream: websocket(stream, accept=lambda key: ACCEPT)), f"{WEBSOCKET}\n{OVER_HTTP2}")
        client = self.open_http2_websocket().wait_for_end(1)
        self.assertEqual(client.status(1), 502)
        line = self.logged()
        self.assertEqual((line["flags"], line["reason"]), ("UPE", "http1_bad_websocket_accept"))

    def test_an_endpoint_that_switches_to_something_else(self):
        other = raw(b"HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\n")
        self.start(TO_A, self.upstream(other), WEBSOCKET)
        client = self.connect(self.outrigger)
        self.assertEqual(client.send(UPGRADE).read_response().status, 502)
        self.assertEqual(self.logged()["reason"], "http1_upgrade_not_requested")

    def test_an_endpoint_that_resets(self):
        def act(stream):
            stream.socket.sendall(b"HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                                  b"Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Accept: " + ACCEPT.encode() + b"\r\n\r\n")
            stream.socket.recv(1)
            reset(stream)
        self.start(TO_A, self.upstream(act), WEBSOCKET)
        client = self.open_http1_websocket().send("x")
        with self.assertRaises(ConnectionResetError):
            client.read_to_end()
        self.assertEqual(self.logged()["flags"], "UC")

    def test_a_client_that_leaves_takes_the_endpoint_along(self):
        over = []
        def act(stream):
            try:
                websocket(stream)
            finally:
                over.append(True)
        self.start(TO_A, self.upstream(act), WEBSOCKET)
        self.open_http1_websocket().reset()
        until(lambda: over, "the endpoint sees the end")
        self.assertEqual(self.logged()["flags"], "DC")

    def test_a_slow_reader_does_not_fill_the_proxy(self):
        def pour(stream):
            stream.socket.sendall(b"HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                                  b"Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Accept: " + ACCEPT.encode() + b"\r\n\r\n")
            for _ in range(64):
                stream.socket.sendall(b"x" * (1 << 20))
            stream.close()
        proxy = self.start(TO_A, self.upstream(pour), WEBSOCKET, concurrency=1)
        client = self.open_http1_websocket()
        before = proxy.process.resident_bytes()
        proxy.wait_for_counter("cluster.a.upstream_flow_control_paused_reading_total", 1)
        self.assertEqual(len(client.read_to_end()), 64 << 20)
        proxy.process.check_grew_less(before, 16 << 20)


class RefusedTest(UpgradeStory):
    def assert_refused_and_closed(self, client):
        response = client.read_response()
        self.assertEqual(response.status, 403)
        self.assertEqual(response.header("connection"), "close")
        self.assertTrue(client.is_closed_by_peer())
        self.assertEqual(self.logged()["details"], "upgrade_failed")

    def test_without_upgrade_configs(self):
        upstream = self.upstream(reply())
        proxy = self.start(TO_A, upstream)
        self.assert_refused_and_closed(self.connect(proxy).send(UPGRADE + SMUGGLED))
        self.assertEqual(upstream.requests, [])
        self.assertEqual(proxy.counter("http.front.downstream_rq_ws_on_non_ws_route"), 1)

    def test_connect_without_upgrade_configs(self):
        upstream = self.upstream(reply())
        proxy = self.start(CONNECT_TO_A, upstream)
        self.assert_refused_and_closed(self.connect(proxy).send("CONNECT b:443 HTTP/1.1\r\nHost: b:443\r\n\r\n" + SMUGGLED))
        self.assertEqual(upstream.requests, [])

    def test_by_the_route(self):
        route = ("- { match: { prefix: / }, route: { cluster: a, upgrade_configs: "
                 "[{ upgrade_type: websocket, enabled: false }] } }")
        proxy = self.start(route, self.upstream(websocket), WEBSOCKET)
        self.assert_refused_and_closed(self.connect(proxy).send(UPGRADE))

    def test_allowed_by_the_route_alone(self):
        route = "- { match: { prefix: / }, route: { cluster: a, upgrade_configs: [{ upgrade_type: websocket }] } }"
        self.start(route, self.upstream(websocket))
        self.assert_http1_shouts(self.open_http1_websocket())

    def test_over_http2(self):
        self.start(TO_A, self.upstream(websocket), OVER_HTTP2)
        client = self.open_http2_websocket()
        self.assertEqual(client.status(1), 403)

    def test_over_http2_where_extended_connect_is_not_offered(self):
        self.start(TO_A, self.upstream(websocket), WEBSOCKET)
        client = self.open_http2_websocket().wait_for_end(1)
        self.assertEqual(client.status(1), 400)

    def test_what_follows_a_refusal_of_the_endpoint_is_not_a_request(self):
        upstream = self.upstream(reply(200, "no websocket here"))
        proxy = self.start(TO_A, upstream, WEBSOCKET)
        client = self.connect(proxy).send(UPGRADE + SMUGGLED)
        response = client.read_response()
        self.assertEqual((response.status, response.header("connection")), (200, "close"))
        self.assertTrue(client.is_closed_by_peer())
        self.assertEqual([r.target for r in upstream.requests], ["/chat"])

    def test_h2c_never_reaches_the_endpoint(self):
        upstream = self.upstream(reply())
        proxy = self.start(TO_A, upstream, "upgrade_configs: [{ upgrade_type: websocket }, { upgrade_type: other }]")
        for upgrade in ("h2c", "H2C", "h2c, websocket", "websocket, h2c"):
            with self.subTest(upgrade=upgrade):
                response = proxy.get(headers={"Connection": "Upgrade, HTTP2-Settings", "Upgrade": upgrade,
                                              "HTTP2-Settings": "AAMAAABkAARAAAAAAAIAAAAA"})
                self.assertEqual(response.status, 200)
                for name in ("upgrade", "connection", "http2-settings"):
                    self.assertIsNone(upstream.last.header(name), upstream.last.head)

    def test_an_upgrade_with_a_body_is_an_ordinary_request(self):
        upstream = self.upstream(reply())
        proxy = self.start(TO_A, upstream, WEBSOCKET)
        client = self.connect(proxy).send("POST /x HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                                          "Content-Length: 3\r\n\r\nabc" + SMUGGLED)
        self.assertEqual(client.read_response().status, 200)
        self.assertEqual(client.read_response().status, 200)
        self.assertEqual([(r.target, r.body, r.header("upgrade")) for r in upstream.requests],
                         [("/x", b"abc", None), ("/smuggled", b"", None)])


class ConnectTest(UpgradeStory):
    def open_http1(self):
        client = self.connect(self.outrigger)
        head = client.send("CONNECT b.example:443 HTTP/1.1\r\nHost: b.example:443\r\n\r\n").read_head()
        self.assertEqual(head.status, 200)
        for name in ("content-length", "transfer-encoding", "upgrade"):
            self.assertIsNone(head.header(name))
        return client

    def open_http2(self):
        client = self.http2_client()
        client.send(headers(1, [(":method", "CONNECT"), (":authority", "b.example:443")], END_HEADERS))
        client.until(lambda: 1 in client.heads, "a head")
        self.assertEqual(client.status(1), 200)
        return client

    def test_http1_to_http1(self):
        upstream = self.upstream(tunnel)
        self.start(CONNECT_TO_A, upstream, CONNECT)
        self.assert_http1_shouts(self.open_http1())
        self.assertEqual((upstream.last.method, upstream.last.target), ("CONNECT", "b.example:443"))
        self.assertEqual(self.logged()["code"], 200)

    def test_http2_to_http1(self):
        upstream = self.upstream(tunnel)
        self.start(CONNECT_TO_A, upstream, CONNECT)
        self.assert_http2_shouts(self.open_http2())
        self.assertEqual((upstream.last.method, upstream.last.target), ("CONNECT", "b.example:443"))

    def test_http1_to_http2(self):
        upstream = self.http2_upstream(shout_in_http2())
        self.start(CONNECT_TO_A, upstream, CONNECT, more=HTTP2_ENDPOINT)
        self.assert_http1_shouts(self.open_http1())
        head = dict(upstream.connections[0].heads[1][0])
        self.assertEqual((head[":method"], head[":authority"]), ("CONNECT", "b.example:443"))
        self.assertFalse({":path", ":scheme", ":protocol"} & head.keys())

    def test_http2_to_http2(self):
        self.start(CONNECT_TO_A, self.http2_upstream(shout_in_http2()), CONNECT, more=HTTP2_ENDPOINT)
        self.assert_http2_shouts(self.open_http2())

    def test_only_routes_for_connect_take_it(self):
        proxy = self.start(TO_A, self.upstream(tunnel), CONNECT)
        client = self.connect(proxy).send("CONNECT b:443 HTTP/1.1\r\nHost: b:443\r\n\r\n")
        response = client.read_response()
        self.assertEqual((response.status, response.header("connection")), (404, "close"))


if __name__ == "__main__":
    main()
