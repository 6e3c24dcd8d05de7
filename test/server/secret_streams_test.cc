#include "source/server/secret_streams.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "source/server/secret_sources.h"
#include "test/server/sds_server.h"
#include "test/server/secret_world.h"

namespace outrigger::server {
namespace {

using envoy::service::discovery::v3::DeltaDiscoveryRequest;
using envoy::service::discovery::v3::DeltaDiscoveryResponse;
using envoy::service::discovery::v3::DiscoveryRequest;
using envoy::service::discovery::v3::DiscoveryResponse;
using net::tls::SecretNeed;
using net::tls::SecretSource;
using test::CertificateNeed;
using test::SecretBody;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

DiscoveryResponse Sotw(const std::string& version, const std::string& nonce,
                       const std::vector<std::pair<std::string, std::string>>& secrets) {
  DiscoveryResponse response;
  response.set_version_info(version);
  response.set_nonce(nonce);
  response.set_type_url(std::string(kSecretType));
  for (const auto& [name, content] : secrets) *response.add_resources() = SecretBody(name, content);
  return response;
}

DeltaDiscoveryResponse Delta(const std::string& nonce, const std::string& name,
                             const std::string& version, const std::string& content) {
  DeltaDiscoveryResponse response;
  response.set_nonce(nonce);
  response.set_type_url(std::string(kSecretType));
  auto& envelope = *response.add_resources();
  envelope.set_name(name);
  envelope.set_version(version);
  *envelope.mutable_resource() = SecretBody(name, content);
  return response;
}

template <typename Request, typename Response>
class StreamsWorld : public test::SecretWorld {
 public:
  static constexpr bool kIsDelta = std::is_same_v<Request, DeltaDiscoveryRequest>;

  StreamsWorld() {
    on_interest = [this](const SecretNeed& need, bool wanted) {
      wanted ? streams.Watch(need) : streams.Unwatch(need);
    };
    spec->name = names.Intern("sds-grpc");
  }
  ~StreamsWorld() { uses.clear(); }
  static SecretNeed Need(const std::string& name) {
    SecretNeed need = CertificateNeed(name);
    need.source = {.kind = SecretSource::Kind::kApi, .cluster = "sds-grpc", .is_delta = kIsDelta};
    return need;
  }
  bool Connects() {
    return Turn([&] { return server.Accept(); });
  }
  Request Next() {
    std::optional<Request> next;
    EXPECT_TRUE(Turn([&] { return (next = server.Next()).has_value(); }));
    return next.value_or(Request());
  }

  test::SdsServer<Request, Response> server;
  upstream::ClusterNames names;
  std::shared_ptr<upstream::ClusterSpec> spec = std::make_shared<upstream::ClusterSpec>();
  bool is_active = true;
  SecretStreams streams{{.loop = loop,
                         .compile_thread = compile_thread,
                         .stats = store,
                         .cluster = [this](std::string_view) { return spec; },
                         .is_active = [this](std::string_view) { return is_active; },
                         .endpoints =
                             [this](std::string_view, std::string_view) {
                               return std::vector<client::GrpcEndpoint>{{server.address()}};
                             }},
                        intake};
};
using SotwWorld = StreamsWorld<DiscoveryRequest, DiscoveryResponse>;
using DeltaWorld = StreamsWorld<DeltaDiscoveryRequest, DeltaDiscoveryResponse>;

std::vector<std::string> NamesOf(const DiscoveryRequest& request) {
  return {request.resource_names().begin(), request.resource_names().end()};
}

TEST(SecretStreams, AsksForSecretsAcksAndRotates) {
  SotwWorld world;
  world.Want(SotwWorld::Need("default"));
  ASSERT_TRUE(world.Connects());
  const DiscoveryRequest first = world.Next();
  EXPECT_EQ(first.type_url(), kSecretType);
  EXPECT_THAT(NamesOf(first), ElementsAre("default"));
  world.server.Send(Sotw("v1", "a", {{"default", "1"}}));
  const DiscoveryRequest ack = world.Next();
  EXPECT_EQ(ack.version_info(), "v1");
  EXPECT_EQ(ack.response_nonce(), "a");
  EXPECT_FALSE(ack.has_error_detail());
  world.server.Send(Sotw("v2", "b", {{"default", "2"}}));
  EXPECT_EQ(world.Next().version_info(), "v2");
  EXPECT_THAT(world.plans.built(), ElementsAre("default:1", "default:2"));
  EXPECT_EQ(world.Stat("sds.default.update_success"), 2u);
  EXPECT_EQ(world.Stat("sds.default.update_attempt"), 1u);
  EXPECT_EQ(world.Stat("sds_stream.sds-grpc.responses"), 2u);
}

TEST(SecretStreams, OneStreamServesAllSecretsOfACluster) {
  SotwWorld world;
  world.Want(SotwWorld::Need("default"));
  world.Want(SotwWorld::Need("file-cert:a"));
  ASSERT_TRUE(world.Connects());
  EXPECT_THAT(NamesOf(world.Next()), UnorderedElementsAre("default", "file-cert:a"));
  // One answer for each name, as istio's agent gives.
  world.server.Send(Sotw("v1", "a", {{"default", "1"}}));
  world.server.Send(Sotw("v2", "b", {{"file-cert:a", "2"}}));
  ASSERT_TRUE(world.Turn([&] { return world.plans.built().size() == 2; }));
  EXPECT_EQ(world.streams.Describe().size(), 1u);
  EXPECT_FALSE(world.server.Accept()) << "there is no second connection";
}

TEST(SecretStreams, RefusesABadSecretAndKeepsTheLastGoodOne) {
  SotwWorld world;
  world.Want(SotwWorld::Need("default"));
  ASSERT_TRUE(world.Connects());
  world.Next();
  world.server.Send(Sotw("v1", "a", {{"default", "1"}}));
  world.Next();
  world.server.Send(Sotw("v2", "b", {{"default", "bad"}}));
  const DiscoveryRequest nack = world.Next();
  EXPECT_EQ(nack.version_info(), "v1");
  EXPECT_EQ(nack.response_nonce(), "b");
  EXPECT_THAT(nack.error_detail().message(),
              HasSubstr("\"default\": tls_certificate.certificate_chain: must be a number"));
  world.server.Send(Sotw("v3", "c", {{"default", std::to_string(test::kBad)}}));
  EXPECT_THAT(world.Next().error_detail().message(), HasSubstr("is of no use"));
  EXPECT_THAT(world.plans.built(), ElementsAre("default:1"));
  EXPECT_EQ(world.Stat("sds.default.update_rejected"), 2u);
  world.server.Send(Sotw("v4", "d", {{"default", "4"}}));
  EXPECT_EQ(world.Next().version_info(), "v4");
  EXPECT_THAT(world.plans.built(), ElementsAre("default:1", "default:4"));
}

TEST(SecretStreams, AResponseWithoutASecretTakesNothingAway) {
  SotwWorld world;
  world.Want(SotwWorld::Need("default"));
  ASSERT_TRUE(world.Connects());
  world.Next();
  world.server.Send(Sotw("v1", "a", {{"default", "1"}}));
  world.Next();
  world.server.Send(Sotw("v2", "b", {}));
  EXPECT_EQ(world.Next().version_info(), "v2");
  world.Want(SotwWorld::Need("default"));
  EXPECT_THAT(world.plans.built(), ElementsAre("default:1", "default:1"));
}

TEST(SecretStreams, SpeaksDelta) {
  DeltaWorld world;
  world.Want(DeltaWorld::Need("default"));
  ASSERT_TRUE(world.Connects());
  const DeltaDiscoveryRequest first = world.Next();
  EXPECT_THAT(std::vector<std::string>(first.resource_names_subscribe().begin(),
                                       first.resource_names_subscribe().end()),
              ElementsAre("default"));
  world.server.Send(Delta("a", "default", "1", "1"));
  EXPECT_EQ(world.Next().response_nonce(), "a");
  DeltaDiscoveryResponse removal;
  removal.set_nonce("b");
  removal.set_type_url(std::string(kSecretType));
  removal.add_removed_resources("default");
  world.server.Send(removal);
  EXPECT_EQ(world.Next().response_nonce(), "b");
  EXPECT_EQ(world.streams.Describe()[0].secrets[0].status, xds::ClientStatus::kDoesNotExist);
  EXPECT_NE(world.secrets.List()[0].secret, nullptr) << "the last good one serves on";
  world.server.Send(Delta("c", "default", "2", "2"));
  world.Next();
  EXPECT_THAT(world.plans.built(), ElementsAre("default:1", "default:2"));
}

TEST(SecretStreams, DoesNotWaitForASecretThatTheServerDoesNotHave) {
  DeltaWorld world;
  world.Want(DeltaWorld::Need("default"));
  ASSERT_TRUE(world.Connects());
  world.Next();
  DeltaDiscoveryResponse none;
  none.set_nonce("a");
  none.set_type_url(std::string(kSecretType));
  none.add_removed_resources("default");
  world.server.Send(none);
  EXPECT_TRUE(world.Turn([&] { return world.ready == 1; }));
}

TEST(SecretStreams, GoesOnAfterAReconnectWithWhatItHolds) {
  DeltaWorld world;
  world.Want(DeltaWorld::Need("default"));
  ASSERT_TRUE(world.Connects());
  world.Next();
  world.server.Send(Delta("a", "default", "7", "1"));
  world.Next();
  world.server.Close();
  ASSERT_TRUE(world.Turn([&] {
    world.clock.Advance(base::Milliseconds(100));
    return world.server.Accept();
  }));
  EXPECT_EQ(world.Next().initial_resource_versions().at("default"), "7");
  EXPECT_THAT(world.plans.built(), ElementsAre("default:1"));
  EXPECT_GE(world.Stat("sds.default.update_failure"), 1u);
}

TEST(SecretStreams, ConnectsWhenItsClusterServes) {
  SotwWorld world;
  world.is_active = false;
  world.Want(SotwWorld::Need("default"));
  world.clock.Advance(std::chrono::seconds(5));
  world.loop.RunOnce();
  EXPECT_FALSE(world.server.Accept());
  world.is_active = true;
  world.streams.OnClusterReady("sds-grpc");
  EXPECT_TRUE(world.Connects());
}

TEST(SecretStreams, CountsASecretThatDoesNotComeInTime) {
  SotwWorld world;
  world.Want(SotwWorld::Need("default"));
  ASSERT_TRUE(world.Connects());
  world.clock.Advance(std::chrono::seconds(15));
  ASSERT_TRUE(world.Turn([&] { return world.ready == 1; }));
  EXPECT_EQ(world.Stat("sds.default.init_fetch_timeout"), 1u);
}

// --- which sources there are -------------------------------------------------------------------

class Clusters {
 public:
  std::shared_ptr<upstream::ClusterSpec> Add(std::string_view name, std::vector<SecretNeed> needs) {
    auto spec = std::make_shared<upstream::ClusterSpec>();
    spec->name = names.Intern(name);
    spec->protocol = upstream::UpstreamProtocol::kHttp2;
    if (!needs.empty()) spec->transport.plan = plans.Make(std::move(needs));
    clusters.all.push_back(spec);
    return spec;
  }
  static SecretNeed Through(const std::string& cluster) {
    SecretNeed need = CertificateNeed("default");
    need.source = {.kind = SecretSource::Kind::kApi, .cluster = cluster};
    return need;
  }
  std::string Cycle() const { return std::string(CheckSecretCycles(clusters).message()); }

  upstream::ClusterNames names;
  test::RecordedPlans plans;
  StaticClusters clusters;
};

TEST(SecretSources, AClusterOfTheBootstrapThatSpeaksHttp2MayServeSecrets) {
  Clusters world;
  const auto spec = world.Add("sds-grpc", {});
  const auto check = [&](std::string cluster) {
    return std::string(
        CheckSecretSource({.kind = SecretSource::Kind::kApi, .cluster = std::move(cluster)},
                          world.clusters)
            .message());
  };
  EXPECT_EQ(check("sds-grpc"), "");
  EXPECT_THAT(check("other"), HasSubstr("no static cluster has the name \"other\""));
  spec->protocol = upstream::UpstreamProtocol::kHttp1;
  EXPECT_THAT(check("sds-grpc"), HasSubstr("cluster \"sds-grpc\" must speak HTTP/2"));
}

TEST(SecretSources, AdsNeedsAControlPlane) {
  Clusters world;
  EXPECT_THAT(std::string(CheckSecretSource({}, world.clusters).message()),
              HasSubstr("needs dynamic_resources.ads_config"));
  world.clusters.ads = "xds";
  EXPECT_TRUE(CheckSecretSource({}, world.clusters).ok());
}

TEST(SecretSources, RefusesAClusterThatWouldWaitForItself) {
  Clusters world;
  world.Add("plain", {});
  world.Add("a", {Clusters::Through("plain")});
  EXPECT_EQ(world.Cycle(), "");
  world.Add("self", {Clusters::Through("self")});
  EXPECT_THAT(world.Cycle(), HasSubstr("cluster self: secret \"default\" comes through cluster "
                                       "self, which waits for it itself"));
}

TEST(SecretSources, RefusesAControlPlaneThatSendsItsOwnCertificate) {
  Clusters world;
  world.clusters.ads = "xds";
  world.Add("sds", {CertificateNeed("default")});
  world.Add("xds", {Clusters::Through("sds")});
  EXPECT_THAT(world.Cycle(), HasSubstr("comes through cluster"));
}

}  // namespace
}  // namespace outrigger::server
