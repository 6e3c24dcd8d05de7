#include <string>

#include "envoy/config/cluster/v3/cluster.pb.h"
#include "envoy/config/listener/v3/listener.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "source/config/fingerprint.h"
#include "source/config/refusal.h"
#include "test/config/from_yaml.h"
#include "xds/type/v3/typed_struct.pb.h"

namespace outrigger::config {
namespace {

using envoy::config::cluster::v3::Cluster;
using envoy::config::listener::v3::Listener;

std::string Refused(const google::protobuf::Message& resource) {
  Findings findings;
  RefuseNotImplemented(resource, Place(findings));
  return std::string(findings.ToStatus().message());
}

template <typename Message>
std::string Refused(std::string_view yaml) {
  return Refused(FromYaml<Message>(yaml));
}

TEST(Refusal, NamesTheFieldByItsPath) {
  EXPECT_EQ(Refused<Cluster>("name: a\nhealth_checks: [{}]\nlb_subset_config: {}"),
            "health_checks: not implemented\nlb_subset_config: not implemented");
}

TEST(Refusal, NamesTheValueAndWhatIsImplemented) {
  EXPECT_EQ(Refused<Cluster>("lb_policy: MAGLEV"),
            "lb_policy: MAGLEV is not implemented; give one of ROUND_ROBIN, LEAST_REQUEST, RANDOM, "
            "CLUSTER_PROVIDED, LOAD_BALANCING_POLICY_CONFIG");
}

TEST(Refusal, RefusesANumberThatIsNoValue) {
  Cluster cluster;
  cluster.set_dns_lookup_family(static_cast<Cluster::DnsLookupFamily>(99));
  EXPECT_EQ(
      Refused(cluster),
      "dns_lookup_family: unknown value 99; known: AUTO, V4_ONLY, V6_ONLY, V4_PREFERRED, ALL");
}

TEST(Refusal, LooksInsideListsAndAny) {
  EXPECT_EQ(Refused<Listener>(R"(
filter_chains:
- filters:
  - name: http
    typed_config:
      "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
      codec_type: HTTP3
      http_filters: [{name: a, config_discovery: {}}]
)"),
            "filter_chains[0].filters[0].typed_config.codec_type: HTTP3 is not implemented; give "
            "one of AUTO, HTTP1, HTTP2\n"
            "filter_chains[0].filters[0].typed_config.http_filters[0].config_discovery: not "
            "implemented");
}

TEST(Refusal, LooksInsideATypedStruct) {
  EXPECT_EQ(Refused<Cluster>(R"(
typed_extension_protocol_options:
  http:
    "@type": type.googleapis.com/xds.type.v3.TypedStruct
    type_url: type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
    value: {http_filters: [{}]}
)"),
            "typed_extension_protocol_options[\"http\"].http_filters: not implemented");
}

TEST(Refusal, TakesASwitchThatIsOffAsNotSet) {
  EXPECT_EQ(Refused<Listener>("transparent: false"), "");
  EXPECT_EQ(Refused<Listener>("transparent: true"), "transparent: not implemented");
}

TEST(Refusal, KeepsTheFirstTwentyAndCountsTheRest) {
  std::string yaml = "transparent: true\nfilter_chains:\n";
  for (int i = 0; i < 25; ++i) yaml += "- {use_proxy_proto: true}\n";
  EXPECT_THAT(Refused<Listener>(yaml), testing::HasSubstr("\nand 6 more"));
}

TEST(Refusal, SurvivesAnyInsideAnyWithoutEnd) {
  Cluster cluster;
  google::protobuf::Any any;
  for (int i = 0; i < 1000; ++i) {
    Cluster outer;
    (*outer.mutable_typed_extension_protocol_options())["x"] = any;
    any.PackFrom(outer);
  }
  (*cluster.mutable_typed_extension_protocol_options())["x"] = any;
  EXPECT_THAT(Refused(cluster), testing::HasSubstr("nested too deeply"));
  EXPECT_EQ(Fingerprint(cluster), Fingerprint(cluster));
}

TEST(Fingerprint, DiffersWhenAValueDiffers) {
  const auto print = [](std::string_view yaml) { return Fingerprint(FromYaml<Cluster>(yaml)); };
  const uint64_t one = print("{name: a, connect_timeout: 1s}");
  EXPECT_EQ(one, print("{connect_timeout: 1.000s, name: a}"));
  EXPECT_NE(one, print("{name: a, connect_timeout: 2s}"));
  EXPECT_NE(one, print("{name: b, connect_timeout: 1s}"));
  EXPECT_NE(one, print("{name: a}"));
}

TEST(Fingerprint, KeepsPresenceApartFromAbsence) {
  EXPECT_NE(Fingerprint(FromYaml<Cluster>("http2_protocol_options: {}")),
            Fingerprint(FromYaml<Cluster>("{}")));
}

TEST(Fingerprint, DoesNotSeeTheOrderOfMapsNorHowAnAnyWasSpelled) {
  const std::string fields = "common_http_protocol_options: {idle_timeout: 5s}";
  const std::string type = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
  const Cluster direct = FromYaml<Cluster>(R"(
metadata: {filter_metadata: {a: {x: 1, y: 2}, b: {z: 3}}}
typed_extension_protocol_options: {http: {"@type": type.googleapis.com/)" +
                                           type + ", " + fields + "}}");
  const Cluster wrapped = FromYaml<Cluster>(R"(
metadata: {filter_metadata: {b: {z: 3}, a: {y: 2, x: 1}}}
typed_extension_protocol_options:
  http:
    "@type": other.host/xds.type.v3.TypedStruct
    type_url: other.host/)" + type + "\n    value: {" +
                                            fields + "}");
  EXPECT_EQ(Fingerprint(direct), Fingerprint(wrapped));
}

TEST(Fingerprint, ComparesTheBytesOfATypeThatIsNotKnown) {
  const auto print = [](std::string_view bytes) {
    Cluster cluster;
    auto& any = (*cluster.mutable_typed_extension_protocol_options())["x"];
    any.set_type_url("a/b.C");
    any.set_value(std::string(bytes));
    return Fingerprint(cluster);
  };
  EXPECT_EQ(print("same"), print("same"));
  EXPECT_NE(print("same"), print("other"));
}

}  // namespace
}  // namespace outrigger::config
