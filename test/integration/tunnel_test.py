#!/usr/bin/env python3
"""CONNECT begins and ends in the proxy: tcp_proxy puts connections into tunnels, routes let tunnels out."""

import json
import pathlib
import random
import socket
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.config import bootstrap, cluster, json_log, protocol_options, site
from harness.http2 import (CANCEL, END_HEADERS, END_STREAM, HEADERS, REFUSED_STREAM, Http2Client, Http2Upstream, data,
                           headers, reset)
from harness.l4 import (TcpServer, chain, dial, echo_bytes, is_closed, l4_listener, lines_of, read_all, read_exactly,
                        tcp_proxy)
from harness.process import built, installed, run
from harness.story import Story, main
from harness.upstream import raw, reply
from harness.waiting import until

MIB = 1 << 20
HTTP2_ENDPOINT = protocol_options("explicit_http_config: { http2_protocol_options: {} }")
CONNECT = "CONNECT b.example:443 HTTP/1.1\r\nHost: b.example:443\r\n\r\n"


def ending(more="", cluster_name="a"):
    """A route that ends CONNECT."""
    return (f"- {{ match: {{ connect_matcher: {{}} }}, route: {{ cluster: {cluster_name}, "
            f"upgrade_configs: [{{ upgrade_type: CONNECT, connect_config: {{ {more} }} }}] }} }}\n")


class TunnelStory(Story):
    def server(self, act=echo_bytes):
        server = TcpServer(act)
        self.addCleanup(server.stop)
        return server

    def nobody(self):
        server = self.server()
        server.stop()
        return server

    def logging(self):
        self.log = self.directory() / "log"
        return json_log(self.log, code="%RESPONSE_CODE%", flags="%RESPONSE_FLAGS%", details="%RESPONSE_CODE_DETAILS%",
                        reason="%UPSTREAM_TRANSPORT_FAILURE_REASON%")

    def logged(self):
        return json.loads(lines_of(self.log, 1)[-1])

    def dial(self, proxy, listener="front"):
        connection = dial(proxy.port(listener))
        self.addCleanup(connection.close)
        return connection

    def curl(self, *arguments):
        done = run(installed("curl"), "--silent", "--show-error", "--max-time", 20, *arguments)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        return done.stdout


class EndTest(TunnelStory):
    """upgrade_configs with connect_config."""

    def ends(self, *servers, more="", cluster_more="", **flags):
        self.outrigger = self.proxy(site(ending(more), cluster("a", *servers, more=cluster_more), http=self.logging()),
                                    **flags)
        return self.outrigger

    def open_http1(self):
        client = self.connect(self.outrigger)
        head = client.send(CONNECT).read_head()
        self.assertEqual(head.status, 200)
        for name in ("content-length", "transfer-encoding", "upgrade"):
            self.assertIsNone(head.header(name))
        return client

    def test_curl_through_it_to_an_http_server(self):
        proxy = self.ends(self.upstream(reply(200, "hello")))
        self.assertEqual(self.curl("--proxytunnel", "--proxy", proxy.url(), "http://server.example/"), b"hello")
        self.assertEqual(proxy.counter("cluster.a.upstream_cx_total"), 1)

    def test_http1_to_bytes(self):
        proxy = self.ends(self.server())
        client = self.open_http1()
        client.send("one ")
        self.assertEqual(client._read_exactly(4), b"one ")
        client.send("two").finish_sending()
        self.assertEqual(client.read_to_end(), b"two")
        self.assertEqual((self.logged()["code"], self.logged()["flags"]), (200, None))
        until(lambda: proxy.counter("cluster.a.upstream_cx_active") == 0, "the connection ends")
        self.assertEqual(proxy.counter("http.front.downstream_cx_upgrades_active"), 0)
        self.assertEqual(proxy.counter("cluster.a.upstream_rq_total"), 1)

    def test_http2_to_bytes(self):
        proxy = self.ends(self.server())
        client = Http2Client(proxy.port())
        self.addCleanup(client.close)
        for stream in (1, 3):
            client.send(headers(stream, [(":method", "CONNECT"), (":authority", "b.example:443")], END_HEADERS))
            client.until(lambda: stream in client.heads, "a head")
            self.assertEqual(client.status(stream), 200)
            client.send(data(stream, b"one "))
            client.until(lambda: client.bodies.get(stream) == b"one ", "an answer")
            client.send(data(stream, b"two", END_STREAM)).wait_for_end(stream)
            self.assertEqual(client.bodies[stream], b"one two")
            self.assertNotIn(stream, client.resets)
        self.assertEqual(proxy.counter("cluster.a.upstream_cx_total"), 2)

    def test_a_server_that_speaks_first_and_ends_first(self):
        seen = []
        def act(connection):
            connection.sendall(b"220 hello\r\n")
            connection.shutdown(socket.SHUT_WR)
            seen.append(read_all(connection))
        self.ends(self.server(act))
        client = self.open_http1()
        self.assertEqual(client.read_to_end(), b"220 hello\r\n")
        client.send("late").finish_sending()
        self.assertEqual(until(lambda: seen, "the server's end"), [b"late"])

    def test_large_amounts_both_ways(self):
        self.ends(self.server(), concurrency=1)
        client = self.open_http1()
        sent = random.Random(2).randbytes(8 * MIB)
        sender = threading.Thread(target=lambda: client.send(sent).finish_sending())
        sender.start()
        self.assertEqual(client.read_to_end(), sent)
        sender.join()

    def test_a_slow_reader_does_not_fill_the_proxy(self):
        def pour(connection):
            for _ in range(64):
                connection.sendall(bytes(MIB))
        proxy = self.ends(self.server(pour), concurrency=1)
        client = self.open_http1()
        before = proxy.process.resident_bytes()
        proxy.wait_for_counter("cluster.a.upstream_flow_control_paused_reading_total", 1)
        client.finish_sending()
        self.assertEqual(len(client.unread) + len(read_all(client.socket)), 64 * MIB)
        proxy.process.check_grew_less(before, 16 * MIB)

    def test_a_client_that_leaves_resets_the_server(self):
        ends = []
        def act(connection):
            try:
                ends.append(read_all(connection))
            except ConnectionResetError:
                ends.append("reset")
        self.ends(self.server(act))
        self.open_http1().send("x").reset()
        until(lambda: ends, "the server's end")
        self.assertEqual(ends, ["reset"])
        self.assertEqual(self.logged()["flags"], "DC")

    def test_where_nobody_listens(self):
        proxy = self.ends(self.nobody())
        self.assertEqual(self.connect(proxy).send(CONNECT).read_response().status, 503)
        self.assertEqual(self.logged()["flags"], "UF")
        self.assertEqual(proxy.counter("cluster.a.upstream_cx_connect_fail"), 1)

    def test_without_endpoints(self):
        proxy = self.ends()
        self.assertEqual(self.connect(proxy).send(CONNECT).read_response().status, 503)
        self.assertEqual((self.logged()["flags"], self.logged()["details"]), ("UH", "no_healthy_upstream"))

    def test_above_max_connections(self):
        proxy = self.ends(self.server(), concurrency=1,
                          cluster_more="circuit_breakers: { thresholds: [{ max_connections: 1 }] }")
        self.open_http1()
        self.assertEqual(self.connect(proxy).send(CONNECT).read_response().status, 503)
        self.assertEqual(self.logged()["flags"], "UO")

    def test_an_idle_tunnel_ends(self):
        routes = ending().replace("cluster: a,", "cluster: a, idle_timeout: 0.2s,")
        proxy = self.outrigger = self.proxy(site(routes, cluster("a", self.server()), http=self.logging()))
        client = self.open_http1()
        with self.assertRaises(ConnectionResetError):
            client.read_to_end()
        self.assertEqual(self.logged()["flags"], "SI")
        until(lambda: proxy.counter("cluster.a.upstream_cx_active") == 0, "the connection ends")

    def test_the_server_is_told_who_the_client_is(self):
        self.ends(self.server(), more="proxy_protocol_config: { version: V1 }")
        client = self.open_http1()
        client.send("x").finish_sending()
        self.assertRegex(client.read_to_end(), rb"^PROXY TCP4 127\.0\.0\.1 127\.0\.0\.1 \d+ \d+\r\nx$")


class BeginTest(TunnelStory):
    """tunneling_config of tcp_proxy."""

    def begins(self, *servers, tunnel="hostname: b.example:443", more="", cluster_more="", **flags):
        filters = chain(tcp_proxy("a", f"tunneling_config: {{ {tunnel} }}\n{more}\n{self.logging()}"))
        return self.proxy(bootstrap([l4_listener(filters)], [cluster("a", *servers, more=cluster_more)]), **flags)

    def shout(self, stream):
        """Answers CONNECT, then sends everything back in upper case."""
        stream.socket.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while received := stream.socket.recv(65536):
            stream.socket.sendall(received.upper())
        stream.close()

    def assert_carries(self, proxy):
        client = self.dial(proxy)
        client.sendall(b"one ")
        self.assertEqual(read_exactly(client, 4), b"ONE ")
        client.sendall(b"two")
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(read_all(client), b"TWO")
        until(lambda: proxy.counter("tcp.tcp.downstream_cx_active") == 0, "the session ends")
        self.assertEqual(proxy.counter("cluster.a.upstream_rq_active"), 0)

    def test_over_http1(self):
        upstream = self.upstream(self.shout)
        proxy = self.begins(upstream, tunnel="hostname: b.example:443, headers_to_add: [{ header: { key: x-from, "
                                             'value: "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%" } }]')
        self.assert_carries(proxy)
        self.assertEqual((upstream.last.method, upstream.last.target), ("CONNECT", "b.example:443"))
        self.assertEqual(upstream.last.header("x-from"), "127.0.0.1")
        self.assertIsNone(self.logged()["flags"])

    def test_the_client_is_not_read_before_the_answer(self):
        answers, seen = threading.Event(), []
        def act(stream):
            stream.socket.settimeout(0.05)
            try:
                seen.append(stream.socket.recv(10))
            except TimeoutError:
                seen.append(None)
            stream.socket.settimeout(20)
            answers.set()
            self.shout(stream)
        proxy = self.begins(self.upstream(act))
        client = self.dial(proxy)
        client.sendall(b"early")
        self.assertTrue(answers.wait(20))
        self.assertEqual(read_exactly(client, 5), b"EARLY")
        self.assertEqual(seen, [None])

    def test_a_refusal_closes_the_client(self):
        proxy = self.begins(self.upstream(reply(403, "no")))
        self.assertTrue(is_closed(self.dial(proxy)))
        line = self.logged()
        self.assertEqual((line["flags"], line["reason"]), ("UF", "tunnel_refused"))
        self.assertEqual(proxy.counter("cluster.a.upstream_cx_connect_fail"), 1)
        self.assertEqual(proxy.counter("cluster.a.upstream_cx_connect_attempts_exceeded"), 1)

    def test_another_endpoint_may_say_yes(self):
        proxy = self.begins(self.upstream(reply(503)), self.upstream(self.shout), more="max_connect_attempts: 2")
        for _ in range(3):
            client = self.dial(proxy)
            client.sendall(b"x")
            self.assertEqual(read_exactly(client, 1), b"X")

    def http2_proxy(self, act):
        """The other end: calls act(connection, stream) for each CONNECT."""
        def serve(connection):
            while (frame := connection.read_frame()) is not None:
                if frame.type == HEADERS:
                    act(connection, frame.stream)
        upstream = Http2Upstream(serve)
        self.addCleanup(upstream.stop)
        return upstream

    def test_a_stream_that_nobody_looked_at_is_asked_for_again(self):
        def act(connection, stream):
            if stream == 1:
                return connection.send(reset(stream, REFUSED_STREAM))
            connection.send(headers(stream, [(":status", "200")], END_HEADERS)).send(data(stream, b"here", END_STREAM))
        proxy = self.begins(self.http2_proxy(act), cluster_more=HTTP2_ENDPOINT)
        self.assertEqual(read_all(self.dial(proxy)), b"here")
        self.assertEqual(proxy.counter("cluster.a.upstream_rq_replayed"), 1)
        self.assertEqual(proxy.counter("cluster.a.upstream_cx_connect_fail"), 0)

    def test_an_endpoint_that_refuses_every_stream_is_not_asked_without_end(self):
        asked = []
        def act(connection, stream):
            asked.append(stream)
            connection.send(reset(stream, REFUSED_STREAM))
        proxy = self.begins(self.http2_proxy(act), cluster_more=HTTP2_ENDPOINT)
        self.assertTrue(is_closed(self.dial(proxy)))
        self.assertEqual((self.logged()["flags"], self.logged()["reason"]), ("UF", "tunnel_broken_before_answer"))
        self.assertEqual(len(asked), 4)

    def test_a_refusal_over_http2_leaves_the_connection_to_others(self):
        def act(connection, stream):
            if stream == 1:
                return connection.send(headers(stream, [(":status", "403")], END_HEADERS | END_STREAM))
            connection.send(headers(stream, [(":status", "200")], END_HEADERS)).send(data(stream, b"here", END_STREAM))
        proxy = self.begins(self.http2_proxy(act), cluster_more=HTTP2_ENDPOINT, concurrency=1)
        self.assertTrue(is_closed(self.dial(proxy)))
        self.assertEqual(self.logged()["reason"], "tunnel_refused")
        self.assertEqual(read_all(self.dial(proxy)), b"here")
        self.assertEqual(proxy.counter("cluster.a.upstream_cx_total"), 1)

    def test_a_reset_of_the_tunnel_closes_the_client(self):
        def act(connection, stream):
            connection.send(headers(stream, [(":status", "200")], END_HEADERS)).send(data(stream, b"x"))
            connection.send(reset(stream, CANCEL))
        proxy = self.begins(self.http2_proxy(act), cluster_more=HTTP2_ENDPOINT)
        self.assertEqual(read_all(self.dial(proxy)), b"x")
        self.assertEqual(self.logged()["flags"], "UC")

    def test_an_answer_that_is_not_http(self):
        proxy = self.begins(self.upstream(raw(b"SSH-2.0-x\r\n")))
        self.assertTrue(is_closed(self.dial(proxy)))
        self.assertEqual(self.logged()["flags"], "UF")

    def test_a_client_that_leaves_takes_the_tunnel_along(self):
        over = threading.Event()
        def act(stream):
            try:
                self.shout(stream)
            finally:
                over.set()
        proxy = self.begins(self.upstream(act))
        client = self.dial(proxy)
        client.sendall(b"x")
        read_exactly(client, 1)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.close()
        self.assertTrue(over.wait(20))
        until(lambda: proxy.counter("tcp.tcp.downstream_cx_active") == 0, "the session ends")

    def test_an_answer_that_never_comes_is_idle(self):
        proxy = self.begins(self.upstream(lambda stream: stream.socket.recv(1)), more="idle_timeout: 0.2s")
        self.assertTrue(is_closed(self.dial(proxy)))
        self.assertEqual(self.logged()["flags"], "SI")
        until(lambda: proxy.counter("cluster.a.upstream_rq_active") == 0, "the request ends")

    def test_what_is_not_done_is_refused_by_name(self):
        for tunnel, why in (("hostname: ''", "tunneling_config.hostname: must be a host and a port"),
                            ("hostname: '%REQUESTED_SERVER_NAME%:443'", "operators are not implemented"),
                            ("hostname: 'a b'", "must be a host and a port"),
                            ("hostname: 'a:1', use_post: true", "use_post: not implemented"),
                            ("hostname: 'a:1', propagate_response_headers: true", "not implemented")):
            with self.subTest(tunnel=tunnel):
                file = self.directory() / "bootstrap.yaml"
                filters = chain(tcp_proxy("a", f"tunneling_config: {{ {tunnel} }}\n"))
                file.write_text(bootstrap([l4_listener(filters)], [cluster("a")]))
                done = run(built("source/main/outrigger"), "-c", file, "--mode", "validate")
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(why, done.stderr.decode())


class BothTest(TunnelStory):
    """TCP into a tunnel, over HTTP/1 or HTTP/2, to a proxy that ends it."""

    def through_two(self, server, cluster_more, **flags):
        self.far = self.proxy(site(ending(), cluster("a", server)), **flags)
        class Far:
            port = self.far.port()
        filters = chain(tcp_proxy("far", "tunneling_config: { hostname: b.example:443 }\n"))
        self.near = self.proxy(bootstrap([l4_listener(filters)], [cluster("far", Far, more=cluster_more)]), **flags)

    def test_carries_what_both_sides_send(self):
        sent = random.Random(3).randbytes(5 * MIB)
        for name, more in (("HTTP/1", ""), ("HTTP/2", HTTP2_ENDPOINT)):
            with self.subTest(protocol=name):
                self.through_two(self.server(), more, concurrency=1)
                clients = [self.dial(self.near) for _ in range(3)]
                for client in clients:
                    sender = threading.Thread(target=lambda: (client.sendall(sent), client.shutdown(socket.SHUT_WR)))
                    sender.start()
                    self.assertEqual(read_all(client), sent)
                    sender.join()
                self.assertEqual(self.far.counter("http.front.downstream_cx_upgrades_total"), 3)
                connections = 1 if name == "HTTP/2" else 3
                self.assertEqual(self.near.counter("cluster.far.upstream_cx_total"), connections)
                for proxy, gauge in ((self.near, "tcp.tcp.downstream_cx_active"), (self.near, "cluster.far.upstream_rq_active"),
                                     (self.far, "cluster.a.upstream_cx_active")):
                    until(lambda: proxy.counter(gauge) == 0, gauge)

    def test_the_server_may_end_first(self):
        seen = []
        def act(connection):
            connection.sendall(b"bye")
            connection.shutdown(socket.SHUT_WR)
            seen.append(read_all(connection))
        for more in ("", HTTP2_ENDPOINT):
            with self.subTest(more=more):
                seen.clear()
                self.through_two(self.server(act), more)
                client = self.dial(self.near)
                self.assertEqual(read_all(client), b"bye")
                client.sendall(b"still here")
                client.shutdown(socket.SHUT_WR)
                self.assertEqual(until(lambda: seen, "the server's end"), [b"still here"])

    def test_nobody_at_the_far_end(self):
        for more in ("", HTTP2_ENDPOINT):
            with self.subTest(more=more):
                self.through_two(self.nobody(), more)
                self.assertTrue(is_closed(self.dial(self.near)))
                self.near.wait_for_counter("cluster.far.upstream_cx_connect_fail", 1)

    def test_a_client_that_does_not_read_stops_the_server(self):
        sent = [0]
        def flood(connection):
            while sent[0] < 128 * MIB:
                connection.sendall(bytes(MIB))
                sent[0] += MIB
        self.through_two(self.server(flood), HTTP2_ENDPOINT, concurrency=1)
        client = self.dial(self.near)
        self.far.wait_for_counter("cluster.a.upstream_flow_control_paused_reading_total", 1)
        seen = [-1]
        def stands_still():
            before, seen[0] = seen[0], sent[0]
            return before == seen[0]
        until(stands_still, "the server cannot send on")
        self.assertLess(sent[0], 64 * MIB)
        left = 128 * MIB
        while left > 0:
            left -= len(client.recv(min(left, MIB)))


if __name__ == "__main__":
    main()
