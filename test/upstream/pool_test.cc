#include <gtest/gtest.h>

#include "test/upstream/cluster_world.h"

namespace outrigger::upstream {
namespace {

using std::chrono::milliseconds;

TEST(Pool, UsesAConnectionAgain) {
  World world;
  Server server;
  world.AddCluster({&server});
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(world.Exchange(server, 0)) << i;
  EXPECT_EQ(server.connections(), 1);
  EXPECT_EQ(world.Counter("a.upstream_cx_total"), 1);
  EXPECT_EQ(world.Counter("a.upstream_rq_total"), 5);
  EXPECT_EQ(world.Counter("a.upstream_rq_active"), 0);
  EXPECT_EQ(world.Counter("a.upstream_rq_pending_total"), 1);
  EXPECT_EQ(world.Counter("a.upstream_rq_pending_active"), 0);
}

TEST(Pool, SaysWhichConnectionsAreReused) {
  World world;
  Server server;
  world.AddCluster({&server});
  auto first = world.Start();
  ASSERT_TRUE(world.Answer(server, 0));
  ASSERT_TRUE(world.RunUntil([&] { return first->is_complete; }));
  EXPECT_FALSE(first->attempt->is_reused_connection);
  auto second = world.Start();
  ASSERT_TRUE(second->attempt);
  EXPECT_TRUE(second->attempt->is_reused_connection);
  EXPECT_EQ(second->attempt->endpoint->address(), server.address());
  EXPECT_EQ(second->attempt->connection->peer_address(), server.address());
}

TEST(Pool, OpensAConnectionForEachRequestAtATime) {
  World world;
  Server server;
  world.AddCluster({&server});
  auto a = world.Start(), b = world.Start(), c = world.Start();
  ASSERT_TRUE(world.RunUntil([&] { return server.connections() == 3; }));
  ASSERT_TRUE(world.RunUntil([&] { return a->attempt && b->attempt && c->attempt; }));
  EXPECT_EQ(world.Counter("a.upstream_cx_active"), 3);
  EXPECT_EQ(world.Counter("a.upstream_rq_active"), 3);
}

TEST(Pool, TakesTheConnectionThatWasUsedLast) {
  World world;
  Server server;
  world.AddCluster({&server});
  auto a = world.Start(), b = world.Start();
  ASSERT_TRUE(world.Answer(server, 0));
  ASSERT_TRUE(world.RunUntil([&] { return a->is_complete; }));
  ASSERT_TRUE(world.Answer(server, 1));
  ASSERT_TRUE(world.RunUntil([&] { return b->is_complete; }));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(world.Exchange(server, 1));
  EXPECT_EQ(server.connections(), 2);
}

TEST(Pool, GivesAFreedConnectionToAWaitingRequest) {
  World world;
  Server server;
  world.AddCluster({&server}, [](ClusterSpec& spec) { spec.breakers[0].max_connections = 1; });
  auto first = world.Start();
  ASSERT_TRUE(world.RunUntil([&] { return first->attempt.has_value(); }));
  auto second = world.Start();
  world.Settle();
  EXPECT_TRUE(second->is_waiting());
  EXPECT_EQ(world.Counter("a.upstream_cx_overflow"), 1);
  EXPECT_EQ(world.Counter("a.circuit_breakers.default.cx_open"), 1);
  ASSERT_TRUE(world.Answer(server, 0));
  ASSERT_TRUE(world.Answer(server, 0));
  ASSERT_TRUE(world.RunUntil([&] { return second->is_complete; }));
  EXPECT_EQ(server.connections(), 1);
}

TEST(Pool, NoticesThatAServerClosedAnIdleConnection) {
  World world;
  Server server;
  world.AddCluster({&server});
  ASSERT_TRUE(world.Exchange(server, 0));
  server.connection(0).Close();
  ASSERT_TRUE(world.RunUntil([&] { return world.Counter("a.upstream_cx_active") == 0; }));
  EXPECT_EQ(world.Counter("a.upstream_cx_destroy_remote"), 1);
  EXPECT_EQ(world.Counter("a.upstream_cx_destroy_with_active_rq"), 0);
  ASSERT_TRUE(world.Exchange(server, 1));
}

TEST(Pool, NoticesAResetOfAnIdleConnection) {
  World world;
  Server server;
  world.AddCluster({&server});
  ASSERT_TRUE(world.Exchange(server, 0));
  server.connection(0).Reset();
  ASSERT_TRUE(world.RunUntil([&] { return world.Counter("a.upstream_cx_active") == 0; }));
  ASSERT_TRUE(world.Exchange(server, 1));
}

TEST(Pool, DropsAnIdleConnectionThatSpeaksUnasked) {
  World world;
  Server server;
  world.AddCluster({&server});
  ASSERT_TRUE(world.Exchange(server, 0));
  server.connection(0).Send("HTTP/1.1 408 Request Timeout\r\n\r\n");
  ASSERT_TRUE(world.RunUntil([&] { return world.Counter("a.upstream_cx_active") == 0; }));
  ASSERT_TRUE(world.Exchange(server, 1));
}

TEST(Pool, ReportsAConnectionThatDiesUnderARequestAsSafeToReplay) {
  World world;
  Server server;
  world.AddCluster({&server});
  ASSERT_TRUE(world.Exchange(server, 0));
  server.connection(0).Close();  // the race: we have not seen it yet
  auto request = world.Start();
  ASSERT_TRUE(request->attempt && request->attempt->is_reused_connection);
  ASSERT_TRUE(world.RunUntil([&] { return request->is_done(); }));
  EXPECT_TRUE(request->error && request->error->is_safe_to_replay);
  EXPECT_EQ(world.Counter("a.upstream_cx_destroy_remote_with_active_rq"), 1);

  auto replay = world.Start({.needs_fresh_connection = true});
  ASSERT_TRUE(world.Answer(server, 1));
  ASSERT_TRUE(world.RunUntil([&] { return replay->is_complete; }));
  EXPECT_FALSE(replay->attempt->is_reused_connection);
}

TEST(Pool, OpensAFreshConnectionWhereOneIsNeeded) {
  World world;
  Server server;
  world.AddCluster({&server}, [](ClusterSpec& spec) { spec.breakers[0].max_connections = 1; });
  ASSERT_TRUE(world.Exchange(server, 0));
  auto request = world.Start({.needs_fresh_connection = true});
  ASSERT_TRUE(world.Answer(server, 1));  // in the place of the idle one
  ASSERT_TRUE(world.RunUntil([&] { return request->is_complete; }));
  EXPECT_FALSE(request->attempt->is_reused_connection);
  EXPECT_EQ(world.Counter("a.upstream_cx_active"), 1);
}

TEST(Pool, ClosesTheConnectionOfAResetRequest) {
  World world;
  Server server;
  world.AddCluster({&server});
  auto request = world.Start();
  ASSERT_TRUE(world.RunUntil([&] { return request->attempt.has_value(); }));
  request->Reset();
  EXPECT_EQ(world.Counter("a.upstream_cx_active"), 0);
  EXPECT_EQ(world.Counter("a.upstream_rq_active"), 0);
  EXPECT_EQ(world.Counter("a.upstream_cx_destroy_local_with_active_rq"), 1);
  ASSERT_TRUE(world.Exchange(server, 1));
}

TEST(Pool, KeepsAConnectionWhoseRequestWasCancelledWhileItConnected) {
  World world;
  Server server;
  world.AddCluster({&server});
  auto request = world.Start();
  request->Cancel();
  EXPECT_EQ(world.Counter("a.upstream_rq_cancelled"), 1);
  EXPECT_EQ(world.Counter("a.upstream_rq_pending_active"), 0);
  ASSERT_TRUE(world.RunUntil([&] { return server.connections() == 1; }));
  world.Settle();
  EXPECT_TRUE(request->is_waiting());
  ASSERT_TRUE(world.Exchange(server, 0));
}

TEST(Pool, FailsARequestWhoseConnectionIsRefused) {
  World world;
  Server server;
  server.StopListening();
  world.AddCluster({&server});
  auto request = world.Start();
  EXPECT_TRUE(request->is_waiting());  // never from inside
  ASSERT_TRUE(world.RunUntil([&] { return request->is_done(); }));
  EXPECT_EQ(request->failure->kind, StartFailureKind::kConnectFailed);
  EXPECT_EQ(request->failure->endpoint->address(), server.address());
  EXPECT_EQ(world.Counter("a.upstream_cx_connect_fail"), 1);
  EXPECT_EQ(world.Counter("a.upstream_rq_pending_failure_eject"), 1);
  EXPECT_EQ(world.Counter("a.upstream_cx_active"), 0);
  EXPECT_EQ(request->failure->endpoint->tally->cx_connect_fail().Value(), 1);
}

TEST(Pool, FailsEveryWaitingRequestWhenItsLastConnectionIsRefused) {
  World world;
  Server server;
  server.StopListening();
  world.AddCluster({&server}, [](ClusterSpec& spec) { spec.breakers[0].max_connections = 1; });
  auto a = world.Start(), b = world.Start(), c = world.Start();
  ASSERT_TRUE(world.RunUntil([&] { return a->is_done() && b->is_done() && c->is_done(); }));
  EXPECT_TRUE(a->failure && b->failure && c->failure);
}

TEST(Pool, GivesUpConnectingAfterTheTimeout) {
  World world;
  // Nobody takes from this backlog, so what comes after it is full gets no answer.
  net::Socket full(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const net::Address any = *net::Address::Ip("127.0.0.1", 0);
  ASSERT_EQ(bind(full.fd(), any.raw(), any.raw_size()), 0);
  ASSERT_EQ(listen(full.fd(), 0), 0);
  const net::Address address = net::LocalAddress(full.fd());
  std::vector<net::Socket> filling;
  for (int i = 0; i < 8; ++i) filling.push_back(*net::StartConnect(address, nullptr, {}));

  world.AddCluster({}, [&](ClusterSpec& spec) {
    spec.static_endpoints = World::At({address});
    spec.connect_timeout = milliseconds(250);
  });
  auto request = world.Start();
  world.Advance(milliseconds(249));
  EXPECT_TRUE(request->is_waiting());
  world.Advance(milliseconds(2));
  ASSERT_TRUE(request->failure);
  EXPECT_EQ(request->failure->kind, StartFailureKind::kConnectTimeout);
  EXPECT_EQ(world.Counter("a.upstream_cx_connect_timeout"), 1);
}

TEST(Pool, TriesEveryAddressOfAnEndpoint) {
  World world;
  Server closed, server;
  closed.StopListening();
  world.AddCluster({}, [&](ClusterSpec& spec) {
    auto endpoint = std::make_shared<Endpoint>();
    endpoint->addresses = {closed.address(), server.address()};
    spec.static_endpoints = {{endpoint}};
  });
  auto request = world.Start();
  ASSERT_TRUE(world.Answer(server, 0));
  ASSERT_TRUE(world.RunUntil([&] { return request->is_complete; }));
  EXPECT_EQ(request->attempt->connection->peer_address(), server.address());
  EXPECT_EQ(world.Counter("a.upstream_cx_total"), 1);
  EXPECT_EQ(world.Counter("a.upstream_cx_connect_fail"), 0);
  ASSERT_TRUE(world.Exchange(server, 0));
}

TEST(Pool, FailsWhenEveryAddressOfAnEndpointRefuses) {
  World world;
  Server one, two;
  one.StopListening();
  two.StopListening();
  world.AddCluster({}, [&](ClusterSpec& spec) {
    auto endpoint = std::make_shared<Endpoint>();
    endpoint->addresses = {one.address(), two.address()};
    spec.static_endpoints = {{endpoint}};
  });
  auto request = world.Start();
  ASSERT_TRUE(world.RunUntil([&] { return request->is_done(); }));
  EXPECT_EQ(request->failure->kind, StartFailureKind::kConnectFailed);
  EXPECT_EQ(world.Counter("a.upstream_cx_active"), 0);
  EXPECT_EQ(world.Counter("a.upstream_cx_connect_fail"), 1);
}

TEST(Pool, ClosesConnectionsThatWereIdleForTooLong) {
  World world;
  Server server;
  world.AddCluster({&server}, [](ClusterSpec& spec) { spec.idle_timeout = milliseconds(1000); });
  ASSERT_TRUE(world.Exchange(server, 0));
  world.Advance(milliseconds(600));
  ASSERT_TRUE(world.Exchange(server, 0));
  world.Advance(milliseconds(600));  // the timer of the first time: it is used since
  EXPECT_EQ(world.Counter("a.upstream_cx_active"), 1);
  world.Advance(milliseconds(401));
  EXPECT_EQ(world.Counter("a.upstream_cx_active"), 0);
  EXPECT_EQ(world.Counter("a.upstream_cx_idle_timeout"), 1);
}

TEST(Pool, RetiresConnectionsAfterTheirNumberOfRequests) {
  World world;
  Server server;
  world.AddCluster({&server}, [](ClusterSpec& spec) { spec.max_requests_per_connection = 2; });
  ASSERT_TRUE(world.Exchange(server, 0));
  ASSERT_TRUE(world.Exchange(server, 0));
  EXPECT_EQ(world.Counter("a.upstream_cx_max_requests"), 1);
  ASSERT_TRUE(world.Exchange(server, 1));
}

TEST(Pool, RetiresConnectionsAtTheirAge) {
  World world;
  Server server;
  world.AddCluster({&server},
                   [](ClusterSpec& spec) { spec.max_connection_duration = milliseconds(1000); });
  ASSERT_TRUE(world.Exchange(server, 0));
  auto request = world.Start();
  world.Advance(milliseconds(1000));
  EXPECT_EQ(world.Counter("a.upstream_cx_active"), 1);  // busy ones finish their request
  ASSERT_TRUE(world.Answer(server, 0));
  ASSERT_TRUE(world.RunUntil([&] { return request->is_complete; }));
  EXPECT_EQ(world.Counter("a.upstream_cx_active"), 0);
  ASSERT_TRUE(world.Exchange(server, 1));
  world.Advance(milliseconds(1000));
  EXPECT_EQ(world.Counter("a.upstream_cx_active"), 0);
  EXPECT_EQ(world.Counter("a.upstream_cx_max_duration_reached"), 2);
}

TEST(Pool, CountsWhatMovesAndForWhom) {
  World world;
  Server server;
  world.AddCluster({&server});
  auto request = world.Start();
  ASSERT_TRUE(world.RunUntil([&] { return request->attempt.has_value(); }));
  const auto tally = request->attempt->endpoint->tally;
  EXPECT_EQ(tally->rq_active().Value(), 1);
  ASSERT_TRUE(world.Answer(server, 0, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"));
  ASSERT_TRUE(world.RunUntil([&] { return request->is_complete; }));
  EXPECT_EQ(request->body, "hi");
  EXPECT_EQ(tally->rq_active().Value(), 0);
  EXPECT_EQ(tally->rq_total().Value(), 1);
  EXPECT_EQ(tally->cx_total().Value(), 1);
  EXPECT_EQ(tally->cx_active().Value(), 1);
  EXPECT_EQ(world.Counter("a.upstream_cx_tx_bytes_total"), server.connection(0).received().size());
  EXPECT_EQ(world.Counter("a.upstream_cx_rx_bytes_total"), 40);
}

}  // namespace
}  // namespace outrigger::upstream
