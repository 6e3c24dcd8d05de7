#include <gtest/gtest.h>

#include "test/upstream/http2_server.h"

namespace outrigger::upstream {
namespace {

using std::chrono::milliseconds;
using Requests = std::vector<std::unique_ptr<Request>>;

// A cluster "a" of one endpoint that speaks HTTP/2.
class Http2World : public World {
 public:
  explicit Http2World(std::function<void(ClusterSpec&)> change = [](ClusterSpec&) {}) {
    Set(std::move(change));
  }
  void Set(std::function<void(ClusterSpec&)> change) {
    AddCluster({&peer.server()}, [&](ClusterSpec& spec) {
      spec.protocol = UpstreamProtocol::kHttp2;
      change(spec);
    });
  }
  Requests StartMany(size_t count) {
    Requests requests;
    for (size_t i = 0; i < count; ++i) requests.push_back(Start());
    return requests;
  }
  // One request and its answer on a connection that has taken `before` of them.
  [[nodiscard]] bool ExchangeOne(size_t connection, size_t before) {
    auto request = Start();
    if (!peer.Gets(connection, before + 1)) return false;
    peer.Reply(connection, static_cast<uint32_t>(2 * before + 1));
    return request->is_complete;
  }
  Http2Server peer{*this};
};

size_t Waiting(const Requests& requests) {
  size_t waiting = 0;
  for (const auto& request : requests) waiting += request->is_waiting() ? 1 : 0;
  return waiting;
}

TEST(Http2Pool, CarriesManyRequestsOnOneConnection) {
  Http2World world;
  const Requests requests = world.StartMany(20);
  ASSERT_TRUE(world.peer.AcceptsAndGreets(0));
  ASSERT_TRUE(world.peer.Gets(0, 20));
  EXPECT_EQ(world.Counter("a.upstream_rq_active"), 20);
  for (uint32_t i = 0; i < 20; ++i) world.peer.Reply(0, 2 * i + 1);
  for (const auto& request : requests) EXPECT_TRUE(request->is_complete);
  EXPECT_EQ(world.peer.server().connections(), 1);
  EXPECT_EQ(world.Counter("a.upstream_cx_total"), 1);
  EXPECT_EQ(world.Counter("a.upstream_cx_http2_total"), 1);
  EXPECT_EQ(world.Counter("a.upstream_cx_http1_total"), 0);
  EXPECT_EQ(world.Counter("a.upstream_rq_total"), 20);
  EXPECT_EQ(world.Counter("a.upstream_rq_active"), 0);
}

TEST(Http2Pool, StartsAtOnceWhereAConnectionHasPlaces) {
  Http2World world;
  auto first = world.Start();
  ASSERT_TRUE(world.peer.AcceptsAndGreets(0));
  auto second = world.Start();
  ASSERT_TRUE(second->attempt);
  EXPECT_TRUE(second->attempt->is_reused_connection);
  EXPECT_FALSE(first->attempt->is_reused_connection);
  EXPECT_EQ(second->attempt->endpoint->tally->rq_active().Value(), 2);
}

TEST(Http2Pool, OpensAnotherConnectionWhenThePeerAllowsNoMoreStreams) {
  Http2World world;
  auto first = world.Start();
  ASSERT_TRUE(world.peer.AcceptsAndGreets(0, 2));
  auto second = world.Start(), third = world.Start();
  EXPECT_TRUE(second->attempt);
  EXPECT_TRUE(third->is_waiting());
  ASSERT_TRUE(world.peer.AcceptsAndGreets(1, 2));
  EXPECT_TRUE(third->attempt);
  EXPECT_EQ(world.peer.server().connections(), 2);
}

TEST(Http2Pool, OpensNoMoreStreamsThanItsOwnLimit) {
  Http2World world([](ClusterSpec& spec) { spec.http2.max_concurrent_streams = 1; });
  auto first = world.Start(), second = world.Start();
  ASSERT_TRUE(world.peer.AcceptsAndGreets(0));
  ASSERT_TRUE(world.peer.AcceptsAndGreets(1));
  EXPECT_EQ(world.peer.Requests(0).size(), 1u);
  EXPECT_EQ(world.peer.Requests(1).size(), 1u);
}

TEST(Http2Pool, WaitsForThePeersLimitBeforeItOpensAnotherConnection) {
  Http2World world;
  const Requests requests = world.StartMany(150);
  ASSERT_TRUE(world.peer.Accepts(1));
  ASSERT_TRUE(world.peer.Gets(0, 100));
  world.Settle();
  EXPECT_EQ(world.peer.Requests(0).size(), 100u);
  EXPECT_EQ(Waiting(requests), 50u);
  EXPECT_EQ(world.peer.server().connections(), 1);
  world.peer.Greet(0, 1000);
  EXPECT_EQ(world.peer.Requests(0).size(), 150u);
  EXPECT_EQ(world.peer.server().connections(), 1);
}

TEST(Http2Pool, RemembersThePeersLimitForTheNextConnection) {
  Http2World world;
  Requests requests = world.StartMany(3);
  ASSERT_TRUE(world.peer.AcceptsAndGreets(0, 2));
  for (auto& more = requests; more.size() < 6;) more.push_back(world.Start());
  ASSERT_TRUE(world.peer.Accepts(3));
  world.Settle();
  EXPECT_LE(world.peer.Requests(1).size(), 2u);
  EXPECT_LE(world.peer.Requests(2).size(), 2u);
}

TEST(Http2Pool, GivesAFreedPlaceToAWaitingRequest) {
  Http2World world([](ClusterSpec& spec) { spec.breakers[0].max_connections = 1; });
  auto first = world.Start();
  ASSERT_TRUE(world.peer.AcceptsAndGreets(0, 1));
  auto second = world.Start();
  EXPECT_TRUE(second->is_waiting());
  EXPECT_EQ(world.Counter("a.upstream_cx_overflow"), 1);
  world.peer.Reply(0, 1);
  EXPECT_TRUE(second->attempt);
  EXPECT_EQ(world.peer.server().connections(), 1);
}

TEST(Http2Pool, AResetRequestGivesItsPlaceBackAndTheConnectionStays) {
  Http2World world([](ClusterSpec& spec) { spec.breakers[0].max_connections = 1; });
  auto first = world.Start();
  ASSERT_TRUE(world.peer.AcceptsAndGreets(0, 1));
  auto second = world.Start();
  first->Reset();
  world.Settle();
  EXPECT_EQ(world.peer.Resets(0), std::vector<uint32_t>{1});
  EXPECT_TRUE(second->attempt);
  EXPECT_EQ(world.Counter("a.upstream_rq_active"), 1);
  EXPECT_EQ(world.Counter("a.upstream_cx_destroy"), 0);
}

TEST(Http2Pool, DrainsAConnectionThatSaidGoAwayAndGoesElsewhere) {
  Http2World world;
  auto first = world.Start();
  ASSERT_TRUE(world.peer.AcceptsAndGreets(0));
  world.peer.GoAway(0, 1);
  EXPECT_EQ(world.Counter("a.upstream_cx_close_notify"), 1);
  EXPECT_TRUE(first->attempt && !first->error);
  auto second = world.Start();
  ASSERT_TRUE(world.peer.AcceptsAndGreets(1));
  EXPECT_TRUE(second->attempt);
  EXPECT_FALSE(world.peer.HasEnded(0));
  world.peer.Reply(0, 1);
  EXPECT_TRUE(first->is_complete);
  EXPECT_TRUE(world.peer.HasEnded(0));
  EXPECT_EQ(world.Counter("a.upstream_cx_active"), 1);
  EXPECT_EQ(world.Counter("a.upstream_cx_destroy_with_active_rq"), 0);
}

TEST(Http2Pool, ClosesAnIdleConnectionThatSaidGoAway) {
  Http2World world;
  auto first = world.Start();
  ASSERT_TRUE(world.peer.AcceptsAndGreets(0));
  world.peer.Reply(0, 1);
  world.peer.GoAway(0, 1);
  EXPECT_EQ(world.Counter("a.upstream_cx_active"), 0);
  EXPECT_TRUE(world.peer.HasEnded(0));
}

TEST(Http2Pool, StreamsThatGoAwayDidNotReachAreSafeToReplay) {
  Http2World world;
  auto first = world.Start(), second = world.Start();
  ASSERT_TRUE(world.peer.AcceptsAndGreets(0));
  world.peer.GoAway(0, 1);
  ASSERT_TRUE(second->error);
  EXPECT_EQ(second->error->kind, http::ErrorKind::kRefused);
  EXPECT_TRUE(second->error->is_safe_to_replay);
  EXPECT_FALSE(first->error);
  EXPECT_EQ(world.Counter("a.upstream_rq_active"), 1);
}

TEST(Http2Pool, ARefusedStreamIsSafeToReplayAndTheConnectionStays) {
  Http2World world;
  auto first = world.Start();
  ASSERT_TRUE(world.peer.AcceptsAndGreets(0));
  world.peer.ResetStream(0, 1, 7);
  ASSERT_TRUE(first->error);
  EXPECT_TRUE(first->error->is_safe_to_replay);
  EXPECT_EQ(world.Counter("a.upstream_rq_active"), 0);
  EXPECT_EQ(world.Counter("a.upstream_cx_active"), 1);
}

TEST(Http2Pool, EveryRequestHearsThatItsConnectionDied) {
  Http2World world;
  const Requests requests = world.StartMany(3);
  ASSERT_TRUE(world.peer.AcceptsAndGreets(0));
  world.peer.Close(0);
  for (const auto& request : requests) {
    ASSERT_TRUE(request->error);
    EXPECT_EQ(request->error->kind, http::ErrorKind::kConnectionClosed);
  }
  EXPECT_EQ(world.Counter("a.upstream_cx_active"), 0);
  EXPECT_EQ(world.Counter("a.upstream_rq_active"), 0);
  EXPECT_EQ(world.Counter("a.upstream_cx_destroy_remote_with_active_rq"), 1);
}

TEST(Http2Pool, NoticesThatAServerClosedAnIdleConnection) {
  Http2World world;
  auto first = world.Start();
  ASSERT_TRUE(world.peer.AcceptsAndGreets(0));
  world.peer.Reply(0, 1);
  world.peer.Close(0);
  EXPECT_EQ(world.Counter("a.upstream_cx_active"), 0);
  EXPECT_EQ(world.Counter("a.upstream_cx_destroy_remote"), 1);
  EXPECT_EQ(world.Counter("a.upstream_cx_destroy_with_active_rq"), 0);
}

TEST(Http2Pool, FailsEveryRequestThatWaitedForARefusedConnection) {
  Http2World world;
  world.peer.server().StopListening();
  const Requests requests = world.StartMany(5);
  ASSERT_TRUE(world.RunUntil([&] { return Waiting(requests) == 0; }));
  for (const auto& request : requests) {
    ASSERT_TRUE(request->failure);
    EXPECT_EQ(request->failure->kind, StartFailureKind::kConnectFailed);
  }
  EXPECT_EQ(world.Counter("a.upstream_cx_connect_fail"), 1);
  EXPECT_EQ(world.Counter("a.upstream_rq_pending_failure_eject"), 5);
}

TEST(Http2Pool, CountsStreamsForTheLimitOfRequests) {
  Http2World world([](ClusterSpec& spec) { spec.breakers[0].max_requests = 2; });
  auto first = world.Start();
  ASSERT_TRUE(world.peer.AcceptsAndGreets(0));
  auto second = world.Start(), third = world.Start();
  EXPECT_TRUE(second->attempt);
  ASSERT_TRUE(third->failure);
  EXPECT_EQ(third->failure->kind, StartFailureKind::kOverflow);
  world.peer.Reply(0, 1);
  EXPECT_TRUE(world.Start()->attempt);
}

TEST(Http2Pool, RetiresConnectionsAfterTheirNumberOfRequests) {
  Http2World world([](ClusterSpec& spec) { spec.max_requests_per_connection = 2; });
  const Requests requests = world.StartMany(3);
  ASSERT_TRUE(world.peer.AcceptsAndGreets(0));
  ASSERT_TRUE(world.peer.AcceptsAndGreets(1));
  EXPECT_EQ(world.Counter("a.upstream_cx_max_requests"), 1);
  for (size_t i = 0; i < 2; ++i) {
    for (const uint32_t stream : world.peer.Requests(i)) world.peer.Reply(i, stream);
  }
  EXPECT_EQ(world.Counter("a.upstream_cx_active"), 1);
  for (const auto& request : requests) EXPECT_TRUE(request->is_complete);
}

TEST(Http2Pool, ClosesConnectionsThatWereIdleForTooLong) {
  Http2World world([](ClusterSpec& spec) { spec.idle_timeout = milliseconds(1000); });
  auto request = world.Start();
  ASSERT_TRUE(world.peer.AcceptsAndGreets(0));
  world.Advance(milliseconds(5000));
  EXPECT_EQ(world.Counter("a.upstream_cx_active"), 1);  // a request goes on
  world.peer.Reply(0, 1);
  world.Advance(milliseconds(999));
  EXPECT_EQ(world.Counter("a.upstream_cx_active"), 1);
  world.Advance(milliseconds(2));
  EXPECT_EQ(world.Counter("a.upstream_cx_active"), 0);
  EXPECT_EQ(world.Counter("a.upstream_cx_idle_timeout"), 1);
}

TEST(Http2Pool, RetiresConnectionsAtTheirAgeWithoutBreakingRequests) {
  Http2World world([](ClusterSpec& spec) { spec.max_connection_duration = milliseconds(1000); });
  auto first = world.Start();
  ASSERT_TRUE(world.peer.AcceptsAndGreets(0));
  world.Advance(milliseconds(1001));
  EXPECT_EQ(world.Counter("a.upstream_cx_max_duration_reached"), 1);
  auto second = world.Start();
  ASSERT_TRUE(world.peer.AcceptsAndGreets(1));
  EXPECT_TRUE(second->attempt);
  EXPECT_FALSE(first->error);
  world.peer.Reply(0, 1);
  EXPECT_TRUE(first->is_complete);
  EXPECT_TRUE(world.peer.HasEnded(0));
}

TEST(Http2Pool, FinishesItsRequestsWhenTheClusterIsReplaced) {
  Http2World world;
  auto first = world.Start();
  ASSERT_TRUE(world.peer.AcceptsAndGreets(0));
  world.Set([](ClusterSpec&) {});
  EXPECT_FALSE(first->error);
  auto second = world.Start();
  ASSERT_TRUE(world.peer.AcceptsAndGreets(1));
  EXPECT_TRUE(second->attempt);
  world.peer.Reply(0, 1);
  EXPECT_TRUE(first->is_complete);
  EXPECT_TRUE(world.peer.HasEnded(0));
  EXPECT_EQ(world.Counter("a.upstream_cx_active"), 1);
}

TEST(Http2Pool, SharesNoConnectionBetweenPriorities) {
  Http2World world;
  auto low = world.Start(), high = world.Start({.priority = 1});
  ASSERT_TRUE(world.peer.AcceptsAndGreets(0));
  ASSERT_TRUE(world.peer.AcceptsAndGreets(1));
  EXPECT_TRUE(low->attempt && high->attempt);
}

TEST(Http2Pool, FollowsTheProtocolOfTheClientWhereTheClusterDoes) {
  Http2World world([](ClusterSpec& spec) { spec.protocol = UpstreamProtocol::kDownstream; });
  auto http2 = world.Start({.downstream_protocol = http::Protocol::kHttp2});
  ASSERT_TRUE(world.peer.AcceptsAndGreets(0));
  ASSERT_TRUE(world.peer.Gets(0, 1));
  auto http1 = world.Start({.downstream_protocol = http::Protocol::kHttp10});
  ASSERT_TRUE(world.Answer(world.peer.server(), 1));
  ASSERT_TRUE(world.RunUntil([&] { return http1->is_complete; }));
  world.peer.Reply(0, 1);
  EXPECT_TRUE(http2->is_complete);
  EXPECT_EQ(world.Counter("a.upstream_cx_http1_total"), 1);
  EXPECT_EQ(world.Counter("a.upstream_cx_http2_total"), 1);
}

TEST(Http2Pool, AsksSilentPeersAndDropsThoseThatDoNotAnswer) {
  Http2World world([](ClusterSpec& spec) {
    spec.http2.keepalive = {
        .interval = milliseconds(1000), .timeout = milliseconds(500), .jitter_percent = 0};
  });
  auto request = world.Start();
  ASSERT_TRUE(world.peer.AcceptsAndGreets(0));
  world.Advance(milliseconds(1001));
  world.Advance(milliseconds(499));
  EXPECT_FALSE(request->error);
  world.Advance(milliseconds(2));
  ASSERT_TRUE(request->error);
  EXPECT_EQ(world.Counter("a.upstream_cx_active"), 0);
  EXPECT_EQ(world.Counter("a.upstream_cx_destroy_local_with_active_rq"), 1);
}

TEST(Http2Pool, UsesOneConnectionForRequestAfterRequest) {
  Http2World world;
  auto first = world.Start();
  ASSERT_TRUE(world.peer.AcceptsAndGreets(0));
  world.peer.Reply(0, 1);
  for (size_t i = 1; i < 5; ++i) ASSERT_TRUE(world.ExchangeOne(0, i)) << i;
  EXPECT_EQ(world.peer.server().connections(), 1);
  EXPECT_EQ(world.Counter("a.upstream_rq_pending_total"), 1);
}

}  // namespace
}  // namespace outrigger::upstream
