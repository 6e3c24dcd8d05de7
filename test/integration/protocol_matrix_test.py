#!/usr/bin/env python3
"""Every pair of protocols from one body of tests: what a client of either sends and an endpoint of
either answers passes through whole, in time, and ends as it ended."""

import pathlib
import random
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.config import cluster, protocol_options, site
from harness.exchange import Broken, ExchangeClient, ExchangeUpstream
from harness.story import Story, main
from harness.waiting import until

MIB = 1 << 20
TO_A = "- { match: { prefix: / }, route: { cluster: a, timeout: 0s } }"
# HTTP/1 passes trailers on where both sides are told to.
OPTIONS = {"h1": "http_protocol_options: { enable_trailers: true }", "h2": "http2_protocol_options: {}"}


class Matrix:
    """The tests; a subclass says which protocols."""

    client_protocol = upstream_protocol = None

    def start(self, routes=TO_A, cluster_more="", options="", settings=None):
        self.endpoint = ExchangeUpstream(self.upstream_protocol, settings)
        self.addCleanup(self.endpoint.stop)
        more = protocol_options(f"explicit_http_config: {{ {options or OPTIONS[self.upstream_protocol]} }}")
        self.outrigger = self.proxy(
            site(routes, cluster("a", self.endpoint, more=more + cluster_more),
                 http="codec_type: AUTO\nhttp_protocol_options: { enable_trailers: true }"), concurrency=1)
        self.client = ExchangeClient(self.client_protocol, self.outrigger.port())
        self.addCleanup(self.client.close)

    def begin(self, *request, **more):
        """(the client's exchange, the endpoint's, the head as it came there)."""
        client = self.client.begin().request(*request, **more)
        return (client, *self.endpoint.next())

    def counted(self, name):
        return self.outrigger.counter("cluster.a." + name)

    # -- whole messages --------------------------------------------------------------------------

    def test_a_request_and_its_response(self):
        self.start()
        client, server, head = self.begin("GET", "/path?query=1", [("x-one", "1"), ("x-one", "2")])
        self.assertEqual((head.method, head.path, head.authority), ("GET", "/path?query=1", "test"))
        self.assertEqual(head.all("x-one"), ["1", "2"])
        self.assertEqual(server.rest(), (b"", []))
        server.respond(201, [("set-cookie", "a=1"), ("set-cookie", "b=2")]).finish(b"hello")
        head = client.next_head()
        self.assertEqual((head.status, head.all("set-cookie")), (201, ["a=1", "b=2"]))
        self.assertEqual(client.rest(), (b"hello", []))
        self.assertEqual(self.counted("upstream_rq_201"), 1)

    def test_bodies_with_a_length(self):
        self.start()
        client, server, head = self.begin("POST", "/", [("content-length", "9")], last=False)
        client.finish(b"some body")
        self.assertEqual(head.get("content-length"), "9")
        self.assertEqual(server.rest()[0], b"some body")
        server.respond(200, [("content-length", "5")]).finish(b"reply")
        self.assertEqual(client.next_head().get("content-length"), "5")
        self.assertEqual(client.rest()[0], b"reply")

    def test_large_bodies_of_unknown_length(self):
        self.start()
        body = random.Random(1).randbytes(3 * MIB)
        client, server, head = self.begin("POST", last=False)
        self.assertIsNone(head.get("content-length"))
        for at in range(0, len(body), MIB // 4):
            client.send(body[at:at + MIB // 4])
            self.assertEqual(server.read(MIB // 4), body[at:at + MIB // 4])
        client.finish()
        self.assertEqual(server.rest(), (b"", []))
        server.respond()
        for at in range(0, len(body), MIB // 4):
            server.send(body[at:at + MIB // 4])
            if at == 0:
                self.assertEqual(client.next_head().status, 200)
            self.assertEqual(client.read(MIB // 4), body[at:at + MIB // 4])
        server.finish()
        self.assertEqual(client.rest(), (b"", []))

    def test_trailers_of_both_sides(self):
        self.start()
        client, server, _ = self.begin("POST", headers=[("te", "trailers")], last=False)
        client.finish(b"body", [("x-checksum", "123")])
        self.assertEqual(server.rest(), (b"body", [("x-checksum", "123")]))
        server.respond().finish(b"reply", [("grpc-status", "0"), ("x-more", "4")])
        client.next_head()
        self.assertEqual(client.rest(), (b"reply", [("grpc-status", "0"), ("x-more", "4")]))

    def test_a_response_without_a_body(self):
        self.start()
        for status in (204, 304):
            with self.subTest(status):
                client = self.client.begin().request()
                server, _ = self.endpoint.next() if status == 204 or self.upstream_protocol == "h2" else (
                    server, server.next_head())
                server.respond(status, last=True)
                self.assertEqual(client.next_head().status, status)
                self.assertEqual(client.rest(), (b"", []))

    def test_head_has_the_length_of_get(self):
        self.start()
        client, server, head = self.begin("HEAD")
        self.assertEqual(head.method, "HEAD")
        server.respond(200, [("content-length", "12345")], last=True)
        self.assertEqual(client.next_head().get("content-length"), "12345")
        self.assertEqual(client.rest(), (b"", []))

    # -- what belongs to one connection ----------------------------------------------------------

    def test_fields_of_a_connection_stay_there(self):
        self.start()
        own = [("connection", "x-mine, keep-alive"), ("x-mine", "1"), ("keep-alive", "timeout=5")]
        client, server, head = self.begin(headers=own if self.client_protocol == "h1" else [])
        for name in ("connection", "keep-alive", "x-mine", "upgrade", "proxy-connection"):
            self.assertIsNone(head.get(name), name)
        server.respond(200, own if self.upstream_protocol == "h1" else []).finish(b"hello")
        head = client.next_head()
        for name in ("connection", "keep-alive", "x-mine"):
            self.assertIsNone(head.get(name), name)

    def test_te_trailers_passes(self):
        self.start()
        _, _, head = self.begin(headers=[("te", "trailers")])
        self.assertEqual(head.get("te"), "trailers")

    def test_crumbs_of_a_cookie_come_as_one(self):
        self.start()
        crumbs = [("cookie", "a=1"), ("cookie", "b=2")] if self.client_protocol == "h2" else [("cookie", "a=1; b=2")]
        _, _, head = self.begin(headers=crumbs)
        self.assertEqual("; ".join(head.all("cookie")), "a=1; b=2")
        if self.upstream_protocol == "h1":
            self.assertEqual(len(head.all("cookie")), 1)

    # -- order and time --------------------------------------------------------------------------

    def test_informational_responses(self):
        self.start()
        client, server, _ = self.begin()
        server.respond(103, [("link", "</style.css>")])
        head = client.next_head()
        self.assertEqual((head.status, head.get("link")), (103, "</style.css>"))
        server.respond(200).finish(b"hello")
        self.assertEqual(client.next_head().status, 200)
        self.assertEqual(client.rest()[0], b"hello")

    def test_a_client_that_waits_for_100_continue_is_told_to_go_on(self):
        self.start()
        client, server, head = self.begin("POST", headers=[("expect", "100-continue")], last=False)
        self.assertEqual(client.next_head().status, 100)
        self.assertIsNone(head.get("expect"))  # the proxy has met it
        client.finish(b"body")
        self.assertEqual(server.rest()[0], b"body")
        server.respond(200).finish()
        self.assertEqual(client.next_head().status, 200)

    def test_a_response_before_the_end_of_the_request(self):
        self.start()
        client, server, _ = self.begin("POST", last=False)
        client.send(b"first piece")
        self.assertEqual(server.read(11), b"first piece")
        server.respond(413).finish(b"too much")
        self.assertEqual(client.next_head().status, 413)
        self.assertEqual(client.rest()[0], b"too much")

    def test_both_directions_at_once(self):
        self.start()
        client, server, _ = self.begin("POST", last=False)
        server.respond()
        self.assertEqual(client.next_head().status, 200)
        for i in range(20):
            piece = b"piece %d" % i
            client.send(piece)
            self.assertEqual(server.read(len(piece)), piece)
            server.send(piece.upper())
            self.assertEqual(client.read(len(piece)), piece.upper())
        client.finish()
        self.assertEqual(server.rest()[0], b"")
        server.finish(b"bye")
        self.assertEqual(client.rest()[0], b"bye")

    def test_an_endpoint_that_ends_first_and_a_client_that_goes_on(self):
        self.start()
        client, server, _ = self.begin("POST", last=False)
        server.respond().finish(b"done")
        self.assertEqual(client.next_head().status, 200)
        self.assertEqual(client.rest()[0], b"done")
        # What it still sends harms nobody: the next request is served.
        try:
            client.send(b"x" * 1000)
        except Broken:
            pass
        client, server, _ = self.begin()
        server.respond().finish(b"next")
        client.next_head()
        self.assertEqual(client.rest()[0], b"next")

    def test_the_route_has_a_timeout(self):
        self.start("- { match: { prefix: / }, route: { cluster: a, timeout: 0.1s } }")
        client, server, _ = self.begin()
        head = client.next_head()
        self.assertEqual(head.status, 504)
        self.assertEqual(client.rest()[0], b"upstream request timeout")
        server.wait_for_break()
        self.assertEqual(self.counted("upstream_rq_timeout"), 1)

    def test_a_slow_client_holds_its_endpoint_back(self):
        self.start(cluster_more="per_connection_buffer_limit_bytes: 65536\n")
        client, server, _ = self.begin()
        server.respond()
        client.next_head()
        body = random.Random(2).randbytes(12 * MIB)
        before = self.outrigger.process.resident_bytes()
        sender = threading.Thread(target=lambda: server.finish(body), daemon=True)
        sender.start()
        until(lambda: self.counted("upstream_flow_control_paused_reading_total") > 0, "the endpoint is held back")
        self.assertTrue(sender.is_alive())
        self.outrigger.process.check_grew_less(before, 10 * MIB, peak=False)
        self.assertEqual(client.rest()[0], body)

    def test_many_at_a_time(self):
        self.start()
        clients = [self.client.begin().request("POST", f"/{i}", last=False) for i in range(50)]
        servers = {}
        for _ in clients:
            server, head = self.endpoint.next()
            servers[head.path] = server
        for i, client in reversed(list(enumerate(clients))):
            client.finish(b"body of %d" % i)
        for i, client in enumerate(clients):
            server = servers[f"/{i}"]
            server.respond().finish(server.rest()[0] + b", seen")
            client.next_head()
            self.assertEqual(client.rest()[0], b"body of %d, seen" % i)
        self.assertEqual(self.endpoint.connections, 1 if self.upstream_protocol == "h2" else 50)

    # -- bad ends --------------------------------------------------------------------------------

    def test_an_endpoint_that_resets_before_its_response(self):
        self.start()
        client, server, _ = self.begin("POST", last=True)
        server.reset()
        self.assertEqual(client.next_head().status, 503)
        self.assertIn(b"reset reason: ", client.rest()[0])
        self.assertEqual(self.counted("upstream_rq_rx_reset"), 1)

    def test_an_endpoint_that_resets_inside_its_response(self):
        self.start()
        client, server, _ = self.begin()
        server.respond().send(b"half")
        self.assertEqual(client.next_head().status, 200)
        self.assertEqual(client.read(4), b"half")
        server.reset()
        with self.assertRaises(Broken):
            client.rest()

    def test_a_client_that_resets(self):
        self.start()
        client, server, _ = self.begin("POST", last=False)
        client.send(b"half")
        self.assertEqual(server.read(4), b"half")
        client.reset()
        server.wait_for_break()
        until(lambda: self.counted("upstream_rq_active") == 0, "the request is over")
        self.assertEqual(self.counted("upstream_rq_tx_reset"), 1)

    def test_a_client_that_resets_inside_the_response(self):
        self.start()
        client, server, _ = self.begin()
        server.respond().send(b"half")
        client.next_head()
        client.reset()
        server.wait_for_break()
        until(lambda: self.counted("upstream_rq_active") == 0, "the request is over")

    def test_an_endpoint_that_is_not_there(self):
        self.start()
        self.endpoint.stop()
        client = self.client.begin().request()
        self.assertEqual(client.next_head().status, 503)
        self.assertEqual(self.counted("upstream_cx_connect_fail"), 1)


class Http1ToHttp1(Matrix, Story):
    client_protocol, upstream_protocol = "h1", "h1"


class Http1ToHttp2(Matrix, Story):
    client_protocol, upstream_protocol = "h1", "h2"


class Http2ToHttp1(Matrix, Story):
    client_protocol, upstream_protocol = "h2", "h1"


class Http2ToHttp2(Matrix, Story):
    client_protocol, upstream_protocol = "h2", "h2"


if __name__ == "__main__":
    main()
