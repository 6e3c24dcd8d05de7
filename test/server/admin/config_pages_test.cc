#include "source/server/admin/config_pages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "envoy/config/cluster/v3/cluster.pb.h"
#include "envoy/config/endpoint/v3/endpoint.pb.h"
#include "envoy/config/listener/v3/listener.pb.h"
#include "envoy/config/route/v3/route.pb.h"
#include "envoy/extensions/transport_sockets/tls/v3/secret.pb.h"
#include "test/server/admin/config_world.h"
#include "xds/type/v3/typed_struct.pb.h"

namespace outrigger::server {
namespace {

using envoy::config::cluster::v3::Cluster;
using envoy::config::endpoint::v3::ClusterLoadAssignment;
using envoy::config::listener::v3::Listener;
using envoy::config::route::v3::RouteConfiguration;
using envoy::extensions::transport_sockets::tls::v3::Secret;
using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

struct ConfigPages : testing::Test {
  ConfigPages() { AddConfigPages(its.admin, its.sources); }
  json Dump(std::string_view query) const {
    const Answer answer = its.Get("/config_dump" + std::string(query));
    EXPECT_EQ(answer.status, 200) << answer.body;
    return json::parse(answer.body)["configs"];
  }
  // The part of a whole dump.
  json Part(std::string_view type, std::string_view query = "") const {
    for (const json& part : Dump(query)) {
      if (part["@type"] == "type.googleapis.com/envoy.admin.v3." + std::string(type)) return part;
    }
    return {};
  }
  ConfigWorld its;
};

constexpr std::string_view kBootstrap = R"(
node: {id: here}
static_resources:
  clusters:
  - {name: control, type: STATIC}
  listeners:
  - name: front
    filter_chains:
    - filters:
      - name: http
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          route_config: {name: inline}
)";

TEST_F(ConfigPages, DumpPartsInEnvoysOrder) {
  std::vector<std::string> types;
  for (const json& part : Dump("?include_eds")) {
    const std::string url = part["@type"];
    types.push_back(url.substr(url.rfind('.') + 1));
  }
  EXPECT_THAT(types, ElementsAre("BootstrapConfigDump", "ClustersConfigDump", "EndpointsConfigDump",
                                 "ListenersConfigDump", "ScopedRoutesConfigDump",
                                 "RoutesConfigDump", "SecretsConfigDump"));
  EXPECT_EQ(Part("EndpointsConfigDump"), json());
}

TEST_F(ConfigPages, ShowWhatTheBootstrapHolds) {
  its.Bootstrap(kBootstrap);
  const json bootstrap = Part("BootstrapConfigDump");
  EXPECT_EQ(bootstrap["bootstrap"]["node"]["id"], "here");
  EXPECT_EQ(bootstrap["last_updated"], "2020-09-13T12:26:40Z");
  EXPECT_EQ(Part("ClustersConfigDump")["static_clusters"][0]["cluster"]["name"], "control");
  EXPECT_EQ(Part("ListenersConfigDump")["static_listeners"][0]["listener"]["name"], "front");
  EXPECT_EQ(Part("RoutesConfigDump")["static_route_configs"][0]["route_config"]["name"], "inline");
}

TEST_F(ConfigPages, TellActiveClustersFromWarmingOnes) {
  its.Accepted<Cluster>("warm", "{name: warm}");
  its.Accepted<Cluster>("cold", "{name: cold}");
  its.Type(its.xds.types[0].type_url).version = "v1";
  ASSERT_TRUE(its.world.set.Add(its.world.Spec("warm")).ok());
  auto cold = its.world.Spec("cold");
  cold->discovery = upstream::Discovery::kEds;
  ASSERT_TRUE(its.world.set.Add(cold).ok());
  const json dump = Part("ClustersConfigDump");
  EXPECT_EQ(dump["version_info"], "v1");
  ASSERT_EQ(dump["dynamic_active_clusters"].size(), 1);
  EXPECT_EQ(dump["dynamic_active_clusters"][0]["cluster"]["name"], "warm");
  EXPECT_EQ(dump["dynamic_active_clusters"][0]["client_status"], "ACKED");
  EXPECT_EQ(dump["dynamic_active_clusters"][0]["version_info"], "v1");
  ASSERT_EQ(dump["dynamic_warming_clusters"].size(), 1);
  EXPECT_EQ(dump["dynamic_warming_clusters"][0]["cluster"]["name"], "cold");
}

TEST_F(ConfigPages, ShowARefusalBesideTheVersionThatServesOn) {
  auto& resource = its.Accepted<Listener>("in", "{name: in}");
  its.Refuse(resource, "filter_chains[0]: must not be empty");
  resource.refused->body = ConfigWorld::Pack<Listener>("{name: in, stat_prefix: new}");
  const json listener = Part("ListenersConfigDump")["dynamic_listeners"][0];
  EXPECT_EQ(listener["name"], "in");
  EXPECT_EQ(listener["client_status"], "NACKED");
  EXPECT_EQ(listener["active_state"]["version_info"], "v1");
  EXPECT_EQ(listener["error_state"]["details"], "filter_chains[0]: must not be empty");
  EXPECT_EQ(listener["error_state"]["version_info"], "v2");
  EXPECT_EQ(listener["error_state"]["failed_configuration"]["stat_prefix"], "new");
}

TEST_F(ConfigPages, NameWhatWasAskedForAndDidNotCome) {
  its.Resource<RouteConfiguration>("missing");
  const json route = Part("RoutesConfigDump")["dynamic_route_configs"][0];
  EXPECT_EQ(route["client_status"], "REQUESTED");
  EXPECT_EQ(route["route_config"]["name"], "missing");
  EXPECT_FALSE(route.contains("version_info"));
}

TEST_F(ConfigPages, ShowEndpointsOfStaticClustersAndOfEds) {
  auto spec = its.world.Spec("fixed");
  auto endpoint = std::make_shared<upstream::Endpoint>();
  endpoint->addresses = {*net::Address::Parse("10.0.0.7:80")};
  spec->static_endpoints.endpoints.push_back(std::move(endpoint));
  ASSERT_TRUE(its.world.set.Add(spec).ok());
  its.Accepted<ClusterLoadAssignment>("eds", "{cluster_name: eds}");
  const json dump = Part("EndpointsConfigDump", "?include_eds");
  const json fixed = dump["static_endpoint_configs"][0]["endpoint_config"];
  EXPECT_EQ(fixed["cluster_name"], "fixed");
  EXPECT_EQ(
      fixed["endpoints"][0]["lb_endpoints"][0]["endpoint"]["address"]["socket_address"]["address"],
      "10.0.0.7");
  EXPECT_EQ(dump["dynamic_endpoint_configs"][0]["endpoint_config"]["cluster_name"], "eds");
}

TEST_F(ConfigPages, GiveOneResourceFieldWithItsMask) {
  its.Accepted<Listener>("in", "{name: in}");
  its.Accepted<Listener>("out", "{name: out}");
  const json all = Dump("?resource=dynamic_listeners&mask=name,active_state.version_info");
  ASSERT_EQ(all.size(), 2);
  EXPECT_EQ(
      all[0],
      (json{{"@type", "type.googleapis.com/envoy.admin.v3.ListenersConfigDump.DynamicListener"},
            {"name", "in"},
            {"active_state", {{"version_info", "v1"}}}}));
}

TEST_F(ConfigPages, GiveTheBootstrapAsOneResource) {
  its.Bootstrap(kBootstrap);
  EXPECT_EQ(Dump("?resource=bootstrap&mask=node")[0]["node"]["id"], "here");
}

TEST_F(ConfigPages, MaskAWholeDumpByWhatEachPartHas) {
  its.Bootstrap(kBootstrap);
  const json dump = Dump("?mask=bootstrap.node");
  ASSERT_EQ(dump.size(), 1);
  EXPECT_EQ(dump[0]["bootstrap"], (json{{"node", {{"id", "here"}}}}));
}

TEST_F(ConfigPages, AdmitOnlyNamesThatMatchAsAWhole) {
  its.Accepted<Listener>("in", "{name: in}");
  its.Accepted<Listener>("inner", "{name: inner}");
  const json dump = Part("ListenersConfigDump", "?name_regex=in");
  ASSERT_EQ(dump["dynamic_listeners"].size(), 1);
  EXPECT_EQ(dump["dynamic_listeners"][0]["name"], "in");
}

TEST_F(ConfigPages, RefuseWhatTheyDoNotKnow) {
  EXPECT_EQ(its.Get("/config_dump?resource=apples").status, 404);
  EXPECT_EQ(its.Get("/config_dump?mask=apples").status, 400);
  EXPECT_EQ(its.Get("/config_dump?name_regex=(").status, 400);
  its.Accepted<Listener>("in", "{name: in}");
  EXPECT_THAT(its.Get("/config_dump?resource=dynamic_listeners&mask=apples").body,
              HasSubstr("has no field \"apples\""));
}

// A cluster with TLS, which the proxy refuses because it has no schema for it.
TEST_F(ConfigPages, LeaveOutWhatMayHoldASecret) {
  Cluster cluster;
  cluster.set_name("secure");
  auto& tls = *cluster.mutable_transport_socket()->mutable_typed_config();
  tls.set_type_url("type.googleapis.com/not.here.UpstreamTlsContext");
  tls.set_value("geheim");
  auto& resource = its.Resource<Cluster>("secure");
  its.Refuse(resource, "transport_socket: unknown type");
  resource.refused->body.PackFrom(cluster);
  const json dump = Part("ClustersConfigDump")["dynamic_warming_clusters"][0];
  EXPECT_EQ(dump["error_state"]["failed_configuration"]["transport_socket"]["typed_config"],
            (json{{"@type", tls.type_url()}}));
}

// In the bootstrap, in a static cluster and in what was refused.
TEST_F(ConfigPages, ShowNoKeysOfTls) {
  const std::string cluster = R"({name: a, transport_socket: {name: tls, typed_config: {
    "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext,
    common_tls_context: {tls_certificates: [{
      certificate_chain: {inline_string: public}, private_key: {inline_string: geheim},
      password: {inline_string: geheim}, pkcs12: {inline_bytes: Z2VoZWlt}}]}}}})";
  its.Bootstrap("{static_resources: {clusters: [" + cluster +
                "], secrets: [{name: t, session_ticket_keys: {keys: [{inline_string: geheim}]}}, "
                "{name: g, generic_secret: {secret: {inline_string: geheim}}}]}}");
  auto& resource = its.Resource<Cluster>("a");
  its.Refuse(resource, "no");
  resource.refused->body = its.Pack<Cluster>(cluster);
  const std::string body = its.Get("/config_dump").body;
  EXPECT_THAT(body, Not(HasSubstr("geheim")));
  EXPECT_THAT(body, Not(HasSubstr("Z2VoZWlt")));
  EXPECT_THAT(body, HasSubstr("public"));
  EXPECT_THAT(body, HasSubstr("[redacted]"));
}

TEST_F(ConfigPages, LeaveOutStructsOfUnknownTypes) {
  ::xds::type::v3::TypedStruct tls;
  tls.set_type_url("type.googleapis.com/not.here.UpstreamTlsContext");
  (*tls.mutable_value()->mutable_fields())["private_key"].set_string_value("geheim");
  auto& cluster = *its.bootstrap.mutable_static_resources()->add_clusters();
  cluster.mutable_transport_socket()->mutable_typed_config()->PackFrom(tls);
  const std::string body = its.Get("/config_dump").body;
  EXPECT_THAT(body, HasSubstr("not.here.UpstreamTlsContext"));
  EXPECT_THAT(body, Not(HasSubstr("geheim")));
}

TEST_F(ConfigPages, InitDumpSaysWhoWaitsForWhat) {
  auto cold = its.world.Spec("cold");
  cold->discovery = upstream::Discovery::kEds;
  ASSERT_TRUE(its.world.set.Add(cold).ok());
  its.AddListener("front", "routes");
  const json dump = json::parse(its.Get("/init_dump").body)["unready_targets_dumps"];
  EXPECT_EQ(dump, (json::array({{{"name", "cluster cold"}, {"target_names", {"eds cold"}}},
                                {{"name", "listener front"}, {"target_names", {"rds routes"}}}})));
}

constexpr std::string_view kSecret = R"(
name: default
tls_certificate:
  certificate_chain: {inline_string: the chain}
  private_key: {inline_string: hunter2}
  password: {inline_string: hunter2}
)";

xds::ResourceDescription SecretState(std::string_view name, std::string_view yaml) {
  xds::ResourceDescription resource{.name = std::string(name),
                                    .status = xds::ClientStatus::kRequested};
  if (yaml.empty()) return resource;
  resource.status = xds::ClientStatus::kAcked;
  resource.version = "v1";
  resource.body = ConfigWorld::Pack<Secret>(yaml);
  resource.last_updated = absl::FromUnixSeconds(1'700'000'000);
  return resource;
}

TEST_F(ConfigPages, SecretsAreShownWithoutWhatTheyKeepSecret) {
  its.Bootstrap(
      "static_resources: {secrets: [{name: still, session_ticket_keys: {keys: [{"
      "inline_string: hunter2}]}}]}");
  its.secrets = {{.from = "ads", .resource = SecretState("default", kSecret)},
                 {.from = "file /a", .resource = SecretState("late", "")}};
  its.secrets[0].resource.status = xds::ClientStatus::kNacked;
  its.secrets[0].resource.refused = xds::RefusedAttempt{
      .body = ConfigWorld::Pack<Secret>(kSecret), .version = "v2", .details = "bad chain"};
  const json part = Part("SecretsConfigDump");
  EXPECT_EQ(part["static_secrets"][0]["name"], "still");
  const json& active = part["dynamic_active_secrets"][0];
  EXPECT_EQ(active["name"], "default");
  EXPECT_EQ(active["version_info"], "v1");
  EXPECT_EQ(active["client_status"], "NACKED");
  EXPECT_EQ(active["error_state"]["details"], "bad chain");
  EXPECT_EQ(active["secret"]["tls_certificate"]["private_key"]["inline_string"], "[redacted]");
  EXPECT_EQ(active["secret"]["tls_certificate"]["certificate_chain"]["inline_string"], "the chain");
  EXPECT_EQ(part["dynamic_warming_secrets"][0]["name"], "late");
  EXPECT_THAT(its.Get("/config_dump").body, Not(HasSubstr("hunter2")));
  EXPECT_EQ(Dump("?resource=dynamic_warming_secrets").size(), 1u);
  EXPECT_EQ(Part("SecretsConfigDump", "?name_regex=def.*")["dynamic_active_secrets"].size(), 1u);
}

TEST_F(ConfigPages, ASecretThatCannotEvenBeReadIsNotShown) {
  its.secrets = {{.from = "ads", .resource = SecretState("default", "")}};
  xds::RefusedAttempt refused{.version = "v2", .details = "not valid"};
  refused.body.set_type_url(std::string(kSecretType));
  refused.body.set_value("\xffhunter2");
  its.secrets[0].resource.refused = refused;
  const std::string body = its.Get("/config_dump").body;
  EXPECT_THAT(body, HasSubstr("not valid"));
  EXPECT_THAT(body, Not(HasSubstr("/2h1bnRlcjI")));  // base64
}

}  // namespace
}  // namespace outrigger::server
