#include "source/config/bootstrap.h"

#include <cstdlib>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "test/config/compile_fixture.h"

namespace outrigger::config {
namespace {

using envoy::config::bootstrap::v3::Bootstrap;
using std::chrono::milliseconds;
using testing::HasSubstr;

struct Loaded {
  std::string error;
  BootstrapSpec spec;
  std::vector<std::string> warnings;
};

Loaded Load(BootstrapSource source) {
  Loaded loaded;
  absl::StatusOr<Bootstrap> bootstrap = LoadBootstrap(source, loaded.warnings);
  if (!bootstrap.ok()) return {.error = std::string(bootstrap.status().message())};
  absl::StatusOr<CompileEnvironment> environment = ReadEnvironment(*bootstrap);
  if (!environment.ok()) return {.error = std::string(environment.status().message())};
  Workshop shop(*std::move(environment));
  absl::StatusOr<BootstrapSpec> spec = CompileBootstrap(*std::move(bootstrap), shop.compiler);
  if (!spec.ok()) {
    loaded.error = std::string(spec.status().message());
    return loaded;
  }
  loaded.spec = *std::move(spec);
  // Specs hold names and counters of the workshop, which ends here.
  loaded.spec.clusters.clear();
  loaded.spec.listeners.clear();
  return loaded;
}

Loaded LoadYaml(std::string_view yaml) { return Load({.yaml = std::string(yaml)}); }

BootstrapSpec Spec(std::string_view yaml) {
  Loaded loaded = LoadYaml(yaml);
  EXPECT_EQ(loaded.error, "");
  return std::move(loaded.spec);
}

std::string Error(std::string_view yaml) { return LoadYaml(yaml).error; }

// A file that lives as long as the test.
class File {
 public:
  explicit File(std::string_view text)
      : path_(absl::StrCat(std::getenv("TEST_TMPDIR"), "/bootstrap.yaml")) {
    std::ofstream(path_) << text;
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

constexpr std::string_view kControlPlane = R"(
node: {id: one, cluster: group}
static_resources:
  clusters:
  - name: xds
    connect_timeout: 1s
    load_assignment:
      endpoints: [{lb_endpoints: [{endpoint: {address: {pipe: {path: /run/xds}}}}]}]
    typed_extension_protocol_options:
      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
        "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
        explicit_http_config: {http2_protocol_options: {}}
)";
constexpr std::string_view kDynamic = R"(
dynamic_resources:
  ads_config:
    api_type: DELTA_GRPC
    transport_api_version: V3
    set_node_on_first_message_only: true
    grpc_services:
    - envoy_grpc: {cluster_name: xds}
      initial_metadata: [{key: token, value: secret}]
  cds_config: {ads: {}, resource_api_version: V3, initial_fetch_timeout: 0s}
  lds_config: {ads: {}, resource_api_version: V3, initial_fetch_timeout: 0s}
)";

TEST(Bootstrap, HasTheDefaultsOfItsDocumentation) {
  const BootstrapSpec spec = Spec("{}");
  EXPECT_EQ(spec.admin_address, std::nullopt);
  EXPECT_FALSE(spec.ads.has_value());
  EXPECT_EQ(spec.stats_flush_interval, milliseconds(5000));
  EXPECT_EQ(spec.global_connection_limit, std::numeric_limits<int64_t>::max());
}

TEST(Bootstrap, ReadsTheControlPlane) {
  const BootstrapSpec spec = Spec(absl::StrCat(std::string(kControlPlane), std::string(kDynamic)));
  ASSERT_TRUE(spec.ads.has_value());
  EXPECT_TRUE(spec.ads->is_delta);
  EXPECT_TRUE(spec.ads->sends_node_once);
  EXPECT_EQ(spec.ads->cluster_name, "xds");
  EXPECT_EQ(spec.ads->authority, "xds");
  EXPECT_EQ(spec.ads->connect_timeout, milliseconds(1000));
  EXPECT_EQ(spec.ads->fetch_timeout, milliseconds(0));
  EXPECT_TRUE(spec.ads->asks_for_clusters);
  EXPECT_TRUE(spec.ads->asks_for_listeners);
  ASSERT_EQ(spec.ads->initial_metadata.size(), 1u);
  EXPECT_EQ(spec.ads->initial_metadata[0].second, "secret");
  EXPECT_EQ(spec.node.id(), "one");
}

TEST(Bootstrap, ReadsHowLongOutdatedConnectionsMayStayFromTheRuntime) {
  const auto read = [](const std::string& value) {
    return Spec(
               "layered_runtime: {layers: [{name: a, static_layer: "
               "{outrigger: {tls: {rotation_drain_ms: " +
               value + "}}}}]}")
        .rotation_drain;
  };
  EXPECT_EQ(Spec("{}").rotation_drain, milliseconds(300'000));
  EXPECT_EQ(read("1500"), milliseconds(1500));
  EXPECT_EQ(read("0"), milliseconds(0));
}

TEST(Bootstrap, ReadsTheRest) {
  const BootstrapSpec spec = Spec(R"(
admin:
  address: {socket_address: {address: 127.0.0.1, port_value: 15000}}
  access_log_path: /dev/null
  access_log:
  - typed_config: {"@type": a/envoy.extensions.access_loggers.file.v3.FileAccessLog, path: /dev/null}
  ignore_global_conn_limit: true
stats_flush_interval: 1s
overload_manager:
  resource_monitors:
  - name: connections
    typed_config:
      "@type": a/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig
      max_active_downstream_connections: 100
application_log_config: {log_format: {text_format: "%v"}}
layered_runtime: {layers: [{name: static, static_layer: {a: 1}}, {name: admin, admin_layer: {}}]}
)");
  EXPECT_EQ(spec.admin_address->ToString(), "127.0.0.1:15000");
  EXPECT_TRUE(spec.admin_ignores_global_limit);
  EXPECT_EQ(spec.stats_flush_interval, milliseconds(1000));
  EXPECT_EQ(spec.global_connection_limit, 100);
  EXPECT_EQ(spec.log_format, "%v");
}

TEST(Bootstrap, MergesTextOverTheFile) {
  const File file("node: {id: from-file, metadata: {a: 1}}\nstats_flush_interval: 1s\n");
  const Loaded loaded = Load({.path = file.path(),
                              .yaml = "{node: {id: from-text}}",
                              .service_node = "unused",
                              .service_cluster = "group",
                              .service_zone = "z"});
  EXPECT_EQ(loaded.error, "");
  EXPECT_EQ(loaded.spec.node.id(), "from-text");
  EXPECT_EQ(loaded.spec.node.cluster(), "group");
  EXPECT_EQ(loaded.spec.node.locality().zone(), "z");
  EXPECT_EQ(loaded.spec.node.metadata().fields().count("a"), 1u);
  EXPECT_EQ(loaded.spec.stats_flush_interval, milliseconds(1000));
}

TEST(Bootstrap, NamesFileLineAndColumn) {
  const File file("node:\n  id: one\n  idd: two\n");
  EXPECT_EQ(Load({.path = file.path()}).error,
            absl::StrCat(file.path(),
                         ":3:3: node: unknown field \"idd\" of envoy.config.core.v3.Node, "
                         "did you mean \"id\"?"));
  EXPECT_EQ(Load({}).error, "no bootstrap: give -c FILE or --config-yaml TEXT");
  EXPECT_THAT(Load({.path = "/no/such/file"}).error, HasSubstr("/no/such/file"));
}

TEST(Bootstrap, WarnsOfUnknownFieldsWhenTheyAreAllowed) {
  const Loaded loaded = Load({.yaml = "{node: {idd: two}, flags_path: a}", .allow_unknown = true});
  EXPECT_EQ(loaded.error, "");
  ASSERT_EQ(loaded.warnings.size(), 2u);
  EXPECT_THAT(loaded.warnings[0], HasSubstr("--config-yaml:1:9: node: unknown field \"idd\""));
}

// The bootstrap of ../bench, which is Envoy's.
TEST(Bootstrap, LoadsWhatTheBenchmarksGiveToEnvoy) {
  const BootstrapSpec spec = Spec(R"(
static_resources:
  listeners:
  - name: in
    address:
      socket_address:
        address: 127.0.0.1
        port_value: 8080
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: in
          codec_type: AUTO
          generate_request_id: false
          common_http_protocol_options:
            idle_timeout: 600s
          http2_protocol_options:
            max_concurrent_streams: 256
          route_config:
            name: local
            virtual_hosts:
            - name: all
              domains: ["*"]
              routes:
              - match:
                  path: /exact/1
                route:
                  cluster: up
              - match:
                  prefix: /
                route:
                  cluster: up
          http_filters:
          - name: envoy.filters.http.router
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
  clusters:
  - name: up
    type: STATIC
    connect_timeout: 5s
    lb_policy: ROUND_ROBIN
    circuit_breakers:
      thresholds:
      - priority: DEFAULT
        max_connections: 100000
        max_pending_requests: 100000
        max_requests: 100000
        max_retries: 3
    load_assignment:
      cluster_name: up
      endpoints:
      - lb_endpoints:
        - endpoint:
            address:
              socket_address:
                address: 127.0.0.1
                port_value: 8081
)");
  EXPECT_EQ(spec.proto.static_resources().listeners_size(), 1);
}

struct Refusal {
  std::string yaml;
  std::string error;
};

class RefusedBootstrap : public testing::TestWithParam<Refusal> {};

TEST_P(RefusedBootstrap, SaysWhereAndWhy) { EXPECT_EQ(Error(GetParam().yaml), GetParam().error); }

std::string Dynamic(std::string_view fields) {
  return absl::StrCat(std::string(kControlPlane), "dynamic_resources: {", std::string(fields), "}");
}

INSTANTIATE_TEST_SUITE_P(
    Table, RefusedBootstrap,
    testing::Values(
        Refusal{
            "static_resources: {clusters: [{name: a}, {name: a, connect_timeout: 0s, type: EDS}]}",
            "static_resources.clusters[1].name: an earlier cluster has the name \"a\"\n"
            "static_resources.clusters[1].eds_cluster_config: must be given for type EDS\n"
            "static_resources.clusters[1].connect_timeout: must be above 0"},
        Refusal{"static_resources: {listeners: [{name: a, transparent: true}]}",
                "static_resources.listeners[0].transparent: not implemented\n"
                "static_resources.listeners[0].address: must hold one of socket_address, pipe\n"
                "static_resources.listeners[0].filter_chains: must hold one"},
        Refusal{"cluster_manager: {load_stats_config: {}}",
                "cluster_manager.load_stats_config: not implemented"},
        Refusal{"cluster_manager: {local_cluster_name: me}",
                "cluster_manager.local_cluster_name: no static cluster has the name \"me\""},
        Refusal{"admin: {access_log_path: /tmp/x}",
                "admin.access_log_path: not implemented; give /dev/null or leave it out"},
        Refusal{"stats_flush_interval: 301s",
                "stats_flush_interval: must be at most 300 s, got 301000 ms"},
        Refusal{"layered_runtime: {layers: [{name: a, static_layer: "
                "{outrigger.tls.rotation_drain_ms: -1}}]}",
                "layered_runtime: outrigger.tls.rotation_drain_ms: must be 0 (never) to 86400000, "
                "got -1"},
        Refusal{"stats_config: {use_all_default_tags: false}",
                "stats_config.use_all_default_tags: false is not implemented"},
        Refusal{
            "layered_runtime: {layers: [{name: a, rtds_layer: {}}, {name: a, admin_layer: {}}]}",
            "layered_runtime.layers[1].name: must be unique"},
        Refusal{"overload_manager: {resource_monitors: [{name: a, typed_config: {\"@type\": "
                "a/envoy.type.v3.Percent}}]}",
                "overload_manager.resource_monitors[0].typed_config: unknown type "
                "\"envoy.type.v3.Percent\"; known: envoy.extensions.resource_monitors."
                "downstream_connections.v3.DownstreamConnectionsConfig"}));

INSTANTIATE_TEST_SUITE_P(
    OfTheControlPlane, RefusedBootstrap,
    testing::Values(
        Refusal{"dynamic_resources: {lds_config: {ads: {}}}",
                "dynamic_resources.lds_config.ads: needs dynamic_resources.ads_config"},
        Refusal{"dynamic_resources: {cds_config: {api_config_source: {api_type: GRPC}}}",
                "dynamic_resources.cds_config: only ads is implemented; give ads: {}"},
        Refusal{Dynamic("ads_config: {grpc_services: [{envoy_grpc: {cluster_name: xds}}]}"),
                "dynamic_resources.ads_config.api_type: must be given; GRPC or DELTA_GRPC"},
        Refusal{
            Dynamic(
                "ads_config: {api_type: REST, grpc_services: [{envoy_grpc: {cluster_name: xds}}]}"),
            "dynamic_resources.ads_config.api_type: REST is not implemented; give one of GRPC, "
            "DELTA_GRPC"},
        Refusal{Dynamic("ads_config: {api_type: GRPC, grpc_services: [{envoy_grpc: {cluster_name: "
                        "xds}}, {envoy_grpc: {cluster_name: xds}}]}"),
                "dynamic_resources.ads_config.grpc_services: must hold one control plane; several "
                "are not implemented, got 2"},
        Refusal{"{node: {id: a, cluster: b}, dynamic_resources: {ads_config: {api_type: GRPC, "
                "grpc_services: [{envoy_grpc: {cluster_name: other}}]}}}",
                "dynamic_resources.ads_config.grpc_services[0].envoy_grpc.cluster_name: no static "
                "cluster has the name \"other\"; add it to static_resources.clusters"},
        Refusal{"{static_resources: {clusters: [{name: xds}]}, dynamic_resources: {ads_config: "
                "{api_type: GRPC, grpc_services: [{envoy_grpc: {cluster_name: xds}}]}}}",
                "dynamic_resources.ads_config.grpc_services[0].envoy_grpc.cluster_name: cluster "
                "\"xds\" must speak HTTP/2; give it explicit_http_config with "
                "http2_protocol_options in its HttpProtocolOptions\n"
                "node.id: must be given when a control plane is used; or give --service-node\n"
                "node.cluster: must be given when a control plane is used; or give "
                "--service-cluster"}));

TEST(Bootstrap, SaysOfWhatIsDeclaredThatItIsNotImplemented) {
  EXPECT_EQ(Error(R"(
stats_sinks: [{name: a, typed_config: {"@type": a/envoy.config.metrics.v3.StatsdSink, address: {}}}]
tracing: {http: {name: a, typed_config: {"@type": a/not.here, x: y}}, more: 1}
)"),
            "stats_sinks: not implemented\ntracing: not implemented");
  EXPECT_EQ(Error(R"(
static_resources:
  clusters:
  - name: a
    health_checks: [{timeout: 1s, http_health_check: {path: /}}]
    outlier_detection: {consecutive_5xx: 3}
)"),
            "static_resources.clusters[0].health_checks: not implemented\n"
            "static_resources.clusters[0].outlier_detection: not implemented");
}

TEST(Bootstrap, CompilesStaticSecretsFirst) {
  EXPECT_EQ(Error("static_resources: {secrets: [{name: a}]}"),
            "static_resources.secrets[0]: must hold one of tls_certificate, session_ticket_keys, "
            "validation_context");
  EXPECT_EQ(Error(R"(
static_resources:
  secrets: [{name: ca, validation_context: {allow_expired_certificate: true}}]
  clusters:
  - name: a
    transport_socket:
      name: tls
      typed_config:
        "@type": a/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext
        common_tls_context: {validation_context_sds_secret_config: {name: ca}}
)"),
            "");
}

}  // namespace
}  // namespace outrigger::config
