#include "source/upstream/cluster_spec.h"

#include <memory>

#include "gtest/gtest.h"

namespace outrigger::upstream {
namespace {

Endpoint WithLabels(Labels own, Labels locality = {}) {
  Endpoint endpoint;
  endpoint.labels = std::make_shared<const EndpointLabels>(
      EndpointLabels{.own = std::move(own), .locality = std::move(locality)});
  return endpoint;
}

// A cluster that has TLS for endpoints that say tls: 1 and, before that, for those that also say
// zone: a.
ClusterSpec ByLabels() {
  ClusterSpec spec;
  spec.transport.name = "own";
  spec.transport_socket_matches = {{.name = "both", .match = {{"tls", "1"}, {"zone", "a"}}},
                                   {.name = "tls", .match = {{"tls", "1"}}}};
  return spec;
}

TEST(ChooseTransport, TakesTheFirstWhoseLabelsTheEndpointHas) {
  const ClusterSpec spec = ByLabels();
  EXPECT_EQ(ChooseTransport(spec, WithLabels({{"tls", "1"}, {"x", "y"}, {"zone", "a"}})).name,
            "both");
  EXPECT_EQ(ChooseTransport(spec, WithLabels({{"tls", "1"}})).name, "tls");
  EXPECT_EQ(ChooseTransport(spec, WithLabels({{"tls", "2"}})).name, "own");
  EXPECT_EQ(ChooseTransport(spec, Endpoint()).name, "own");
}

TEST(ChooseTransport, LooksAtTheLocalityWhereTheEndpointDoesNotFit) {
  const ClusterSpec spec = ByLabels();
  EXPECT_EQ(ChooseTransport(spec, WithLabels({}, {{"tls", "1"}})).name, "tls");
  // Neither alone has both.
  EXPECT_EQ(ChooseTransport(spec, WithLabels({{"zone", "a"}}, {{"tls", "1"}})).name, "tls");
}

TEST(ChooseTransport, AMatchWithoutLabelsTakesEverything) {
  ClusterSpec spec;
  spec.transport_socket_matches = {{.name = "all"}};
  EXPECT_EQ(ChooseTransport(spec, Endpoint()).name, "all");
}

TEST(OptionsOf, AsksForNothingByItself) {
  const ClusterSpec spec;
  const auto options = OptionsOf(spec, spec.transport, Endpoint(), std::nullopt, "web.example");
  EXPECT_EQ(options.server_name, "");
  EXPECT_EQ(options.verified_name, "");
  EXPECT_EQ(options.application_protocols, "");
}

TEST(OptionsOf, TakesNamesFromTheRequest) {
  ClusterSpec spec;
  spec.auto_sni = true;
  spec.auto_san_validation = true;
  const Endpoint endpoint;
  const auto options = OptionsOf(spec, spec.transport, endpoint, std::nullopt, "web.example");
  EXPECT_EQ(options.server_name, "web.example");
  EXPECT_EQ(options.verified_name, "web.example");
  // RFC 6066 3: an address is no server name, but a certificate can be for one.
  const auto of_ip = OptionsOf(spec, spec.transport, endpoint, std::nullopt, "::1");
  EXPECT_EQ(of_ip.server_name, "");
  EXPECT_EQ(of_ip.verified_name, "::1");
}

TEST(OptionsOf, TakesTheEndpointsHostname) {
  const ClusterSpec spec;
  TransportChoice choice{
      .server_name = "sni.example", .uses_hostname = true, .verifies_server_name = true};
  Endpoint endpoint;
  EXPECT_EQ(OptionsOf(spec, choice, endpoint, std::nullopt, "").verified_name, "sni.example");
  endpoint.hostname = "one.example";
  const auto options = OptionsOf(spec, choice, endpoint, std::nullopt, "");
  EXPECT_EQ(options.server_name, "one.example");
  EXPECT_EQ(options.verified_name, "one.example");
  endpoint.hostname = "10.0.0.1";
  EXPECT_EQ(OptionsOf(spec, choice, endpoint, std::nullopt, "").verified_name, "10.0.0.1");
}

TEST(OptionsOf, OffersWhatRequestsSpeakUnlessTheContextNamesProtocols) {
  const ClusterSpec spec;
  TransportChoice choice;
  const Endpoint endpoint;
  const auto offered = [&](UpstreamProtocol speaks) {
    return OptionsOf(spec, choice, endpoint, speaks, "").application_protocols;
  };
  EXPECT_EQ(offered(UpstreamProtocol::kHttp1), "http/1.1");
  EXPECT_EQ(offered(UpstreamProtocol::kHttp2), "h2");
  EXPECT_EQ(offered(UpstreamProtocol::kAlpn), "h2,http/1.1");
  choice.names_protocols = true;
  EXPECT_EQ(offered(UpstreamProtocol::kHttp2), "");
}

TEST(ClusterSpec, NamesThePlansOfAllItsTransports) {
  ClusterSpec spec;
  EXPECT_TRUE(spec.TlsPlans().empty());
  spec.transport.plan = std::make_shared<net::tls::ContextPlan>();
  spec.transport_socket_matches = {{.name = "plain"},
                                   {.plan = std::make_shared<net::tls::ContextPlan>()}};
  EXPECT_EQ(spec.TlsPlans().size(), 2u);
}

}  // namespace
}  // namespace outrigger::upstream
