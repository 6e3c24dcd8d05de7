#include "source/config/cluster_config.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "source/config/refusal.h"
#include "test/config/from_yaml.h"

namespace outrigger::config {
namespace {

using envoy::config::cluster::v3::Cluster;
using std::chrono::milliseconds;
using upstream::ClusterSpec;
using upstream::UpstreamProtocol;

struct Compiled {
  ClusterSpec spec;
  std::string errors;
};

Compiled Compile(std::string_view yaml, bool added_via_api = false) {
  const Cluster cluster = FromYaml<Cluster>(yaml);
  Findings findings;
  const Place place(findings);
  RefuseNotImplemented(cluster, place);
  static stats::Store stats;
  ClusterSpec spec = CompileCluster(cluster, added_via_api, CompileEnvironment(), stats, place);
  return {std::move(spec), std::string(findings.ToStatus().message())};
}

ClusterSpec Spec(std::string_view yaml) {
  Compiled compiled = Compile(yaml);
  EXPECT_EQ(compiled.errors, "") << yaml;
  return std::move(compiled.spec);
}

TEST(ClusterConfig, HasTheDefaultsOfItsDocumentation) {
  const ClusterSpec spec = Spec("name: a");
  EXPECT_EQ(spec.stat_name, "a");
  EXPECT_EQ(spec.discovery, upstream::Discovery::kStatic);
  EXPECT_EQ(spec.connect_timeout, milliseconds(5000));
  EXPECT_EQ(spec.buffer_limit_bytes, 1024u * 1024);
  EXPECT_EQ(spec.lb_policy, upstream::LbPolicy::kRoundRobin);
  EXPECT_EQ(spec.panic_threshold_percent, 50);
  EXPECT_EQ(spec.overprovisioning_factor_percent, 140u);
  EXPECT_EQ(spec.breakers[1].max_requests, 1024u);
  EXPECT_EQ(spec.breakers[1].max_retries, 3u);
  EXPECT_EQ(spec.idle_timeout, milliseconds(3'600'000));
  EXPECT_EQ(spec.max_requests_per_connection, std::nullopt);
  EXPECT_EQ(spec.protocol, UpstreamProtocol::kHttp1);
  EXPECT_TRUE(spec.static_endpoints.endpoints.empty());
}

TEST(ClusterConfig, ReadsEveryNumber) {
  const ClusterSpec spec = Spec(R"(
name: a
alt_stat_name: b
connect_timeout: 0.25s
per_connection_buffer_limit_bytes: 32768
lb_policy: LEAST_REQUEST
least_request_lb_config: {choice_count: 3, active_request_bias: {default_value: 1}}
common_lb_config: {healthy_panic_threshold: {value: 0}}
circuit_breakers:
  thresholds:
  - {max_connections: 1, max_pending_requests: 2, max_requests: 3, max_retries: 4, track_remaining: true}
  - {priority: HIGH, retry_budget: {min_retry_concurrency: 7}}
  - {max_connections: 100}
upstream_connection_options: {tcp_keepalive: {keepalive_time: 300}}
upstream_bind_config: {source_address: {address: 127.0.0.6, port_value: 0}}
typed_extension_protocol_options:
  envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
    "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
    common_http_protocol_options:
      idle_timeout: 0s
      max_connection_duration: 60s
      max_headers_count: 50
      max_requests_per_connection: 10
      max_response_headers_kb: 8
    explicit_http_config:
      http_protocol_options: {enable_trailers: true, header_key_format: {proper_case_words: {}}}
)");
  EXPECT_EQ(spec.stat_name, "b");
  EXPECT_EQ(spec.connect_timeout, milliseconds(250));
  EXPECT_EQ(spec.buffer_limit_bytes, 32768u);
  EXPECT_EQ(spec.lb_policy, upstream::LbPolicy::kLeastRequest);
  EXPECT_EQ(spec.least_request_choices, 3u);
  EXPECT_EQ(spec.panic_threshold_percent, 0);
  EXPECT_EQ(spec.breakers[0].max_connections, 1u);
  EXPECT_EQ(spec.breakers[0].max_pending_requests, 2u);
  EXPECT_EQ(spec.breakers[0].max_requests, 3u);
  EXPECT_EQ(spec.breakers[0].max_retries, 4u);
  EXPECT_TRUE(spec.breakers[0].track_remaining);
  EXPECT_EQ(spec.breakers[1].retry_budget_percent, 20);
  EXPECT_EQ(spec.breakers[1].retry_budget_min_concurrency, 7u);
  EXPECT_EQ(spec.keepalive->idle, std::chrono::seconds(300));
  EXPECT_EQ(spec.bind_source->ToString(), "127.0.0.6:0");
  EXPECT_EQ(spec.idle_timeout, std::nullopt);
  EXPECT_EQ(spec.max_connection_duration, milliseconds(60'000));
  EXPECT_EQ(spec.http1.max_headers, 50u);
  EXPECT_EQ(spec.max_requests_per_connection, 10u);
  EXPECT_EQ(spec.http1.max_head_bytes, 8u * 1024);
  EXPECT_TRUE(spec.http1.enable_trailers);
  EXPECT_TRUE(spec.http1.use_proper_case);
}

TEST(ClusterConfig, ReadsStaticEndpoints) {
  const ClusterSpec spec = Spec(R"(
name: a
load_assignment:
  policy: {overprovisioning_factor: 200}
  endpoints:
  - locality: {region: r, zone: z}
    lb_endpoints:
    - endpoint: {address: {socket_address: {address: 10.0.0.1, port_value: 80}}, hostname: one}
      load_balancing_weight: 5
      health_status: DRAINING
    - endpoint:
        address: {socket_address: {address: "::1", port_value: 81}}
        additional_addresses: [{address: {socket_address: {address: 10.0.0.2, port_value: 82}}}]
  - priority: 1
    lb_endpoints: [{endpoint: {address: {pipe: {path: "@abstract"}}}}]
)");
  const auto& endpoints = spec.static_endpoints.endpoints;
  ASSERT_EQ(endpoints.size(), 3u);
  EXPECT_EQ(spec.overprovisioning_factor_percent, 200u);
  EXPECT_EQ(endpoints[0]->address().ToString(), "10.0.0.1:80");
  EXPECT_EQ(endpoints[0]->hostname, "one");
  EXPECT_EQ(endpoints[0]->weight, 5u);
  EXPECT_FALSE(endpoints[0]->is_usable());
  EXPECT_EQ(endpoints[0]->locality->zone, "z");
  EXPECT_EQ(endpoints[1]->addresses[1].ToString(), "10.0.0.2:82");
  EXPECT_EQ(endpoints[1]->weight, 1u);
  EXPECT_TRUE(endpoints[1]->is_usable());
  EXPECT_EQ(endpoints[2]->address().ToString(), "@abstract");
  EXPECT_EQ(endpoints[2]->priority, 1u);
}

TEST(ClusterConfig, ReadsDnsNames) {
  const ClusterSpec spec = Spec(R"(
name: a
type: STRICT_DNS
dns_lookup_family: V4_PREFERRED
dns_refresh_rate: 60s
dns_failure_refresh_rate: {base_interval: 2s}
respect_dns_ttl: true
dns_jitter: 1s
load_assignment:
  endpoints:
  - lb_endpoints:
    - endpoint: {address: {socket_address: {address: web.example, port_value: 80}}}
      load_balancing_weight: 3
)");
  EXPECT_EQ(spec.discovery, upstream::Discovery::kStrictDns);
  EXPECT_EQ(spec.dns_family, net::DnsFamily::kV4Preferred);
  EXPECT_EQ(spec.dns_refresh, milliseconds(60'000));
  EXPECT_EQ(spec.dns_failure_refresh, milliseconds(2000));
  EXPECT_EQ(spec.dns_failure_refresh_max, milliseconds(20'000));
  EXPECT_EQ(spec.dns_jitter, milliseconds(1000));
  EXPECT_TRUE(spec.respect_dns_ttl);
  ASSERT_EQ(spec.dns_names.size(), 1u);
  EXPECT_EQ(spec.dns_names[0].name, "web.example");
  EXPECT_EQ(spec.dns_names[0].port, 80);
  EXPECT_EQ(spec.dns_names[0].like.weight, 3u);
  EXPECT_EQ(spec.dns_names[0].like.hostname, "web.example");
}

TEST(ClusterConfig, ReadsALogicalDnsName) {
  const ClusterSpec spec = Spec(R"(
name: a
type: LOGICAL_DNS
dns_lookup_family: V4_ONLY
load_assignment:
  endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: web.example, port_value: 80}}}}]}]
)");
  EXPECT_EQ(spec.discovery, upstream::Discovery::kLogicalDns);
  EXPECT_EQ(spec.dns_family, net::DnsFamily::kV4Only);
  ASSERT_EQ(spec.dns_names.size(), 1u);
  EXPECT_EQ(spec.dns_names[0].name, "web.example");
}

TEST(ClusterConfig, ReadsTheDnsClusterExtension) {
  const std::string yaml = R"(
name: a
cluster_type:
  name: envoy.cluster.dns
  typed_config:
    "@type": type.googleapis.com/envoy.extensions.clusters.dns.v3.DnsCluster
    dns_refresh_rate: 30s
    dns_lookup_family: V6_ONLY
    all_addresses_in_single_endpoint: )";
  const std::string endpoints = R"(
load_assignment:
  endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: web.example, port_value: 80}}}}]}]
)";
  const ClusterSpec logical = Spec(yaml + "true" + endpoints);
  EXPECT_EQ(logical.discovery, upstream::Discovery::kLogicalDns);
  EXPECT_EQ(logical.dns_family, net::DnsFamily::kV6Only);
  EXPECT_EQ(logical.dns_refresh, milliseconds(30'000));
  EXPECT_EQ(Spec(yaml + "false" + endpoints).discovery, upstream::Discovery::kStrictDns);
}

TEST(ClusterConfig, ReadsRandomInBothForms) {
  EXPECT_EQ(Spec("{name: a, lb_policy: RANDOM}").lb_policy, upstream::LbPolicy::kRandom);
  EXPECT_EQ(Spec(R"({name: a, load_balancing_policy: {policies: [{typed_extension_config: {name: r,
      typed_config: {"@type": a/envoy.extensions.load_balancing_policies.random.v3.Random}}}]}})")
                .lb_policy,
            upstream::LbPolicy::kRandom);
}

TEST(ClusterConfig, ReadsOriginalDestinations) {
  const ClusterSpec spec = Spec(R"(
name: a
type: ORIGINAL_DST
lb_policy: CLUSTER_PROVIDED
cleanup_interval: 2s
original_dst_lb_config: {use_http_header: true, http_header_name: X-Where, upstream_port_override: 81}
)");
  EXPECT_EQ(spec.discovery, upstream::Discovery::kOriginalDst);
  EXPECT_EQ(spec.cleanup_interval, milliseconds(2000));
  EXPECT_EQ(spec.destination_header, "x-where");
  EXPECT_EQ(spec.destination_port, 81);
}

TEST(ClusterConfig, ReadsEds) {
  const ClusterSpec spec = Spec(R"(
name: a
type: EDS
eds_cluster_config: {eds_config: {ads: {}, initial_fetch_timeout: 0s, resource_api_version: V3}}
)");
  EXPECT_EQ(spec.discovery, upstream::Discovery::kEds);
  EXPECT_EQ(spec.eds_service_name, "a");
  EXPECT_EQ(spec.eds_initial_fetch_timeout, milliseconds(0));
}

TEST(ClusterConfig, TakesTheFirstKnownPolicy) {
  const ClusterSpec spec = Spec(R"(
name: a
load_balancing_policy:
  policies:
  - typed_extension_config:
      name: maglev
      typed_config: {"@type": type.googleapis.com/envoy.type.v3.Percent}
  - typed_extension_config:
      name: least
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest
        choice_count: 4
)");
  EXPECT_EQ(spec.lb_policy, upstream::LbPolicy::kLeastRequest);
  EXPECT_EQ(spec.least_request_choices, 4u);
}

// A cluster with these HttpProtocolOptions.
std::string WithOptions(std::string_view fields) {
  return absl::StrCat(
      "{name: a, typed_extension_protocol_options: {http: {\"@type\": "
      "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions, ",
      std::string(fields), "}}}");
}

TEST(ClusterConfig, SpeaksTheProtocolWhoseOptionsAreGiven) {
  const ClusterSpec spec =
      Spec(WithOptions("explicit_http_config: {http2_protocol_options: {max_concurrent_streams: 7, "
                       "connection_keepalive: {interval: 30s, timeout: 5s}}}, "
                       "common_http_protocol_options: {max_headers_count: 50, "
                       "max_response_headers_kb: 2}"));
  EXPECT_EQ(spec.protocol, UpstreamProtocol::kHttp2);
  EXPECT_EQ(spec.http2.max_concurrent_streams, 7u);
  EXPECT_EQ(spec.http2.keepalive.interval, milliseconds(30'000));
  EXPECT_EQ(spec.http2.keepalive.timeout, milliseconds(5000));
  EXPECT_EQ(spec.http2.max_headers, 50u);
  EXPECT_EQ(spec.http2.max_head_bytes, 2048u);
  EXPECT_EQ(Spec(WithOptions("explicit_http_config: {http_protocol_options: {}}")).protocol,
            UpstreamProtocol::kHttp1);
}

TEST(ClusterConfig, SpeaksTheProtocolOfTheClient) {
  const ClusterSpec spec =
      Spec(WithOptions("use_downstream_protocol_config: {http_protocol_options: {enable_trailers: "
                       "true}, http2_protocol_options: {max_concurrent_streams: 9}}"));
  EXPECT_EQ(spec.protocol, UpstreamProtocol::kDownstream);
  EXPECT_TRUE(spec.http1.enable_trailers);
  EXPECT_EQ(spec.http2.max_concurrent_streams, 9u);
}

TEST(ClusterConfig, ReadsTheProtocolOfOlderFields) {
  EXPECT_EQ(Spec("{name: a, http2_protocol_options: {}}").protocol, UpstreamProtocol::kHttp2);
  const ClusterSpec spec = Spec(
      "{name: a, protocol_selection: USE_DOWNSTREAM_PROTOCOL, http2_protocol_options: "
      "{max_concurrent_streams: 3}}");
  EXPECT_EQ(spec.protocol, UpstreamProtocol::kDownstream);
  EXPECT_EQ(spec.http2.max_concurrent_streams, 3u);
}

TEST(ClusterConfig, ReadsHowManyConnectionsAreMadeAhead) {
  EXPECT_EQ(Spec("name: a").preconnect_ratio, 1);
  EXPECT_EQ(
      Spec("{name: a, preconnect_policy: {per_upstream_preconnect_ratio: 1.5}}").preconnect_ratio,
      1.5);
}

struct Refusal {
  std::string yaml;
  std::string error;
};

class RefusedCluster : public testing::TestWithParam<Refusal> {};

TEST_P(RefusedCluster, SaysWhereAndWhy) {
  EXPECT_EQ(Compile(GetParam().yaml).errors, GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    Table, RefusedCluster,
    testing::Values(
        Refusal{"{}", "name: must be given"},
        Refusal{WithOptions("explicit_http_config: {}"),
                "typed_extension_protocol_options[\"http\"].explicit_http_config: must hold one of "
                "http_protocol_options, http2_protocol_options"},
        Refusal{"{name: a, preconnect_policy: {per_upstream_preconnect_ratio: 3.5, "
                "predictive_preconnect_ratio: 2}}",
                "preconnect_policy.predictive_preconnect_ratio: not implemented\n"
                "preconnect_policy.per_upstream_preconnect_ratio: must be from 1 to 3, got 3.5"},
        Refusal{"{name: a, type: LOGICAL_DNS, load_assignment: {}}",
                "load_assignment: must hold one endpoint for LOGICAL_DNS, got 0; STRICT_DNS takes "
                "several"},
        Refusal{"{name: a, load_assignment: {}, cluster_type: {name: dns, typed_config: "
                "{\"@type\": a/envoy.type.v3.Percent}}}",
                "cluster_type.typed_config: unknown cluster type \"envoy.type.v3.Percent\"; known: "
                "envoy.extensions.clusters.dns.v3.DnsCluster, or give type instead of "
                "cluster_type"},
        Refusal{"{name: a, load_assignment: {}, cluster_type: {name: dns, typed_config: "
                "{\"@type\": a/envoy.extensions.clusters.dns.v3.DnsCluster, "
                "dns_failure_refresh_rate: {}, typed_dns_resolver_config: {}}}}",
                "cluster_type.typed_config.typed_dns_resolver_config: not implemented\n"
                "cluster_type.typed_config.dns_failure_refresh_rate.base_interval: must be above "
                "0"},
        Refusal{"{name: a, connect_timeout: 0s, health_checks: [{}]}",
                "health_checks: not implemented\nconnect_timeout: must be above 0"},
        Refusal{"{name: a, connect_timeout: -1s}",
                "connect_timeout: must be from 0 to 100 years, got -1 s and 0 ns"},
        Refusal{"{name: a, type: EDS}", "eds_cluster_config: must be given for type EDS"},
        Refusal{"{name: a, type: EDS, eds_cluster_config: {eds_config: {api_config_source: {}}}}",
                "eds_cluster_config.eds_config.api_config_source: a stream of its own is not "
                "implemented; give ads: {}"},
        Refusal{"{name: a, type: STRICT_DNS}",
                "load_assignment: must be given for clusters with DNS"},
        Refusal{"{name: a, load_assignment: {endpoints: [{lb_endpoints: [{endpoint: {address: "
                "{socket_address: {address: web.example, port_value: 70000}}}}]}]}}",
                "load_assignment.endpoints[0].lb_endpoints[0].endpoint.address.socket_address."
                "port_value: must be from 0 to 65535, got 70000\n"
                "load_assignment.endpoints[0].lb_endpoints[0].endpoint.address.socket_address."
                "address: must be an IPv4 or IPv6 address, got \"web.example\""},
        Refusal{"{name: a, load_assignment: {endpoints: [{lb_endpoints: [{}]}]}}",
                "load_assignment.endpoints[0].lb_endpoints[0].endpoint.address: must be given"},
        Refusal{"{name: a, load_assignment: {endpoints: [{priority: 2}, {}]}}",
                "load_assignment.endpoints: priority 1 is missing below 2; number priorities from "
                "0 without gaps"},
        Refusal{"{name: a, load_assignment: {endpoints: [{priority: 4000000000}]}}",
                "load_assignment.endpoints[0].priority: must be from 0 to 128, got 4000000000"},
        Refusal{"{name: a, load_balancing_policy: {policies: [{typed_extension_config: {name: m, "
                "typed_config: {\"@type\": a/envoy.type.v3.Percent}}}]}}",
                "load_balancing_policy.policies: must hold one of LeastRequest, Random, "
                "RoundRobin, got [envoy.type.v3.Percent]"},
        Refusal{"{name: a, lb_policy: LEAST_REQUEST, least_request_lb_config: {choice_count: 1}}",
                "least_request_lb_config.choice_count: must be from 2 to 1024, got 1"},
        Refusal{"{name: a, common_lb_config: {healthy_panic_threshold: {value: 101}}}",
                "common_lb_config.healthy_panic_threshold: must be from 0 to 100, got 101"},
        Refusal{"{name: a, typed_extension_protocol_options: {x: {\"@type\": "
                "a/envoy.type.v3.Percent}}}",
                "typed_extension_protocol_options[\"x\"]: unknown type \"envoy.type.v3.Percent\"; "
                "known: envoy.extensions.upstreams.http.v3.HttpProtocolOptions"}));

}  // namespace
}  // namespace outrigger::config
