#!/usr/bin/env python3
"""Each example does what its README says. They use fixed ports, as people like them: so each runs in a
network namespace of its own."""

import os
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.process import ROOT, built, run
from harness.story import Story, main

EXAMPLES = ROOT / "examples"
IN_A_NAMESPACE = ("unshare", "--map-root-user", "--net", "--", "sh", "-c", 'ip link set lo up && exec "$0" "$@"')


class ExamplesTest(Story):
    def setUp(self):
        if run(*IN_A_NAMESPACE, "true").returncode != 0:
            raise unittest.SkipTest("missing peer network namespaces: unshare --net is not allowed here")

    def run_example(self, name):
        built("source/main/outrigger")
        bazel_bin = ROOT / "bazel-bin"
        if "TEST_SRCDIR" in os.environ:
            bazel_bin = pathlib.Path(os.environ["TEST_SRCDIR"], os.environ["TEST_WORKSPACE"])
        done = run(*IN_A_NAMESPACE, EXAMPLES / name / "run", timeout=60, env={**os.environ, "BAZEL_BIN": str(bazel_bin)})
        text = done.stdout.decode()
        self.errors = done.stderr.decode()
        self.assertEqual(done.returncode, 0, text + self.errors)
        return text

    def test_connect(self):
        text = self.run_example("connect")
        self.assertEqual(text.count("\nthrough a tunnel\n"), 3, text)
        self.assertRegex(text, r"http\.far\.downstream_cx_http2_total: [12]\n")  # one for each worker
        self.assertIn("http.near.downstream_cx_upgrades_total: 1\n", text)
        self.assertIn("http.far.downstream_cx_upgrades_total: 3\n", text)

    def test_grpc(self):
        text = self.run_example("grpc")
        for call in ("unary", "upload", "download", "chat", "deadline"):
            self.assertIn(f"{call}: as expected\n", text)
        self.assertRegex(text, r"cluster\.calls\.grpc\.outrigger\.test\.Calls\.Unary\.success: 1\n")

    def test_grpc_bridges(self):
        text = self.run_example("grpc-bridges")
        self.assertEqual(len(re.findall(r"grpc-status: ?0", text)), 2, text)
        self.assertIn("HTTP/1.1 200 OK\n", text.replace("\r", ""))
        self.assertIn("5 bytes of application/protobuf", text)

    def test_tcp(self):
        text = self.run_example("tcp")
        self.assertRegex(text, r"\d+ blue\n")
        self.assertRegex(text, r"\d+ green\n")
        self.assertIn("told of 203.0.113.7\n", text)
        self.assertIn("I do not know you\n", text)
        self.assertRegex(text, r"tcp\.split\.downstream_cx_total: 2[01]\n")  # and one that saw it listen

    def test_grpc_web(self):
        text = self.run_example("grpc-web")
        self.assertIn("access-control-allow-origin: https://shop.example", text)
        self.assertEqual(len(re.findall(r"grpc-status: ?0", text)), 2, text)

    def test_http2(self):
        text = self.run_example("http2")
        for server in ("HTTP/1.1", "HTTP/2"):
            for client in ("1.1", "2"):
                self.assertIn(f"from {server}\n(over HTTP/{client})\n", text)

    def test_mtls(self):
        text = self.run_example("mtls")
        self.assertIn("\nhello, By=spiffe://example.org/web;", text)
        self.assertIn(";URI=spiffe://example.org/shop\n", text)
        self.assertIn("\nRBAC: access denied\n", text)
        self.assertRegex(text + self.errors, "(?i)certificate required")
        self.assertRegex(text, r"0 failed; updates of the certificate: shop [2-4], web [2-4]\n")

    def test_transcoding(self):
        text = self.run_example("transcoding")
        self.assertEqual(text.count('{"name":"shelves/1/books/1","title":"Moby-Dick","pages":635}\n'), 2, text)
        self.assertIn('{"books":2,"pages":534}\n', text)
        self.assertIn('[{"title":"Emma, reviewed"},{"title":"Lenz, reviewed"}]\n', text)
        self.assertIn("The text of shelves/1/books/2\n", text)
        self.assertIn('{"code":5,"message":"no book \\"shelves/1/books/7\\""}\n', text)
        self.assertRegex(text, r'{"code":3,"message":"[^\n]*book\.pages')

    def test_transparent(self):
        text = self.run_example("transparent")
        self.assertIn("\nthe service\n", text)
        self.assertRegex(text, r"x-listener: web\s+the web server far away\n")
        self.assertIn("\nanother server far away\n", text)
        for counter in ("http.inbound.downstream_rq_total", "http.outbound.downstream_rq_total",
                        "listener.0.0.0.0_15001.handed_over", "tcp.outbound.downstream_cx_total"):
            self.assertIn(f"{counter}: 1\n", text)

    def test_websocket(self):
        text = self.run_example("websocket")
        self.assertIn("HTTP/1.1 101", text)
        self.assertIn("\nAHOY\nALL HANDS\nclosed\n", text)
        self.assertRegex(text, r"http\.far\.downstream_cx_http2_total: [12]\n")  # one for each worker

    def test_every_example_has_a_readme_that_names_its_run(self):
        for directory in sorted(EXAMPLES.iterdir()):
            if (directory / "run").exists():
                with self.subTest(directory.name):
                    self.assertIn(f"examples/{directory.name}/run", (directory / "README.md").read_text())
                    self.assertTrue(hasattr(self, "test_" + directory.name.replace("-", "_")), "has a test here")


if __name__ == "__main__":
    main()
