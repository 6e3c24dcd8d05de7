#!/usr/bin/env python3
"""Access rules and rate limits: what they refuse, what they count, what the log says."""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.config import cluster, json_log, rate_limit, rbac, site
from harness.story import Story, main
from harness.waiting import until

TO_A = "- { match: { prefix: / }, route: { cluster: a } }"

RBAC = "type.googleapis.com/envoy.extensions.filters.http.rbac.v3."
LIMIT = "type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit"

ALL = "{ default_value: { numerator: 100 } }"


class PolicyStory(Story):
    def start(self, filters, routes=TO_A):
        self.log = self.directory() / "access.log"
        http = json_log(self.log, code="%RESPONSE_CODE%", flags="%RESPONSE_FLAGS%",
                        details="%RESPONSE_CODE_DETAILS%")
        return self.proxy(site(routes, cluster("a", self.upstream()), filters=filters, http=http))

    def assert_logged(self, code, flags, details):
        """A line of the log says so. Lines of different workers come in no order; no flags are null."""
        wanted = {"code": code, "flags": None if flags == "-" else flags, "details": details}
        until(lambda: self.log.exists() and wanted in map(json.loads, self.log.read_text().splitlines()),
              f"a log line {wanted}")


class RbacTest(PolicyStory):
    def test_denies_what_a_policy_names(self):
        proxy = self.start(rbac("""
            rules:
              action: DENY
              policies:
                no-admin:
                  permissions: [{ url_path: { path: { prefix: /admin } } }]
                  principals: [{ any: true }]
        """))
        self.assert_status(proxy.get("/admin/x"), 403, "RBAC: access denied")
        self.assert_logged(403, "-", "rbac_access_denied_matched_policy[no-admin]")
        self.assert_status(proxy.get("/else"), 200)
        self.assertEqual(proxy.counter("http.front.rbac.denied"), 1)
        self.assertEqual(proxy.counter("http.front.rbac.allowed"), 1)

    def test_allows_only_what_a_policy_names(self):
        proxy = self.start(rbac("""
            rules:
              action: ALLOW
              policies:
                readers:
                  permissions:
                  - or_rules: { rules: [{ header: { name: ":method", string_match: { exact: GET } } },
                                        { header: { name: ":method", string_match: { exact: HEAD } } }] }
                  principals: [{ direct_remote_ip: { address_prefix: 127.0.0.0, prefix_len: 8 } }]
        """))
        self.assert_status(proxy.get(), 200)
        self.assert_status(proxy.request("HEAD"), 200)
        self.assert_status(proxy.request("DELETE"), 403)
        self.assert_logged(403, "-", "rbac_access_denied_matched_policy[none]")

    def test_a_client_cannot_choose_its_address_to_be_let_in(self):
        proxy = self.start(rbac("""
            rules:
              action: ALLOW
              policies:
                friends:
                  permissions: [{ any: true }]
                  principals: [{ direct_remote_ip: { address_prefix: 10.0.0.0, prefix_len: 8 } }]
        """))
        self.assert_status(proxy.get(headers={"x-forwarded-for": "10.1.2.3"}), 403)

    def test_shadow_rules_count_and_let_pass(self):
        proxy = self.start(rbac("""
            shadow_rules:
              action: DENY
              policies: { all: { permissions: [{ any: true }], principals: [{ any: true }] } }
        """))
        self.assert_status(proxy.get(), 200)
        self.assertEqual(proxy.counter("http.front.rbac.shadow_denied"), 1)

    def test_a_route_may_have_rules_of_its_own(self):
        proxy = self.start(rbac(), f"""
            - match: {{ prefix: /closed }}
              route: {{ cluster: a }}
              typed_per_filter_config:
                envoy.filters.http.rbac:
                  "@type": {RBAC}RBACPerRoute
                  rbac:
                    rules:
                      action: DENY
                      policies: {{ all: {{ permissions: [{{ any: true }}], principals: [{{ any: true }}] }} }}
            - {{ match: {{ prefix: / }}, route: {{ cluster: a }} }}
        """)
        self.assert_status(proxy.get("/closed"), 403)
        self.assert_status(proxy.get("/open"), 200)

    def test_a_weighted_cluster_may_have_rules_of_its_own(self):
        proxy = self.start(rbac(), f"""
            - match: {{ prefix: / }}
              route:
                weighted_clusters:
                  header_name: x-pick
                  clusters:
                  - {{ name: a, weight: 1 }}
                  - name: a
                    weight: 1
                    typed_per_filter_config:
                      envoy.filters.http.rbac:
                        "@type": {RBAC}RBACPerRoute
                        rbac:
                          rules:
                            action: DENY
                            policies: {{ all: {{ permissions: [{{ any: true }}], principals: [{{ any: true }}] }} }}
                  - name: a
                    weight: 1
                    typed_per_filter_config:
                      envoy.filters.http.rbac:
                        "@type": type.googleapis.com/envoy.config.route.v3.FilterConfig
                        disabled: true
              typed_per_filter_config:
                envoy.filters.http.rbac:
                  "@type": {RBAC}RBACPerRoute
                  rbac:
                    rules:
                      action: DENY
                      policies: {{ some: {{ permissions: [{{ header: {{ name: x-bad, present_match: true }} }}], principals: [{{ any: true }}] }} }}
        """)
        self.assert_status(proxy.get(headers={"x-pick": "0"}), 200)
        self.assert_status(proxy.get(headers={"x-pick": "0", "x-bad": "1"}), 403)
        self.assert_status(proxy.get(headers={"x-pick": "1"}), 403)
        self.assert_status(proxy.get(headers={"x-pick": "2", "x-bad": "1"}), 200)

    def test_a_path_cannot_be_spelled_so_that_a_rule_misses_it(self):
        self.log = self.directory() / "log"
        proxy = self.proxy(site(TO_A, cluster("a", self.upstream()), filters=rbac("""
            rules:
              action: DENY
              policies:
                no-admin:
                  permissions: [{ url_path: { path: { prefix: /admin } } }]
                  principals: [{ any: true }]
        """), http="normalize_path: true\nmerge_slashes: true\npath_with_escaped_slashes_action: UNESCAPE_AND_FORWARD"))
        for path in ("/admin", "//admin", "/./admin", "/x/../admin", "/%61dmin", "/x%2f..%2fadmin", "/%2e/admin"):
            with self.subTest(path=path):
                self.assert_status(proxy.get(path), 403)


class RateLimitTest(PolicyStory):
    def test_requests_over_the_limit_are_refused(self):
        proxy = self.start(rate_limit(f"""
            stat_prefix: limit
            token_bucket: {{ max_tokens: 3, tokens_per_fill: 3, fill_interval: 3600s }}
            filter_enabled: {ALL}
            filter_enforced: {ALL}
            response_headers_to_add: [{{ header: {{ key: x-limited, value: "yes" }} }}]
        """))
        client = self.connect(proxy)
        self.assertEqual([client.request().status for _ in range(5)], [200, 200, 200, 429, 429])
        response = client.request()
        self.assert_status(response, 429, "local_rate_limited")
        self.assertEqual(response.header("x-limited"), "yes")
        self.assert_logged(429, "RL", "local_rate_limited")
        counters = proxy.counters()
        names = ("ok", "enabled", "rate_limited", "enforced")
        self.assertEqual([counters[f"limit.http_local_rate_limit.{n}"] for n in names], [3, 6, 3, 3])

    def test_workers_share_the_tokens(self):
        proxy = self.start(rate_limit(f"""
            stat_prefix: limit
            token_bucket: {{ max_tokens: 10, tokens_per_fill: 10, fill_interval: 3600s }}
            filter_enabled: {ALL}
            filter_enforced: {ALL}
        """))
        self.assertEqual(sorted(proxy.get().status for _ in range(20)), [200] * 10 + [429] * 10)

    def test_a_limit_that_is_not_enforced_only_counts(self):
        proxy = self.start(rate_limit(f"""
            stat_prefix: limit
            token_bucket: {{ max_tokens: 1, tokens_per_fill: 1, fill_interval: 3600s }}
            filter_enabled: {ALL}
        """))
        self.assertEqual([proxy.get().status for _ in range(3)], [200] * 3)
        self.assertEqual(proxy.counter("limit.http_local_rate_limit.rate_limited"), 2)
        self.assertEqual(proxy.counter("limit.http_local_rate_limit.enforced"), 0)

    def test_a_route_may_have_a_limit_of_its_own(self):
        proxy = self.start(rate_limit(), f"""
            - match: {{ prefix: /slow }}
              route: {{ cluster: a }}
              typed_per_filter_config:
                envoy.filters.http.local_ratelimit:
                  "@type": {LIMIT}
                  stat_prefix: slow
                  token_bucket: {{ max_tokens: 1, tokens_per_fill: 1, fill_interval: 3600s }}
                  filter_enabled: {ALL}
                  filter_enforced: {ALL}
                  status: {{ code: 503 }}
            - {{ match: {{ prefix: / }}, route: {{ cluster: a }} }}
        """)
        self.assertEqual([proxy.get("/slow").status for _ in range(2)], [200, 503])
        self.assertEqual([proxy.get("/fast").status for _ in range(2)], [200, 200])

    def test_tokens_come_back(self):
        proxy = self.start(rate_limit(f"""
            stat_prefix: limit
            token_bucket: {{ max_tokens: 1, tokens_per_fill: 1, fill_interval: 0.2s }}
            filter_enabled: {ALL}
            filter_enforced: {ALL}
        """))
        client = self.connect(proxy)
        until(lambda: client.request().status == 429, "the limit is reached")
        until(lambda: client.request().status == 200, "a token comes back")

    def test_a_descriptor_has_a_bucket_of_its_own(self):
        proxy = self.start(rate_limit(f"""
            stat_prefix: limit
            token_bucket: {{ max_tokens: 100, tokens_per_fill: 100, fill_interval: 3600s }}
            filter_enabled: {ALL}
            filter_enforced: {ALL}
            descriptors:
            - entries: [{{ key: client, value: greedy }}]
              token_bucket: {{ max_tokens: 1, tokens_per_fill: 1, fill_interval: 3600s }}
            rate_limits:
            - actions: [{{ request_headers: {{ header_name: x-client, descriptor_key: client }} }}]
        """))
        self.assertEqual([proxy.get(headers={"x-client": "greedy"}).status for _ in range(2)], [200, 429])
        self.assertEqual([proxy.get(headers={"x-client": "modest"}).status for _ in range(2)], [200, 200])


if __name__ == "__main__":
    main()
