#include "source/xds/xds_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "test/client/turning.h"
#include "test/xds/ads_server.h"
#include "test/xds/applied_types.h"

namespace outrigger::xds {
namespace {

using test::AsNamed;
using test::Delta;
using test::DeltaRequest;
using test::DeltaResponse;
using test::kNamedUrl;
using test::kTypeUrl;
using test::List;
using test::Sotw;
using test::SotwRequest;
using test::SotwResponse;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

// A client and a real gRPC server that speaks either protocol.
template <typename Request, typename Response>
class Session {
 public:
  static constexpr Protocol kProtocol =
      std::is_same_v<Request, SotwRequest> ? Protocol::kSotw : Protocol::kDelta;

  Session() {
    XdsOptions options;
    options.protocol = kProtocol;
    options.node.set_id("sidecar-1");
    options.stream.authority = "control.plane";
    options.stream.metadata = {{"x-token", "t0ken"}};
    options.endpoints = [this] { return std::vector{client::GrpcEndpoint{server.address()}}; };
    options.on_first_update = [this](std::string_view url) { first_updates.emplace_back(url); };
    options.random = [] { return 0.5; };
    client = std::make_unique<XdsClient>(loop, compile_thread, std::move(options), applied.Types(),
                                         store);
  }

  template <typename Done>
  bool Turn(Done is_done) {
    return outrigger::test::TurnUntil(loop, is_done);
  }
  // The next request, for which the loop is turned.
  Request Next() {
    std::optional<Request> next;
    EXPECT_TRUE(Turn([&] { return (next = server.Next()).has_value(); }));
    return next.value_or(Request());
  }
  uint64_t Stat(std::string_view name) { return store.Value(name).value_or(0); }
  TypeDescription Described(size_t type) { return client->Describe()[type]; }

  base::ManualClock clock;
  event::Loop loop{clock};
  stats::Store store;
  test::AppliedTypes applied;
  CompileThread compile_thread{loop};
  test::AdsServer<Request, Response> server;
  std::vector<std::string> first_updates;
  std::unique_ptr<XdsClient> client;
};
using SotwSession = Session<SotwRequest, SotwResponse>;
using DeltaSession = Session<DeltaRequest, DeltaResponse>;

TEST(XdsClient, AsksAppliesAndAcks) {
  SotwSession session;
  session.client->Begin(kTypeUrl);
  session.client->Start();
  const SotwRequest first = session.Next();
  EXPECT_EQ(first.node().id(), "sidecar-1");
  EXPECT_EQ(first.type_url(), kTypeUrl);
  EXPECT_EQ(session.server.metadata("x-token"), "t0ken");
  session.server.Send(Sotw("1", "a", {{"x", "1"}, {"y", "2"}}));
  const SotwRequest ack = session.Next();
  EXPECT_EQ(ack.version_info(), "1");
  EXPECT_EQ(ack.response_nonce(), "a");
  EXPECT_FALSE(ack.has_node()) << "said once a stream";
  EXPECT_THAT(session.applied.held, ElementsAre(Pair("x", "1"), Pair("y", "2")));
  EXPECT_THAT(session.first_updates, ElementsAre(kTypeUrl));
  EXPECT_EQ(session.Stat("cluster_manager.cds.update_success"), 1u);
  EXPECT_EQ(session.Stat("control_plane.connected_state"), 1u);
}

TEST(XdsClient, RefusesABadResourceAloneAndKeepsItsLastGoodVersion) {
  SotwSession session;
  session.client->Begin(kTypeUrl);
  session.client->Start();
  session.Next();
  session.server.Send(Sotw("1", "a", {{"x", "1"}, {"y", "1"}}));
  session.Next();
  session.server.Send(Sotw("2", "b", {{"x", "bad"}, {"y", "2"}}));
  const SotwRequest nack = session.Next();
  EXPECT_EQ(nack.version_info(), "1");
  EXPECT_EQ(nack.response_nonce(), "b");
  EXPECT_EQ(nack.error_detail().message(),
            "1 of 2 resources refused: \"x\": cluster: must not be \"bad\"");
  EXPECT_THAT(session.applied.held, ElementsAre(Pair("x", "1"), Pair("y", "2")));
  EXPECT_EQ(session.Stat("cluster_manager.cds.update_rejected"), 1u);
  const TypeDescription type = session.Described(0);
  EXPECT_TRUE(type.is_refused);
  EXPECT_EQ(type.version, "1");
  ASSERT_EQ(type.resources.size(), 2u);
  EXPECT_EQ(type.resources[0].status, ClientStatus::kNacked);
  EXPECT_EQ(type.resources[0].version, "1");
  EXPECT_EQ(type.resources[0].refused->version, "2");
  EXPECT_EQ(type.resources[0].refused->details, "cluster: must not be \"bad\"");
  EXPECT_EQ(type.resources[1].status, ClientStatus::kAcked);
  EXPECT_EQ(type.resources[1].version, "2");
}

TEST(XdsClient, RefusesWhatCannotBeApplied) {
  SotwSession session;
  session.client->Begin(kTypeUrl);
  session.client->Start();
  session.Next();
  session.server.Send(Sotw("1", "a", {{"x", "unbindable"}, {"y", "1"}}));
  EXPECT_EQ(session.Next().error_detail().message(),
            "1 of 2 resources refused: \"x\": address: in use");
  EXPECT_THAT(session.applied.held, ElementsAre(Pair("y", "1")));
  session.server.Send(Sotw("1", "b", {{"x", "unbindable"}, {"y", "1"}}));
  EXPECT_TRUE(session.Next().has_error_detail()) << "tried again, though its bytes are the same";
}

TEST(XdsClient, AnUpdateThatMeansTheSameChangesNothing) {
  SotwSession session;
  session.client->Begin(kTypeUrl);
  session.client->Start();
  session.Next();
  session.server.Send(Sotw("1", "a", {{"x", "1"}}));
  session.Next();
  session.server.Send(Sotw("2", "b", {{"x", "1"}}));
  EXPECT_EQ(session.Next().version_info(), "2");
  EXPECT_EQ(session.applied.updates, 1);
}

TEST(XdsClient, RemovesWhatTheStateOfTheWorldLeavesOut) {
  SotwSession session;
  session.client->Begin(kTypeUrl);
  session.client->Start();
  session.Next();
  session.server.Send(Sotw("1", "a", {{"x", "1"}, {"y", "1"}}));
  session.Next();
  session.server.Send(Sotw("2", "b", {{"y", "1"}}));
  session.Next();
  EXPECT_THAT(session.applied.held, ElementsAre(Pair("y", "1")));
  EXPECT_EQ(session.Described(0).resources.size(), 1u);
}

TEST(XdsClient, CallsOfOneEventMakeOneRequest) {
  SotwSession session;
  session.client->Watch(kNamedUrl, "b");
  session.client->Watch(kNamedUrl, "a");
  session.client->Start();
  EXPECT_THAT(List(session.Next().resource_names()), ElementsAre("a", "b"));
  session.client->Watch(kNamedUrl, "c");
  session.client->Unwatch(kNamedUrl, "a");
  EXPECT_THAT(List(session.Next().resource_names()), ElementsAre("b", "c"));
}

TEST(XdsClient, WhatIsHeldIsFoundAgainAtOnce) {
  DeltaSession session;
  session.client->Watch(kNamedUrl, "x");
  session.client->Start();
  session.Next();
  session.server.Send(AsNamed(Delta("1", "a", {{"x", "1"}})));
  session.Next();
  session.client->Unwatch(kNamedUrl, "x");
  session.client->Watch(kNamedUrl, "x");
  session.loop.RunOnce();
  const auto found = session.client->Find(kNamedUrl, "x");
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(*static_cast<const std::string*>(found.get()), "1");
  session.client->Unwatch(kNamedUrl, "x");
  EXPECT_THAT(List(session.Next().resource_names_unsubscribe()), ElementsAre("x"));
  EXPECT_EQ(session.client->Find(kNamedUrl, "x"), nullptr);
}

TEST(XdsClient, ANewWatcherGetsWhatIsHeldWithoutTheServer) {
  SotwSession session;
  session.client->Watch(kNamedUrl, "x");
  session.client->Start();
  session.Next();
  session.server.Send(AsNamed(Sotw("1", "a", {{"x", "1"}})));
  session.Next();
  session.applied.held.clear();
  session.client->Watch(kNamedUrl, "x");
  session.loop.RunOnce();
  EXPECT_THAT(session.applied.held, ElementsAre(Pair("x", "1")));
}

TEST(XdsClient, NobodyWaitsForANameWhoseOnlyVersionIsRefused) {
  SotwSession session;
  session.client->Watch(kNamedUrl, "x");
  session.client->Watch(kNamedUrl, "y");
  session.client->Start();
  session.Next();
  session.server.Send(AsNamed(Sotw("1", "a", {{"x", "bad"}, {"y", "1"}})));
  EXPECT_TRUE(session.Next().has_error_detail());
  EXPECT_THAT(session.applied.timed_out, ElementsAre("x"));
  session.server.Send(AsNamed(Sotw("2", "b", {{"x", "1"}, {"y", "bad"}})));
  session.Next();
  EXPECT_THAT(session.applied.timed_out, ElementsAre("x")) << "y serves on";
}

TEST(XdsClient, WhatWasDroppedIsTakenWhenItComesAgain) {
  DeltaSession session;
  session.client->Watch(kNamedUrl, "x");
  session.client->Start();
  session.Next();
  session.server.Send(AsNamed(Delta("1", "a", {{"x", "1"}})));
  session.Next();
  session.client->Unwatch(kNamedUrl, "x");
  session.Next();
  session.client->Watch(kNamedUrl, "x");
  session.Next();
  session.server.Send(AsNamed(Delta("1", "b", {{"x", "1"}})));
  session.Next();
  EXPECT_NE(session.client->Find(kNamedUrl, "x"), nullptr);
}

TEST(XdsClient, WhatWasNotAskedForIsNeitherUsedNorRefused) {
  DeltaSession session;
  session.client->Watch(kNamedUrl, "x");
  session.client->Start();
  session.Next();
  session.server.Send(AsNamed(Delta("1", "a", {{"x", "1"}, {"y", "1"}, {"z", "bad"}})));
  EXPECT_FALSE(session.Next().has_error_detail());
  EXPECT_THAT(session.applied.held, ElementsAre(Pair("x", "1")));
  EXPECT_EQ(session.Described(1).resources.size(), 1u);
  session.client->Watch(kNamedUrl, "y");
  session.Next();
  session.server.Send(AsNamed(Delta("1", "b", {{"y", "1"}})));
  session.Next();
  EXPECT_THAT(session.applied.held, ElementsAre(Pair("x", "1"), Pair("y", "1")));
}

TEST(XdsClient, DeltaRemovalTakesWildcardResourcesAndLeavesNamedOnes) {
  DeltaSession session;
  session.client->Begin(kTypeUrl);
  session.client->Watch(kNamedUrl, "e");
  session.client->Start();
  session.Next();
  session.Next();
  session.server.Send(Delta("1", "a", {{"x", "1"}, {"y", "1"}}));
  session.Next();
  session.server.Send(AsNamed(Delta("1", "b", {{"e", "1"}})));
  session.Next();
  session.server.Send(Delta("2", "c", {}, {"x"}));
  session.Next();
  session.server.Send(AsNamed(Delta("2", "d", {}, {"e"})));
  session.Next();
  EXPECT_THAT(session.applied.held, ElementsAre(Pair("e", "1"), Pair("y", "1")));
  EXPECT_EQ(session.Described(1).resources[0].status, ClientStatus::kDoesNotExist);
}

TEST(XdsClient, NobodyWaitsForANameThatTheServerSaysIsNone) {
  DeltaSession session;
  session.client->Watch(kNamedUrl, "x");
  session.client->Start();
  session.Next();
  session.server.Send(AsNamed(Delta("1", "a", {}, {"x"})));
  session.Next();
  EXPECT_THAT(session.applied.timed_out, ElementsAre("x"));
}

TEST(XdsClient, ReconnectsWithBackOffAndWhatItAccepted) {
  SotwSession session;
  session.client->Begin(kTypeUrl);
  session.client->Start();
  session.Next();
  session.server.Send(Sotw("7", "a", {{"x", "1"}}));
  session.Next();
  session.server.EndStream();
  ASSERT_TRUE(session.Turn([&] { return !session.client->status().is_connected; }));
  EXPECT_EQ(session.Stat("control_plane.connected_state"), 0u);
  EXPECT_EQ(session.Stat("cluster_manager.cds.update_failure"), 1u);
  EXPECT_THAT(session.client->status().last_failure, HasSubstr("CANCELLED"));
  session.clock.Advance(base::Milliseconds(300));
  for (int i = 0; i < 10; ++i) session.loop.RunOnce(base::Milliseconds(1));
  EXPECT_EQ(session.server.stream_count(), 1) << "500 ms, of which a quarter is left to chance";
  session.clock.Advance(base::Milliseconds(100));
  const SotwRequest request = session.Next();
  EXPECT_EQ(request.version_info(), "7");
  EXPECT_EQ(request.response_nonce(), "");
  EXPECT_EQ(request.node().id(), "sidecar-1");
  EXPECT_EQ(session.server.stream_count(), 2);
  EXPECT_THAT(session.applied.held, ElementsAre(Pair("x", "1"))) << "nothing was lost meanwhile";
}

TEST(XdsClient, DeltaReconnectsWithTheVersionsThatServe) {
  DeltaSession session;
  session.client->Begin(kTypeUrl);
  session.client->Start();
  session.Next();
  session.server.Send(Delta("v1", "a", {{"x", "1"}, {"y", "1"}, {"z", "1"}}));
  session.Next();
  session.server.Send(Delta("v2", "b", {{"x", "2"}, {"y", "bad"}}, {"z"}));
  EXPECT_TRUE(session.Next().has_error_detail());
  session.server.EndStream();
  ASSERT_TRUE(session.Turn([&] { return !session.client->status().is_connected; }));
  session.clock.Advance(base::Milliseconds(500));
  const DeltaRequest request = session.Next();
  EXPECT_EQ(request.initial_resource_versions().size(), 2u);
  EXPECT_EQ(request.initial_resource_versions().at("x"), "v2");
  EXPECT_EQ(request.initial_resource_versions().at("y"), "v1") << "what was refused is not held";
}

TEST(XdsClient, ComesBackWhenTheServerDoes) {
  SotwSession session;
  session.client->Begin(kTypeUrl);
  session.server.Stop();
  session.client->Start();
  ASSERT_TRUE(session.Turn([&] { return session.Stat("ads.stream_closed") == 1; }));
  EXPECT_THAT(session.client->status().last_failure, HasSubstr("cannot connect to 127.0.0.1"));
  session.server.Restart();
  session.clock.Advance(base::Milliseconds(500));
  EXPECT_EQ(session.Next().type_url(), kTypeUrl);
}

TEST(XdsClient, GivesUpWaitingAfterInitialFetchTimeout) {
  SotwSession session;
  session.client->Begin(kTypeUrl);
  session.client->Watch(kNamedUrl, "slow", base::Milliseconds(2000));
  session.client->Watch(kNamedUrl, "never", base::Milliseconds(0));
  session.client->Start();
  session.Next();
  session.clock.Advance(base::Milliseconds(2001));
  session.loop.RunOnce();
  EXPECT_THAT(session.applied.timed_out, ElementsAre("slow"));
  EXPECT_EQ(session.Stat("cluster.slow.init_fetch_timeout"), 1u);
  session.clock.Advance(base::Milliseconds(13000));
  session.loop.RunOnce();
  EXPECT_THAT(session.applied.timed_out, ElementsAre("slow", "*"));
  EXPECT_THAT(session.first_updates, ElementsAre(kTypeUrl)) << "start-up goes on without data";
}

TEST(XdsClient, AResourceEndsWithItsTtlUnlessHeartbeatsCome) {
  DeltaSession session;
  session.client->Begin(kTypeUrl);
  session.client->Start();
  session.Next();
  DeltaResponse response = Delta("1", "a", {{"x", "1"}});
  response.mutable_resources(0)->mutable_ttl()->set_seconds(10);
  session.server.Send(response);
  session.Next();
  session.clock.Advance(base::Milliseconds(9000));
  response.mutable_resources(0)->clear_resource();
  session.server.Send(response);
  EXPECT_FALSE(session.Next().has_error_detail()) << "a heartbeat is acknowledged";
  session.clock.Advance(base::Milliseconds(9000));
  session.loop.RunOnce();
  EXPECT_THAT(session.applied.held, ElementsAre(Pair("x", "1")));
  session.clock.Advance(base::Milliseconds(1001));
  session.loop.RunOnce();
  EXPECT_THAT(session.applied.held, IsEmpty());
  session.server.Send(Delta("1", "b", {{"x", "1"}}));
  session.Next();
  EXPECT_THAT(session.applied.held, ElementsAre(Pair("x", "1"))) << "the same bytes serve again";
}

TEST(XdsClient, TakesAResponseOfManyMegabytes) {
  SotwSession session;
  session.client->Begin(kTypeUrl);
  session.client->Start();
  session.Next();
  std::vector<test::Named> resources;
  for (int i = 0; i < 20'000; ++i) {
    resources.push_back({"r" + std::to_string(i), std::string(500, 'x')});
  }
  // It waits for the windows, which the loop opens.
  std::thread sender([&] { session.server.Send(Sotw("1", "a", resources)); });
  EXPECT_EQ(session.Next().version_info(), "1");
  sender.join();
  EXPECT_EQ(session.applied.held.size(), 20'000u);
}

TEST(XdsClient, CountsFieldsThatItDoesNotKnow) {
  SotwSession session;
  session.client->Begin(kTypeUrl);
  session.client->Start();
  session.Next();
  session.server.Send(Sotw("1", "a", {{"x", "newer"}, {"y", "newer"}}));
  EXPECT_FALSE(session.Next().has_error_detail());
  EXPECT_EQ(session.Stat("server.dynamic_unknown_fields"), 2u);
}

TEST(XdsClient, IgnoresATypeThatWasNotAskedFor) {
  SotwSession session;
  session.client->Begin(kTypeUrl);
  session.client->Start();
  session.Next();
  SotwResponse other = Sotw("1", "a", {});
  other.set_type_url("type.googleapis.com/a.B");
  session.server.Send(other);
  session.server.Send(Sotw("1", "b", {{"x", "1"}}));
  EXPECT_EQ(session.Next().response_nonce(), "b");
  EXPECT_EQ(session.Stat("ads.unknown_type"), 1u);
}

}  // namespace
}  // namespace outrigger::xds
