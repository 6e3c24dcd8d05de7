#include "source/config/transport_config.h"

#include <chrono>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "source/base/text.h"
#include "test/config/compile_fixture.h"
#include "test/config/from_yaml.h"

// What lies between sockets and protocols, in the resources that name it.
namespace outrigger::config {
namespace {

using base::StrCat;
using envoy::config::cluster::v3::Cluster;
using envoy::config::listener::v3::Listener;
using std::chrono::milliseconds;
using upstream::ClusterSpec;
using upstream::UpstreamProtocol;
using ClusterPtr = std::shared_ptr<const ClusterSpec>;
using ListenerPtr = std::shared_ptr<const ListenerSpec>;

class TransportConfig : public testing::Test {
 protected:
  ClusterSpec Spec(std::string_view yaml) {
    absl::StatusOr<ClusterPtr> spec = shop_.compiler.Cluster(FromYaml<Cluster>(yaml), false);
    EXPECT_TRUE(spec.ok()) << spec.status().message();
    return spec.ok() ? **spec : ClusterSpec();
  }
  std::string ClusterErrors(std::string_view yaml) {
    return std::string(shop_.compiler.Cluster(FromYaml<Cluster>(yaml), false).status().message());
  }
  ListenerPtr Compile(std::string_view yaml) {
    absl::StatusOr<ListenerPtr> spec = shop_.compiler.Listener(FromYaml<Listener>(yaml));
    EXPECT_TRUE(spec.ok()) << spec.status().message();
    return spec.ok() ? *std::move(spec) : std::make_shared<ListenerSpec>();
  }
  std::string Errors(std::string_view yaml) {
    return std::string(shop_.compiler.Listener(FromYaml<Listener>(yaml)).status().message());
  }

  Workshop shop_;
};

// --- filter chains -----------------------------------------------------------------------------

// A listener of one chain with these fields.
std::string WithChain(std::string_view fields) {
  return StrCat(
      "{name: web, address: {socket_address: {address: 127.0.0.1, port_value: 8080}}, "
      "filter_chains: [{",
      fields,
      "filters: [{name: http, typed_config: {\"@type\": "
      "a/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager, "
      "stat_prefix: in, http_filters: [{name: router, typed_config: {\"@type\": "
      "a/envoy.extensions.filters.http.router.v3.Router}}], route_config: {}}}]}]}");
}

// The same with a transport socket of this type and more fields of the chain.
std::string WithTransport(std::string_view config, std::string_view chain_fields = "") {
  return WithChain(StrCat("transport_socket: {name: t, typed_config: {\"@type\": a/", config,
                          "}}, ", chain_fields));
}

TEST_F(TransportConfig, ReadsTheTransportsOfAChain) {
  const ListenerPtr plain = Compile(WithChain(""));
  EXPECT_EQ(plain->only_chain->transports, nullptr);
  EXPECT_EQ(plain->only_chain->handshake_timeout, milliseconds(15'000));
  const ListenerPtr raw =
      Compile(WithTransport("envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer"));
  EXPECT_EQ(raw->only_chain->transports, nullptr);
  const ListenerPtr tls = Compile(WithTransport(
      "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext, common_tls_context: "
      "{tls_certificate_sds_secret_configs: [{name: default, sds_config: {ads: {}}}]}",
      "transport_socket_connect_timeout: 3s, "));
  ASSERT_NE(tls->only_chain->tls_plan, nullptr);
  EXPECT_EQ(tls->only_chain->tls_plan->needs.at(0).name, "default");
  EXPECT_EQ(tls->only_chain->transports->Make(), nullptr) << "its secret has not come";
  EXPECT_EQ(tls->only_chain->handshake_timeout, milliseconds(3000));
}

TEST_F(TransportConfig, RefusesTransportsByName) {
  EXPECT_EQ(Errors(WithTransport("envoy.type.v3.Percent")),
            "filter_chains[0].transport_socket.typed_config: transport socket "
            "\"envoy.type.v3.Percent\" is not implemented; known: "
            "envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer, "
            "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext");
  EXPECT_EQ(Errors(WithTransport("envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext")),
            "filter_chains[0].transport_socket.typed_config: is for clusters; give "
            "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext");
  EXPECT_EQ(Errors(WithTransport("envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext, "
                                 "common_tls_context: {custom_handshaker: {}, tls_params: {}}")),
            "filter_chains[0].transport_socket.typed_config.common_tls_context.custom_handshaker: "
            "not implemented\n"
            "filter_chains[0].transport_socket.typed_config.common_tls_context: must hold a "
            "certificate: tls_certificates, or tls_certificate_sds_secret_configs");
}

// --- clusters ----------------------------------------------------------------------------------

// A cluster with these HttpProtocolOptions.
std::string WithOptions(std::string_view fields) {
  return StrCat(
      "{name: a, typed_extension_protocol_options: {http: {\"@type\": "
      "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions, ",
      fields, "}}}");
}

// TLS to endpoints, with more fields of the context.
std::string Tls(std::string_view fields = "sni: a.example") {
  return absl::StrCat(
      "{name: tls, typed_config: {\"@type\": "
      "a/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext, ",
      std::string(fields), "}}");
}

TEST_F(TransportConfig, ReadsTheTransportOfACluster) {
  EXPECT_EQ(Spec("name: a").transport.transports, nullptr);
  const ClusterSpec spec =
      Spec(absl::StrCat("{name: a, transport_socket: ",
                        Tls("sni: a.example, auto_host_sni: true, common_tls_context: "
                            "{alpn_protocols: [h2]}"),
                        "}"));
  EXPECT_NE(spec.transport.transports, nullptr);
  EXPECT_EQ(spec.transport.plan, nullptr);
  EXPECT_EQ(spec.transport.server_name, "a.example");
  EXPECT_TRUE(spec.transport.uses_hostname);
  EXPECT_FALSE(spec.transport.verifies_server_name);
  EXPECT_TRUE(spec.transport.names_protocols);
}

TEST_F(TransportConfig, ReadsTlsBelowProxyProtocol) {
  const ClusterSpec spec = Spec(absl::StrCat(
      "{name: a, transport_socket: {name: proxied, typed_config: {\"@type\": "
      "a/envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport, "
      "transport_socket: ",
      Tls(), "}}}"));
  EXPECT_EQ(spec.proxy_protocol, net::ProxyVersion::kV1);
  EXPECT_NE(spec.transport.transports, nullptr);
}

TEST_F(TransportConfig, ChoosesTransportsByLabelsOfEndpoints) {
  const ClusterSpec spec = Spec(absl::StrCat(R"(
name: a
transport_socket_matches:
- name: tls
  match: {tls: true, level: 1}
  transport_socket: )",
                                             Tls(), R"(
- {name: plain, match: {tls: "true"}}
load_assignment:
  endpoints:
  - metadata: {filter_metadata: {envoy.transport_socket_match: {tls: "true"}}}
    lb_endpoints:
    - endpoint: {address: {pipe: {path: "@a"}}}
      metadata: {filter_metadata: {envoy.transport_socket_match: {tls: true, level: 1.0, x: y}}}
    - endpoint: {address: {pipe: {path: "@b"}}}
      metadata: {filter_metadata: {envoy.transport_socket_match: {x: y, tls: true, level: 1}}}
    - endpoint: {address: {pipe: {path: "@c"}}}
  - lb_endpoints:
    - endpoint: {address: {pipe: {path: "@d"}}}
      metadata: {filter_metadata: {other: {tls: true}}}
)"));
  const auto& endpoints = spec.static_endpoints.endpoints;
  ASSERT_EQ(endpoints.size(), 4u);
  EXPECT_EQ(ChooseTransport(spec, *endpoints[0]).name, "tls");
  EXPECT_EQ(endpoints[0]->labels, endpoints[1]->labels) << "equal labels are one object";
  EXPECT_EQ(ChooseTransport(spec, *endpoints[2]).name, "plain");
  EXPECT_EQ(endpoints[3]->labels, nullptr);
  EXPECT_EQ(&ChooseTransport(spec, *endpoints[3]), &spec.transport);
}

TEST_F(TransportConfig, SpeaksWhatTheEndpointChooses) {
  std::string yaml = WithOptions(
      "auto_config: {http_protocol_options: {enable_trailers: true}, http2_protocol_options: "
      "{max_concurrent_streams: 9}}, upstream_http_protocol_options: {auto_sni: true, "
      "override_auto_sni_header: X-Name}");
  yaml.insert(1, absl::StrCat("transport_socket: ", Tls(), ", "));
  const ClusterSpec spec = Spec(yaml);
  EXPECT_EQ(spec.protocol, UpstreamProtocol::kAlpn);
  EXPECT_TRUE(spec.http1.enable_trailers);
  EXPECT_EQ(spec.http2.max_concurrent_streams, 9u);
  EXPECT_TRUE(spec.auto_sni);
  EXPECT_FALSE(spec.auto_san_validation);
  EXPECT_EQ(spec.auto_sni_header, "x-name");
}

TEST_F(TransportConfig, ReadsWhichProxyHeaderIsSent) {
  const auto of = [this](absl::string_view config) {
    return Spec(absl::StrCat(R"(
name: a
transport_socket:
  name: proxied
  typed_config:
    "@type": a/envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport
    transport_socket: {name: envoy.transport_sockets.raw_buffer}
)",
                             config))
        .proxy_protocol;
  };
  EXPECT_EQ(of(""), net::ProxyVersion::kV1);
  EXPECT_EQ(of("    config: {version: V2}\n"), net::ProxyVersion::kV2);
}

struct Refusal {
  std::string yaml;
  std::string error;
};

class RefusedTransport : public TransportConfig, public testing::WithParamInterface<Refusal> {};

TEST_P(RefusedTransport, SaysWhereAndWhy) {
  EXPECT_EQ(ClusterErrors(GetParam().yaml), GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    Table, RefusedTransport,
    testing::Values(
        Refusal{WithOptions("auto_config: {http2_protocol_options: {}}"),
                "transport_socket: must be TLS (UpstreamTlsContext): auto_config lets endpoints "
                "choose the protocol by ALPN"},
        Refusal{WithOptions("explicit_http_config: {http_protocol_options: {}}, "
                            "upstream_http_protocol_options: {override_auto_sni_header: x-a}"),
                "typed_extension_protocol_options[\"http\"].upstream_http_protocol_options."
                "override_auto_sni_header: has a meaning only with auto_sni or "
                "auto_san_validation"},
        Refusal{WithOptions("explicit_http_config: {http_protocol_options: {}}, "
                            "upstream_http_protocol_options: {auto_sni: true, "
                            "override_auto_sni_header: \"x a\"}"),
                "typed_extension_protocol_options[\"http\"].upstream_http_protocol_options."
                "override_auto_sni_header: must be the name of a header, got \"x a\""},
        Refusal{"{name: a, transport_socket: {name: tls, typed_config: {\"@type\": "
                "a/envoy.type.v3.Percent}}}",
                "transport_socket.typed_config: transport socket \"envoy.type.v3.Percent\" is not "
                "implemented; known: envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer, "
                "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext, "
                "envoy.extensions.transport_sockets.proxy_protocol.v3."
                "ProxyProtocolUpstreamTransport"},
        Refusal{"{name: a, transport_socket: {name: tls}}",
                "transport_socket.typed_config: must be given; known: "
                "envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer, "
                "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext, "
                "envoy.extensions.transport_sockets.proxy_protocol.v3."
                "ProxyProtocolUpstreamTransport"},
        Refusal{"{name: a, transport_socket: {name: tls, typed_config: {\"@type\": "
                "a/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext}}}",
                "transport_socket.typed_config: is for filter chains; give "
                "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"},
        Refusal{"{name: a, transport_socket: {name: tls, typed_config: {\"@type\": "
                "a/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext, "
                "allow_renegotiation: true, common_tls_context: {tls_params: "
                "{tls_minimum_protocol_version: TLSv1_0}}}}}",
                "transport_socket.typed_config.common_tls_context.tls_params."
                "tls_minimum_protocol_version: TLSv1_0 is not implemented; give one of TLS_AUTO, "
                "TLSv1_2, TLSv1_3\n"
                "transport_socket.typed_config.allow_renegotiation: not implemented"},
        Refusal{"{name: a, transport_socket_matches: [{}, {name: b}, {name: b}]}",
                "transport_socket_matches[0].name: must be given\n"
                "transport_socket_matches[2].name: \"b\" is the name of an earlier one"},
        Refusal{"{name: a, upstream_http_protocol_options: {auto_san_validation: true}, "
                "transport_socket: {name: tls, typed_config: {\"@type\": "
                "a/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext}}}",
                "transport_socket.typed_config.common_tls_context: the certificate's name is to "
                "be verified; give validation_context with trusted_ca"}));

}  // namespace
}  // namespace outrigger::config
