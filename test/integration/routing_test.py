#!/usr/bin/env python3
"""Which upstream a request goes to, and what is changed on its way."""

import pathlib
import sys
from collections import Counter

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.config import cluster, site
from harness.story import Story, main
from harness.upstream import reply


class MatchTest(Story):
    """Two upstreams, "a" and "b"; every test says what leads to "a"."""

    def proxy_with(self, match):
        a, b = self.upstream(reply(200, "a")), self.upstream(reply(200, "b"))
        return self.proxy(site(f"""
            - {{ match: {match}, route: {{ cluster: a }} }}
            - {{ match: {{ prefix: / }}, route: {{ cluster: b }} }}
        """, cluster("a", a), cluster("b", b)))

    def assert_leads_to(self, proxy, expected, paths, headers=()):
        seen = {path: proxy.get(path, headers).text for path in paths}
        self.assertEqual(seen, {path: expected for path in paths})

    def test_prefix(self):
        proxy = self.proxy_with("{ prefix: /api }")
        self.assert_leads_to(proxy, "a", ["/api", "/apis", "/api/x?y=z"])
        self.assert_leads_to(proxy, "b", ["/", "/ap", "/API"])

    def test_exact_path(self):
        proxy = self.proxy_with("{ path: /api }")
        self.assert_leads_to(proxy, "a", ["/api", "/api?x=y"])
        self.assert_leads_to(proxy, "b", ["/api/", "/apis"])

    def test_path_separated_prefix(self):
        proxy = self.proxy_with("{ path_separated_prefix: /api }")
        self.assert_leads_to(proxy, "a", ["/api", "/api/x", "/api?x"])
        self.assert_leads_to(proxy, "b", ["/apis"])

    def test_regex_matches_the_whole_path(self):
        proxy = self.proxy_with('{ safe_regex: { regex: "/items/[0-9]+" } }')
        self.assert_leads_to(proxy, "a", ["/items/1", "/items/42?q"])
        self.assert_leads_to(proxy, "b", ["/items/", "/items/1/x"])

    def test_header(self):
        proxy = self.proxy_with("{ prefix: /, headers: [{ name: x-canary, string_match: { exact: yes-please } }] }")
        self.assert_leads_to(proxy, "a", ["/"], {"X-Canary": "yes-please"})
        self.assert_leads_to(proxy, "b", ["/"], {"X-Canary": "no"})
        self.assert_leads_to(proxy, "b", ["/"])

    def test_method(self):
        proxy = self.proxy_with('{ prefix: /, headers: [{ name: ":method", string_match: { exact: POST } }] }')
        self.assert_status(proxy.request("POST", body="x"), 200, "a")
        self.assert_status(proxy.request("GET"), 200, "b")

    def test_query_parameter(self):
        proxy = self.proxy_with("{ prefix: /, query_parameters: [{ name: v, string_match: { exact: two } }] }")
        self.assert_leads_to(proxy, "a", ["/?v=two", "/?x&v=two&y"])
        self.assert_leads_to(proxy, "b", ["/?v=2", "/", "/?vv=two"])

    def test_the_first_route_that_matches_wins(self):
        a, b = self.upstream(reply(200, "a")), self.upstream(reply(200, "b"))
        proxy = self.proxy(site("""
            - { match: { prefix: /x }, route: { cluster: a } }
            - { match: { path: /x/y }, route: { cluster: b } }
        """, cluster("a", a), cluster("b", b)))
        self.assertEqual(proxy.get("/x/y").text, "a")

    def test_virtual_hosts(self):
        def host(name, domain):
            return f"""
- name: {name}
  domains: ["{domain}"]
  routes:
  - match: {{ prefix: / }}
    direct_response: {{ status: 200, body: {{ inline_string: {name} }} }}"""
        proxy = self.proxy(site(host("exact", "a.example") + host("suffix", "*.example")
                                + host("start", "b.*") + host("rest", "*")))
        seen = {host: proxy.get(host=host).text for host in
                ("a.example", "A.Example", "x.example", "b.org", "else", "a.example:8080")}
        self.assertEqual(seen, {"a.example": "exact", "A.Example": "exact", "x.example": "suffix",
                                "b.org": "start", "else": "rest", "a.example:8080": "rest"})


class ActionTest(Story):
    def test_a_split_by_weight(self):
        a, b = self.upstream(reply(200, "a")), self.upstream(reply(200, "b"))
        proxy = self.proxy(site("""
            - match: { prefix: / }
              route: { weighted_clusters: { clusters: [{ name: a, weight: 80 }, { name: b, weight: 20 }] } }
        """, cluster("a", a), cluster("b", b)))
        client = self.connect(proxy)
        seen = Counter(client.request().text for _ in range(500))
        self.assertEqual(sum(seen.values()), 500)
        self.assertTrue(340 <= seen["a"] <= 460, seen)  # 400, and 6 standard deviations

    def test_the_cluster_that_a_header_names(self):
        a, b = self.upstream(reply(200, "a")), self.upstream(reply(200, "b"))
        proxy = self.proxy(site("- { match: { prefix: / }, route: { cluster_header: x-to } }",
                                cluster("a", a), cluster("b", b)))
        self.assertEqual(proxy.get(headers={"x-to": "b"}).text, "b")
        self.assert_status(proxy.get(headers={"x-to": "nowhere"}), 503)
        self.assert_status(proxy.get(), 503)

    def test_redirect(self):
        proxy = self.proxy(site("""
            - match: { prefix: /old }
              redirect: { https_redirect: true, host_redirect: new.example, prefix_rewrite: /new, response_code: PERMANENT_REDIRECT }
        """))
        response = proxy.get("/old/page?q=1")
        self.assert_status(response, 308)
        self.assertEqual(response.header("location"), "https://new.example/new/page?q=1")

    def test_direct_response(self):
        proxy = self.proxy(site("""
            - match: { prefix: /hello }
              direct_response: { status: 418, body: { inline_string: "short and stout" } }
        """))
        self.assert_status(proxy.get("/hello"), 418, "short and stout")
        self.assert_status(proxy.get("/other"), 404)
        self.assertEqual(proxy.counter("http.front.no_route"), 1)

    def test_prefix_and_regex_and_host_rewrite(self):
        a = self.upstream()
        proxy = self.proxy(site(r"""
            - { match: { prefix: /v1/ }, route: { cluster: a, prefix_rewrite: /, host_rewrite_literal: inner } }
            - match: { prefix: /user/ }
              route: { cluster: a, regex_rewrite: { pattern: { regex: "^/user/([^/]+)" }, substitution: "/by-name/\\1" } }
        """, cluster("a", a)))
        proxy.get("/v1/things?x=1")
        self.assertEqual((a.last.target, a.last.header("host")), ("/things?x=1", "inner"))
        proxy.get("/user/ann/mail?y")
        self.assertEqual((a.last.target, a.last.header("host")), ("/by-name/ann/mail?y", "test"))

    def test_headers_are_added_appended_and_removed(self):
        a = self.upstream(reply(200, "", [("x-inner", "secret"), ("x-list", "one")]))
        proxy = self.proxy(site("""
            - match: { prefix: / }
              route: { cluster: a }
              request_headers_to_add:
              - { header: { key: x-added, value: "by %REQ(x-who)%" }, append_action: OVERWRITE_IF_EXISTS_OR_ADD }
              request_headers_to_remove: [x-dropped]
              response_headers_to_add:
              - { header: { key: x-list, value: two }, append_action: APPEND_IF_EXISTS_OR_ADD }
              response_headers_to_remove: [x-inner]
        """, cluster("a", a)))
        response = proxy.get(headers={"x-who": "me", "x-added": "forged", "x-dropped": "1"})
        self.assertEqual([v for n, v in a.last.headers if n.lower() == "x-added"], ["by me"])
        self.assertIsNone(a.last.header("x-dropped"))
        self.assertIsNone(response.header("x-inner"))
        self.assertEqual([v for n, v in response.headers if n == "x-list"], ["one", "two"])

    def test_the_path_is_normalised_before_it_is_matched(self):
        a = self.upstream()
        proxy = self.proxy(site("""
            - { match: { prefix: /private }, direct_response: { status: 403 } }
            - { match: { prefix: / }, route: { cluster: a } }
        """, cluster("a", a), http="normalize_path: true\nmerge_slashes: true"))
        for path in ("/x/../private", "/./private", "//private", "/%70rivate", "/x/%2e%2e/private"):
            with self.subTest(path=path):
                self.assert_status(proxy.get(path), 403)
        self.assert_status(proxy.get("/public//x"), 200)
        self.assertEqual(a.last.target, "/public/x")


class ForwardingTest(Story):
    def test_the_upstream_learns_who_the_client_is(self):
        a = self.upstream()
        proxy = self.proxy(site("- { match: { prefix: / }, route: { cluster: a } }", cluster("a", a),
                                http="use_remote_address: true\nvia: edge"))
        response = proxy.get(headers={"x-forwarded-for": "6.6.6.6", "x-request-id": "forged"})
        self.assertEqual(a.last.header("x-forwarded-for"), "6.6.6.6,127.0.0.1")
        self.assertEqual(a.last.header("x-forwarded-proto"), "http")
        self.assertRegex(a.last.header("x-request-id"), "^[0-9a-f-]{36}$")
        self.assertEqual(a.last.header("via"), "edge")
        self.assertEqual(response.header("via"), "edge")
        self.assertEqual(response.header("server"), "outrigger")
        self.assertRegex(response.header("x-envoy-upstream-service-time"), "^[0-9]+$")


if __name__ == "__main__":
    main()
