#!/usr/bin/env python3
"""Plain bytes pass between clients and endpoints as they are."""

import hashlib
import json
import pathlib
import random
import socket
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.config import bootstrap, cluster, json_log, listener
from harness.l4 import (ECHO, HTTP_INSPECTOR, TLS_INSPECTOR, TcpServer, chain, dial, echo_bytes, is_closed, l4_listener, lines_of,
                        looked_at_by, network_filter, read_all, read_exactly, says, tcp_proxy)
from harness.story import Story, main
from harness.upstream import reply
from harness.waiting import until

MIB = 1 << 20


class TcpStory(Story):
    def server(self, act=echo_bytes, **more):
        server = TcpServer(act, **more)
        self.addCleanup(server.stop)
        return server

    def carrying(self, *servers, more="", cluster_more="", **flags):
        """A proxy that carries to these servers."""
        return self.proxy(bootstrap([l4_listener(chain(tcp_proxy("a", more)))],
                                    [cluster("a", *servers, more=cluster_more)]), **flags)

    def dial(self, proxy, listener="front"):
        connection = dial(proxy.port(listener))
        self.addCleanup(connection.close)
        return connection

    def logging(self, proxy_directory):
        return json_log(proxy_directory / "log", flags="%RESPONSE_FLAGS%", up="%UPSTREAM_HOST%",
                        cluster="%UPSTREAM_CLUSTER%", received="%BYTES_RECEIVED%",
                        sent="%BYTES_SENT%", code="%RESPONSE_CODE%", target="%REQ(:PATH)%")


class CarryTest(TcpStory):
    def test_carries_what_both_sides_send(self):
        data = random.Random(1).randbytes(5 * MIB)
        proxy = self.carrying(self.server())
        client = self.dial(proxy)
        sender = threading.Thread(target=client.sendall, args=(data,))
        sender.start()
        seen = read_exactly(client, len(data))
        sender.join()
        self.assertEqual(hashlib.sha256(seen).digest(), hashlib.sha256(data).digest())
        client.close()
        proxy.wait_for_counter("tcp.tcp.downstream_cx_rx_bytes_total", len(data))
        self.assertEqual(proxy.counter("tcp.tcp.downstream_cx_tx_bytes_total"), len(data))
        self.assertEqual(proxy.counter("tcp.tcp.downstream_cx_total"), 1)
        self.assertEqual(proxy.counter("cluster.a.upstream_cx_total"), 1)
        until(lambda: proxy.counter("tcp.tcp.downstream_cx_active") == 0, "the session ends")
        self.assertEqual(proxy.counter("cluster.a.upstream_cx_active"), 0)

    def test_the_server_may_speak_first(self):
        proxy = self.carrying(self.server(lambda s: s.sendall(b"220 hello\r\n")))
        self.assertEqual(read_all(self.dial(proxy)), b"220 hello\r\n")

    def test_passes_the_clients_end_and_the_answer_that_follows_it(self):
        def count(connection):
            connection.sendall(str(len(read_all(connection))).encode())
        client = self.dial(self.carrying(self.server(count)))
        client.sendall(b"x" * 100_000)
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(read_all(client), b"100000")

    def test_passes_the_servers_end_and_what_the_client_still_sends(self):
        seen = []
        def finish_first(connection):
            connection.sendall(b"bye")
            connection.shutdown(socket.SHUT_WR)
            seen.append(read_all(connection))
        client = self.dial(self.carrying(self.server(finish_first)))
        self.assertEqual(read_all(client), b"bye")
        client.sendall(b"still here")
        client.shutdown(socket.SHUT_WR)
        until(lambda: seen, "the server reads to the end")
        self.assertEqual(seen, [b"still here"])

    def test_a_client_that_does_not_read_stops_the_server(self):
        sent = [0]
        total = 256 * MIB
        def flood(connection):
            connection.settimeout(60)
            chunk = bytes(MIB)
            while sent[0] < total:
                connection.sendall(chunk)
                sent[0] += len(chunk)
        proxy = self.carrying(self.server(flood), concurrency=1)
        client = self.dial(proxy)
        paused = "cluster.a.upstream_flow_control_paused_reading_total"
        proxy.wait_for_counter(paused, 1)
        seen = [-1]
        def stands_still():
            before, seen[0] = seen[0], sent[0]
            return before == seen[0]
        until(stands_still, "the server cannot send on")
        self.assertLess(sent[0], 64 * MIB)
        left = total
        while left > 0:
            left -= len(client.recv(min(left, MIB)))
        proxy.wait_for_counter("cluster.a.upstream_flow_control_resumed_reading_total", 1)

    def test_a_reset_ends_the_other_side(self):
        ended = threading.Event()
        def wait(connection):
            read_all(connection)
            ended.set()
        proxy = self.carrying(self.server(wait))
        client = self.dial(proxy)
        client.sendall(b"some")
        proxy.wait_for_counter("cluster.a.upstream_cx_active", 1)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.close()
        self.assertTrue(ended.wait(20))

    def test_draws_a_cluster_by_weight(self):
        weights = ("stat_prefix: tcp\nweighted_clusters: { clusters: [{ name: a, weight: 1 }, "
                   "{ name: b, weight: 1 }] }")
        a, b = (self.server(lambda s, text=text: s.sendall(text)) for text in (b"a", b"b"))
        proxy = self.proxy(bootstrap([l4_listener(chain(network_filter("tcp_proxy.v3.TcpProxy", weights)))],
                                     [cluster("a", a), cluster("b", b)]))
        seen = {read_all(self.dial(proxy)) for _ in range(40)}
        self.assertEqual(seen, {b"a", b"b"})

    def test_logs_a_connection_when_it_ends(self):
        place = self.directory()
        server = self.server()
        proxy = self.carrying(server, more=self.logging(place))
        client = self.dial(proxy)
        client.sendall(b"12345")
        read_exactly(client, 5)
        client.close()
        line = json.loads(lines_of(place / "log", 1)[0])
        self.assertEqual(line, {"flags": None,
                                "up": f"127.0.0.1:{server.port}", "cluster": "a", "received": 5,
                                "sent": 5, "code": 0, "target": None})


class TroubleTest(TcpStory):
    def nobody(self):
        """A port where nobody listens."""
        server = self.server()
        server.stop()
        return server

    def ends(self, proxy, place, flag):
        self.assertTrue(is_closed(self.dial(proxy)))
        self.assertEqual(json.loads(lines_of(place / "log", 1)[-1])["flags"], flag)

    def test_closes_when_nobody_listens(self):
        place = self.directory()
        proxy = self.carrying(self.nobody(), more=self.logging(place))
        self.ends(proxy, place, "UF")
        self.assertEqual(proxy.counter("cluster.a.upstream_cx_connect_fail"), 1)
        self.assertEqual(proxy.counter("cluster.a.upstream_cx_connect_attempts_exceeded"), 1)

    def test_tries_another_endpoint_when_it_may(self):
        proxy = self.carrying(self.nobody(), self.server(lambda s: s.sendall(b"here")),
                              more="max_connect_attempts: 2")
        for _ in range(4):
            self.assertEqual(read_all(self.dial(proxy)), b"here")
        self.assertGreaterEqual(proxy.counter("cluster.a.upstream_cx_connect_fail"), 1)

    def test_closes_when_there_is_no_cluster(self):
        place = self.directory()
        proxy = self.proxy(bootstrap([l4_listener(chain(tcp_proxy("gone", self.logging(place))))]))
        self.ends(proxy, place, "NC")
        self.assertEqual(proxy.counter("tcp.tcp.downstream_cx_no_route"), 1)

    def test_closes_when_the_cluster_has_no_endpoint(self):
        place = self.directory()
        proxy = self.carrying(more=self.logging(place))
        self.ends(proxy, place, "UH")
        self.assertEqual(proxy.counter("cluster.a.upstream_cx_none_healthy"), 1)

    def test_closes_above_max_connections(self):
        place = self.directory()
        proxy = self.carrying(self.server(), more=self.logging(place), concurrency=1,
                              cluster_more="circuit_breakers: { thresholds: [{ max_connections: 1 }] }")
        first = self.dial(proxy)
        first.sendall(b"x")
        read_exactly(first, 1)
        self.ends(proxy, place, "UO")
        self.assertEqual(proxy.counter("cluster.a.upstream_cx_overflow"), 1)

    def test_closes_what_is_idle(self):
        place = self.directory()
        proxy = self.carrying(self.server(), more="idle_timeout: 0.2s\n" + self.logging(place))
        self.ends(proxy, place, "SI")
        self.assertEqual(proxy.counter("tcp.tcp.idle_timeout"), 1)

    def test_closes_what_lasts_too_long(self):
        place = self.directory()
        proxy = self.carrying(
            self.server(), more="max_downstream_connection_duration: 0.2s\n" + self.logging(place))
        self.ends(proxy, place, "DT")
        self.assertEqual(proxy.counter("tcp.tcp.max_downstream_connection_duration"), 1)

    def test_a_client_that_leaves_before_the_connect_costs_nothing(self):
        # 192.0.2.1 (RFC 5737) answers nobody.
        silent = "load_assignment:\n  cluster_name: a\n  endpoints: [{ lb_endpoints: [{ endpoint: { " \
                 "address: { socket_address: { address: 192.0.2.1, port_value: 9 } } } }] }]\n"
        proxy = self.proxy(bootstrap([l4_listener(chain(tcp_proxy()))],
                                     [f"name: a\ntype: STATIC\nconnect_timeout: 0.3s\n{silent}"]))
        self.dial(proxy).close()
        until(lambda: proxy.counter("tcp.tcp.downstream_cx_total") == 1
              and proxy.counter("tcp.tcp.downstream_cx_active") == 0, "the session ends")
        self.assertEqual(proxy.counter("cluster.a.upstream_cx_active"), 0)


class StormTest(TcpStory):
    """Clients and servers that break off in every way."""

    def misbehave(self, rng, connection):
        for _ in range(rng.randrange(4)):
            step = rng.randrange(5)
            if step == 0:
                connection.sendall(rng.randbytes(rng.choice((1, 100, 70_000))))
            elif step == 1:
                connection.settimeout(0.01)
                try:
                    connection.recv(rng.choice((1, 100_000)))
                except TimeoutError:
                    pass
                connection.settimeout(20)
            elif step == 2:
                connection.shutdown(socket.SHUT_WR)
                break
            elif step == 3:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                break
        connection.close()

    def test_leaves_nothing_behind(self):
        seeds = random.Random(7)
        server = self.server(lambda s: self.misbehave(random.Random(seeds.random()), s))
        inspected = looked_at_by(TLS_INSPECTOR, HTTP_INSPECTOR)
        proxy = self.proxy(bootstrap([
            l4_listener(chain(tcp_proxy())), l4_listener(chain(tcp_proxy()), name="looked", more=inspected)],
            [cluster("a", server)]))
        def storm(seed):
            rng = random.Random(seed)
            for _ in range(60):
                try:
                    self.misbehave(rng, dial(proxy.port(rng.choice(("front", "looked")))))
                except OSError:
                    pass
        proxy.port("front"), proxy.port("looked")
        threads = [threading.Thread(target=storm, args=(seed,)) for seed in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        gauges = ("tcp.tcp.downstream_cx_active", "cluster.a.upstream_cx_active",
                  "cluster.a.upstream_rq_active", "cluster.a.upstream_rq_pending_active",
                  "tcp.tcp.upstream_flush_active", "listener.127.0.0.1_0.downstream_cx_active",
                  "listener.127.0.0.1_0.downstream_pre_cx_active")
        until(lambda: all(proxy.counter(name) == 0 for name in gauges), "everything ends")
        self.assertGreater(proxy.counter("listener.127.0.0.1_0.downstream_cx_total"), 400)


class ProxyProtocolTest(TcpStory):
    def first_bytes(self, version):
        seen = []
        def note(connection):
            seen.append(connection.recv(1000))
            connection.sendall(b"!")
        socket_config = ("transport_socket:\n  name: proxied\n  typed_config:\n"
                         '    "@type": type.googleapis.com/envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport\n'
                         f"    config: {{ version: {version} }}\n"
                         "    transport_socket: { name: envoy.transport_sockets.raw_buffer }\n")
        proxy = self.carrying(self.server(note), cluster_more=socket_config)
        client = self.dial(proxy)
        read_exactly(client, 1)
        return seen[0], client.getsockname()[1], proxy.port()

    def test_tells_the_endpoint_who_the_client_is_in_text(self):
        first, client, listener = self.first_bytes("V1")
        self.assertEqual(first, f"PROXY TCP4 127.0.0.1 127.0.0.1 {client} {listener}\r\n".encode())

    def test_tells_the_endpoint_who_the_client_is_in_binary(self):
        first, client, listener = self.first_bytes("V2")
        self.assertEqual(first, b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + b"\x7f\0\0\1" * 2
                         + client.to_bytes(2, "big") + listener.to_bytes(2, "big"))


class OriginalDestinationTest(TcpStory):
    """Without a redirection; with one: redirect_test."""

    ORIGINAL = ("name: original\ntype: ORIGINAL_DST\nlb_policy: CLUSTER_PROVIDED\n"
                "original_dst_lb_config: { use_http_header: true }\n")
    ROUTE = "- { match: { prefix: / }, route: { cluster: original } }"

    def test_goes_where_a_header_says(self):
        a, b = self.upstream(reply(200, "a")), self.upstream(reply(200, "b"))
        proxy = self.proxy(bootstrap([listener(self.ROUTE)], [self.ORIGINAL]))
        for upstream, text in ((a, "a"), (b, "b"), (a, "a")):
            where = [("x-envoy-original-dst-host", f"127.0.0.1:{upstream.port}")]
            self.assert_status(proxy.get("/", where), 200, text)

    def test_answers_503_where_nobody_knows_the_destination(self):
        proxy = self.proxy(bootstrap([listener(self.ROUTE)], [self.ORIGINAL]))
        self.assert_status(proxy.get("/"), 503)
        self.assert_status(proxy.get("/", [("x-envoy-original-dst-host", "nonsense")]), 503)


class OtherEndsTest(TcpStory):
    def test_direct_response_says_its_line_and_closes(self):
        proxy = self.proxy(bootstrap([l4_listener(chain(says("go-away")))]))
        self.assertEqual(read_all(self.dial(proxy)), b"go-away")

    def test_echo_sends_back_what_it_gets(self):
        proxy = self.proxy(bootstrap([l4_listener(chain(ECHO))]))
        client = self.dial(proxy)
        client.sendall(b"hello")
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(read_all(client), b"hello")


if __name__ == "__main__":
    main()
