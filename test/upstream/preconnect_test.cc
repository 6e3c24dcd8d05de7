#include <gtest/gtest.h>

#include "test/upstream/cluster_world.h"

namespace outrigger::upstream {
namespace {

TEST(Preconnect, MakesNoConnectionAheadUnlessAsked) {
  World world;
  Server server;
  world.AddCluster({&server});
  auto request = world.Start();
  ASSERT_TRUE(world.RunUntil([&] { return request->attempt.has_value(); }));
  EXPECT_EQ(world.Counter("a.upstream_cx_total"), 1);
}

TEST(Preconnect, KeepsPlacesReadyForMoreRequestsThanGoOn) {
  World world;
  Server server;
  world.AddCluster({&server}, [](ClusterSpec& spec) { spec.preconnect_ratio = 1.5; });
  auto first = world.Start();
  ASSERT_TRUE(world.RunUntil([&] { return server.connections() == 2 && first->attempt; }));
  world.Settle();
  EXPECT_EQ(server.connections(), 2);  // one and a half, rounded up
  auto second = world.Start();
  EXPECT_TRUE(second->attempt);  // without waiting
  ASSERT_TRUE(world.RunUntil([&] { return server.connections() == 3; }));
  world.Settle();
  auto third = world.Start();
  EXPECT_TRUE(third->attempt);
  ASSERT_TRUE(world.RunUntil([&] { return server.connections() == 5; }));
}

TEST(Preconnect, PassesNoCircuitBreaker) {
  World world;
  Server server;
  world.AddCluster({&server}, [](ClusterSpec& spec) {
    spec.preconnect_ratio = 3;
    spec.breakers[0].max_connections = 2;
  });
  auto request = world.Start();
  ASSERT_TRUE(world.RunUntil([&] { return request->attempt.has_value(); }));
  world.Settle();
  EXPECT_EQ(world.Counter("a.upstream_cx_total"), 2);
  EXPECT_EQ(world.Counter("a.upstream_cx_overflow"), 0);
}

TEST(Preconnect, DoesNotRepeatAConnectionThatFailedBeforeTheNextRequest) {
  World world;
  Server server;
  world.AddCluster({&server});
  world.AddCluster({&server}, [](ClusterSpec& spec) { spec.preconnect_ratio = 2; });
  auto first = world.Start();
  ASSERT_TRUE(world.RunUntil([&] { return server.connections() == 2 && first->attempt; }));
  world.Settle();
  server.StopListening();
  auto second = world.Start();
  ASSERT_TRUE(second->attempt);
  ASSERT_TRUE(world.RunUntil([&] { return world.Counter("a.upstream_cx_connect_fail") == 2; }));
  world.Settle();
  EXPECT_EQ(world.Counter("a.upstream_cx_connect_fail"), 2);
  EXPECT_FALSE(second->error);
}

}  // namespace
}  // namespace outrigger::upstream
