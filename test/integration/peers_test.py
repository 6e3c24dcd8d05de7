#!/usr/bin/env python3
"""Unmodified nginx behind the proxy and unmodified wrk in front of it."""

import hashlib
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.config import site
from harness.nginx import nginx_cluster, start_nginx
from harness.process import installed, run
from harness.story import Story, main

TO_NGINX = "- { match: { prefix: / }, route: { cluster: nginx } }"

NGINX = """
keepalive_requests 50;
root PLACE/site;
location = /small { return 200 "from nginx\\n"; }
location = /nothing { return 204; }
"""


class NginxTest(Story):
    def setUp(self):
        self.place = self.directory()
        (self.place / "site").mkdir()
        self.file = bytes(range(256)) * 4096 * 5
        (self.place / "site/large").write_bytes(self.file)
        start_nginx(self, NGINX, place=self.place)

    def cluster(self):
        return nginx_cluster("nginx", self.place)

    def test_nginx_answers_through_the_proxy(self):
        proxy = self.proxy(site(TO_NGINX, self.cluster()))
        self.assert_status(proxy.get("/small"), 200, "from nginx\n")
        self.assert_status(proxy.get("/nothing"), 204)
        self.assert_status(proxy.get("/missing"), 404)
        self.assertEqual(proxy.counter("cluster.nginx.upstream_rq_2xx"), 2)

    def test_a_large_file_is_intact(self):
        proxy = self.proxy(site(TO_NGINX, self.cluster()))
        seen = proxy.get("/large").body
        self.assertEqual(hashlib.sha256(seen).digest(), hashlib.sha256(self.file).digest())

    def test_a_range_of_a_file(self):
        proxy = self.proxy(site(TO_NGINX, self.cluster()))
        response = proxy.get("/large", headers={"Range": "bytes=250-259"})
        self.assert_status(response, 206)
        self.assertEqual(response.body, self.file[250:260])

    def test_wrk_sees_no_error_though_nginx_closes_connections_all_the_time(self):
        proxy = self.proxy(site(TO_NGINX, self.cluster()))
        done = run(installed("wrk"), "-t1", "-c16", "-d1s", proxy.url("/small"), timeout=30)
        report = done.stdout.decode()
        self.assertEqual(done.returncode, 0, report)
        self.assertNotIn("Socket errors", report)
        self.assertNotIn("Non-2xx", report)
        requests = int(re.search(r"(\d+) requests in", report)[1])
        self.assertGreater(requests, 100)
        self.assertGreaterEqual(proxy.counter("cluster.nginx.upstream_rq_2xx"), requests)
        self.assertGreater(proxy.counter("cluster.nginx.upstream_cx_total"), requests // 100)


if __name__ == "__main__":
    main()
