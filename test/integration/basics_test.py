#!/usr/bin/env python3
"""Requests and responses pass through the proxy as they are."""

import hashlib
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.config import cluster, http1_options, site
from harness.process import installed, run
from harness.story import Story, main
from harness.upstream import Gate, echo, raw, reply

TO_A = "- { match: { prefix: / }, route: { cluster: a } }"
MIB = 1 << 20


def random_bytes(count):
    return random.Random(count).randbytes(count)


def sha256(data):
    return hashlib.sha256(data).hexdigest()


class CurlTest(Story):
    """An unmodified curl as the client."""

    def curl(self, *arguments):
        done = run(installed("curl"), "--silent", "--show-error", "--max-time", 20, *arguments)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        return done.stdout

    def test_get(self):
        a = self.upstream(reply(200, "hello"))
        proxy = self.proxy(site(TO_A, cluster("a", a)))
        self.assertEqual(self.curl(proxy.url("/path?query=1")), b"hello")
        self.assertEqual((a.last.method, a.last.target), ("GET", "/path?query=1"))
        self.assertEqual(proxy.counter("cluster.a.upstream_rq_total"), 1)
        self.assertEqual(proxy.wait_for_counter("http.front.downstream_rq_2xx", 1), True)

    def test_post_and_its_body(self):
        a = self.upstream(echo)
        proxy = self.proxy(site(TO_A, cluster("a", a)))
        self.assertEqual(self.curl("--data-binary", "a body", proxy.url()), b"a body")
        self.assertEqual(a.last.method, "POST")

    def test_head_has_a_length_and_no_body(self):
        a = self.upstream(raw(b"HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n"))
        proxy = self.proxy(site(TO_A, cluster("a", a)))
        seen = self.curl("--head", proxy.url()).decode()
        self.assertIn("Content-Length: 12345\r\n", seen)
        self.assertEqual(a.last.method, "HEAD")

    def test_keeps_a_connection_for_several_requests(self):
        a = self.upstream()
        proxy = self.proxy(site(TO_A, cluster("a", a)), concurrency=1)
        seen = self.curl("--write-out", " %{num_connects};", *[proxy.url(f"/{i}") for i in range(4)])
        self.assertEqual(seen, b"hello 1;hello 0;hello 0;hello 0;")
        self.assertEqual(proxy.counter("http.front.downstream_cx_total"), 1)
        self.assertEqual(a.connections, 1)

    def test_expect_continue(self):
        a = self.upstream(echo)
        proxy = self.proxy(site(TO_A, cluster("a", a)))
        body = random_bytes(2 * MIB)
        (proxy.directory / "body").write_bytes(body)
        seen = self.curl("--expect100-timeout", 15, "--max-time", 10, "-H", "Expect: 100-continue",
                         "--data-binary", f"@{proxy.directory}/body", proxy.url())
        self.assertEqual(sha256(seen), sha256(body))

    def test_http_1_0_when_it_is_accepted(self):
        a = self.upstream()
        proxy = self.proxy(site(TO_A, cluster("a", a),
                                http="http_protocol_options: { accept_http_10: true }"))
        self.assertEqual(self.curl("--http1.0", proxy.url()), b"hello")
        self.assertEqual(a.last.version, "HTTP/1.1")

    def test_a_chunked_upload(self):
        a = self.upstream(echo)
        proxy = self.proxy(site(TO_A, cluster("a", a)))
        body = random_bytes(MIB)
        seen = run(installed("curl"), "-sS", "-T", "-", "-H", "Expect:", proxy.url("/up"), input=body)
        self.assertEqual(sha256(seen.stdout), sha256(body))
        self.assertEqual(a.last.header("transfer-encoding"), "chunked")


class WireTest(Story):
    """What the bytes are like."""

    def test_http_1_0_is_told_to_upgrade_by_default(self):
        proxy = self.proxy(site(TO_A, cluster("a", self.upstream())))
        client = self.connect(proxy).send("GET / HTTP/1.0\r\nHost: test\r\n\r\n")
        self.assert_status(client.read_response(), 426)
        self.assertTrue(client.is_closed_by_peer())

    def test_an_http_1_0_client_sees_the_end_of_a_chunked_response_as_the_end_of_the_connection(self):
        a = self.upstream(raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"))
        proxy = self.proxy(site(TO_A, cluster("a", a),
                                http="http_protocol_options: { accept_http_10: true }"))
        client = self.connect(proxy).send("GET / HTTP/1.0\r\nHost: test\r\n\r\n")
        response = client.read_response()
        self.assertIsNone(response.header("transfer-encoding"))
        self.assert_status(response, 200, "hello")

    def test_pipelined_requests_are_answered_in_order(self):
        a = self.upstream(lambda stream: reply(200, stream.request.target)(stream))
        proxy = self.proxy(site(TO_A, cluster("a", a)))
        client = self.connect(proxy)
        client.send("".join(f"GET /{i} HTTP/1.1\r\nHost: test\r\n\r\n" for i in range(20)))
        self.assertEqual([client.read_response().text for _ in range(20)], [f"/{i}" for i in range(20)])

    def test_a_request_behind_a_post_waits_for_its_turn(self):
        a = self.upstream(echo)
        proxy = self.proxy(site(TO_A, cluster("a", a)))
        client = self.connect(proxy)
        client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nfirst"
                    "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"
                    "3\r\nsec\r\n3;x=y\r\nond\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: test\r\n\r\n")
        self.assertEqual([client.read_response().text for _ in range(3)], ["first", "second", ""])

    def test_case_and_order_of_headers_stay(self):
        a = self.upstream(raw(b"HTTP/1.1 200 OK\r\nX-ZEBRA: 1\r\nContent-Length: 0\r\n"
                              b"x-apple: 2\r\nX-Zebra: 3\r\n\r\n"))
        proxy = self.proxy(site(TO_A, cluster("a", a)))
        ours = [("X-SECOND", "b"), ("x-First", "a"), ("X-second", "c"), ("aCCept", "*/*")]
        response = proxy.get("/", headers=ours)
        names = {name.lower() for name, _ in ours}
        self.assertEqual([h for h in a.last.headers if h[0].lower() in names], ours)
        theirs = [h for h in response.headers if h[0].lower().startswith("x-") and "envoy" not in h[0]]
        self.assertEqual(theirs, [("X-ZEBRA", "1"), ("x-apple", "2"), ("X-Zebra", "3")])

    def test_hop_by_hop_headers_stay_on_their_hop(self):
        a = self.upstream()
        proxy = self.proxy(site(TO_A, cluster("a", a)))
        proxy.get("/", headers={"Connection": "x-mine, keep-alive", "X-Mine": "1", "Keep-Alive": "5",
                                "Proxy-Connection": "keep-alive", "X-Kept": "1"})
        names = {name.lower() for name, _ in a.last.headers}
        self.assertFalse(names & {"x-mine", "keep-alive", "proxy-connection", "connection"}, names)
        self.assertIn("x-kept", names)

    def test_trailers_pass_when_they_are_enabled(self):
        a = self.upstream(raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                              b"2\r\nhi\r\n0\r\nx-sum: 42\r\n\r\n"))
        proxy = self.proxy(site(TO_A, cluster("a", a, more=http1_options("enable_trailers: true")),
                                http="http_protocol_options: { enable_trailers: true }"))
        self.assertEqual(proxy.get().trailers, [("x-sum", "42")])

    def test_informational_responses_come_before_the_answer(self):
        a = self.upstream(raw(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
                              b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
        proxy = self.proxy(site(TO_A, cluster("a", a)))
        self.assert_status(proxy.get(), 200, "ok")

    def test_a_response_that_ends_with_its_connection(self):
        def answer(stream):
            stream.socket.sendall(b"HTTP/1.1 200 OK\r\n\r\nall of it")
            stream.close()
        proxy = self.proxy(site(TO_A, cluster("a", self.upstream(answer))))
        client = self.connect(proxy)
        self.assert_status(client.request(), 200, "all of it")


class LargeBodyTest(Story):
    def test_ten_mebibytes_up_and_down_are_intact(self):
        a = self.upstream(echo)
        proxy = self.proxy(site(TO_A, cluster("a", a)))
        body = random_bytes(10 * MIB)
        response = proxy.request("POST", body=body)
        self.assertEqual(sha256(a.last.body), sha256(body))
        self.assertEqual(sha256(response.body), sha256(body))

    def test_a_slow_reader_does_not_fill_the_proxy(self):
        body = random_bytes(40 * MIB)
        a = self.upstream(reply(200, body))
        proxy = self.proxy(site(TO_A, cluster("a", a)), concurrency=1)
        client = self.connect(proxy)
        client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        head = client.read_head()
        proxy.wait_for_counter("cluster.a.upstream_flow_control_paused_reading_total", 1)
        proxy.process.check_grew_less(0, 30 * MIB, peak=False)
        client.unread += client.socket.recv(1)
        self.assertEqual(len(client._read_exactly(int(head.header("content-length")))), len(body))

    def test_a_held_request_does_not_hold_up_others(self):
        gate = Gate()
        a, b = self.upstream(gate.then(reply(200, "late"))), self.upstream(reply(200, "now"))
        proxy = self.proxy(site("""
            - { match: { prefix: /late }, route: { cluster: a } }
            - { match: { prefix: / }, route: { cluster: b } }
        """, cluster("a", a), cluster("b", b)), concurrency=1)
        waiting = self.connect(proxy).send("GET /late HTTP/1.1\r\nHost: test\r\n\r\n")
        a.wait_for_requests(1)
        self.assert_status(proxy.get("/now"), 200, "now")
        gate.open()
        self.assert_status(waiting.read_response(), 200, "late")


if __name__ == "__main__":
    main()
