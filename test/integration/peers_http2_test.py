#!/usr/bin/env python3
"""Unmodified HTTP/2 programs around the proxy: curl, nghttp, h2load and h2spec before it, nghttpd and
nginx behind it."""

import hashlib
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.peer_story import PeerStory, numbers
from harness.peers import fetched
from harness.process import installed
from harness.story import main
from harness.upstream import reply

MIB = 1 << 20
LARGE = hashlib.shake_128(b"large").digest(20 * MIB)


def url(port, path=""):
    return f"http://127.0.0.1:{port}/{path}"


class ClientsTest(PeerStory):
    """Each client against each kind of endpoint."""

    def ports(self):
        """(name, port) of a proxy before nghttpd and of one before nginx."""
        self.nghttpd_peer = self.nghttpd({"small": b"small", "large": LARGE})
        yield "nghttpd", self.between(self.nghttpd_peer)
        yield "nginx", self.between(self.nginx({"small": b"small", "large": LARGE}))

    def curl(self, *arguments):
        return self.run_peer(installed("curl"), "--silent", "--show-error", "--max-time", 30,
                             "--http2-prior-knowledge", *arguments)

    def test_curl_gets(self):
        for name, port in self.ports():
            with self.subTest(endpoint=name):
                text = self.curl("--write-out", " %{http_version} %{http_code}", url(port, "small"))
                self.assertEqual(text, "small 2 200")
                self.assertEqual(self.counted("http.front.downstream_cx_http2_total"), 1)
                version = 2 if name == "nghttpd" else 1
                self.assertEqual(self.counted(f"cluster.a.upstream_cx_http{version}_total"), 1)

    def test_curl_asks_for_the_head_only(self):
        for name, port in self.ports():
            with self.subTest(endpoint=name):
                text = self.curl("--head", url(port, "large"))
                self.assertIn(f"content-length: {len(LARGE)}", text.lower())

    def test_curl_gets_a_large_body(self):
        place = self.directory()
        for name, port in self.ports():
            with self.subTest(endpoint=name):
                self.curl("--output", place / "down", url(port, "large"))
                self.assertTrue((place / "down").read_bytes() == LARGE, "the file is intact")

    def test_curl_sends_a_large_body(self):
        place = self.directory()
        (place / "up").write_bytes(LARGE)
        echo = self.nghttpd({}, "--echo-upload")
        self.curl("--data-binary", f"@{place}/up", "--output", place / "down", url(self.between(echo)))
        self.assertTrue((place / "down").read_bytes() == LARGE, "the echo is intact")

    def test_nghttp_gets_many_streams_on_one_connection(self):
        for name, port in self.ports():
            with self.subTest(endpoint=name):
                text = self.run_peer(installed("nghttp"), "--no-push", "-v", "-n", "-m", 30, url(port, "small"))
                self.assertEqual(len(re.findall(r":status: 200", text)), 30)
                self.assertEqual(self.counted("http.front.downstream_cx_total"), 1)
                self.assertEqual(self.counted("http.front.downstream_rq_total"), 30)

    def test_nghttp_gets_trailers(self):
        server = self.nghttpd({"small": b"small"}, "--trailer", "x-sum: 42")
        text = self.run_peer(installed("nghttp"), "-v", "-n", url(self.between(server), "small"))
        self.assertIn("x-sum: 42", text)

    def test_nghttp_sends_a_body_with_trailers(self):
        place = self.directory()
        (place / "up").write_bytes(b"u" * 100000)
        server = self.nghttpd({"small": b"small"}, "-v")
        text = self.run_peer(installed("nghttp"), "-v", "-n", "-d", place / "up", "--trailer", "x-sum: 42",
                             url(self.between(server), "small"))
        self.assertIn(":status: 200", text)
        self.assertIn("x-sum: 42", server.log)

    def test_nghttp_sends_continued_heads_and_padding(self):
        for name, port in self.ports():
            with self.subTest(endpoint=name):
                text = self.run_peer(installed("nghttp"), "-v", "-n", "--continuation", "--padding=50",
                                     url(port, "small"))
                self.assertIn(":status: 200", text)

    def test_h2load_sees_no_failure(self):
        for name, port in self.ports():
            with self.subTest(endpoint=name):
                text = self.run_peer(installed("h2load"), "-n", 20000, "-c", 8, "-m", 100, "-t", 1, url(port, "small"))
                done, succeeded, failed, errored = numbers(
                    r"(\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored", text)
                self.assertEqual((done, succeeded, failed, errored), (20000, 20000, 0, 0), text)

    def test_h2load_with_small_windows_and_large_bodies(self):
        server = self.nghttpd({"file": LARGE[:300000]})
        port = self.between(server)
        text = self.run_peer(installed("h2load"), "-n", 300, "-c", 4, "-m", 20, "-w", 14, "-W", 15, url(port, "file"))
        done, succeeded, failed = numbers(r"(\d+) done, (\d+) succeeded, (\d+) failed", text)
        self.assertEqual((done, succeeded, failed), (300, 300, 0), text)
        self.assertEqual(numbers(r"\((\d+)\) data", text)[0], 300 * 300000)

    def test_h2load_over_http1_to_an_http2_endpoint(self):
        server = self.nghttpd({"small": b"small"})
        port = self.between(server)
        if self.outrigger is None:
            self.skipTest("nghttpd speaks no HTTP/1")
        text = self.run_peer(installed("h2load"), "--h1", "-n", 5000, "-c", 50, url(port, "small"))
        self.assertEqual(numbers(r"(\d+) done, (\d+) succeeded, (\d+) failed", text), (5000, 5000, 0), text)
        # The point of it: fifty connections in, a few out.
        self.assertLess(self.counted("cluster.a.upstream_cx_total"), 10)


class H2specTest(PeerStory):
    """The conformance suite, with its strict cases: 146 in all."""

    def h2spec(self, port):
        text = self.run_h2spec(port)
        tests, passed, skipped, failed = numbers(r"(\d+) tests, (\d+) passed, (\d+) skipped, (\d+) failed", text)
        self.assertEqual((skipped, failed), (0, 0), text[text.find("Failures:"):])
        self.assertGreaterEqual(tests, 146)
        self.assertEqual(passed, tests)

    def run_h2spec(self, port):
        """What it printed; its exit code says whether all cases passed."""
        return self.run_peer(fetched("h2spec"), "--strict", "-h", "127.0.0.1", "-p", port, "-o", 5, timeout=150)

    def test_all_cases_before_an_http1_endpoint(self):
        """One that takes the whole request before it answers: of a stream that is answered and reset, what
        the client still sends is ignored (RFC 9113 5.1), and h2spec waits for more than that."""
        self.h2spec(self.between(self.upstream(reply(200, "x" * 3000)), codec="HTTP2", http2_endpoint=False))

    def test_all_cases_before_an_http2_endpoint(self):
        self.h2spec(self.between(self.nghttpd({"index.html": b"x" * 3000}), codec="HTTP2"))


if __name__ == "__main__":
    main()
