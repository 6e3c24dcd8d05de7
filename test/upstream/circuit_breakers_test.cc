#include "source/upstream/circuit_breakers.h"

#include <gtest/gtest.h>

#include "test/upstream/cluster_world.h"

namespace outrigger::upstream {
namespace {

TEST(CircuitBreakers, RefuseRequestsAboveTheLimitOfPendingOnes) {
  World world;
  Server server;
  world.AddCluster({&server}, [](ClusterSpec& spec) {
    spec.breakers[0] = {.max_connections = 1, .max_pending_requests = 1, .track_remaining = true};
  });
  auto running = world.Start();
  ASSERT_TRUE(world.RunUntil([&] { return running->attempt.has_value(); }));
  EXPECT_EQ(world.Counter("a.circuit_breakers.default.remaining_pending"), 1);
  auto waiting = world.Start();
  EXPECT_EQ(world.Counter("a.circuit_breakers.default.rq_pending_open"), 1);
  EXPECT_EQ(world.Counter("a.circuit_breakers.default.remaining_pending"), 0);
  auto refused = world.Start();
  ASSERT_TRUE(refused->failure);
  EXPECT_EQ(refused->failure->kind, StartFailureKind::kOverflow);
  EXPECT_EQ(refused->failure_detail(), "upstream_reset_before_response_started{overflow}");
  EXPECT_EQ(world.Counter("a.upstream_rq_pending_overflow"), 1);
  EXPECT_TRUE(waiting->is_waiting());
}

TEST(CircuitBreakers, RefuseRequestsAboveTheLimitOfRunningOnes) {
  World world;
  Server server;
  world.AddCluster({&server}, [](ClusterSpec& spec) { spec.breakers[0].max_requests = 1; });
  auto running = world.Start();
  auto second = world.Start();
  ASSERT_TRUE(world.RunUntil([&] { return second->is_done(); }));
  EXPECT_EQ(second->failure->kind, StartFailureKind::kOverflow);
  EXPECT_EQ(world.Counter("a.circuit_breakers.default.rq_open"), 1);
  // The second connection is idle now, but the limit holds.
  auto third = world.Start();
  ASSERT_TRUE(third->failure);
  ASSERT_TRUE(world.Answer(server, 0));
  ASSERT_TRUE(world.RunUntil([&] { return running->is_complete; }));
  EXPECT_TRUE(world.Start()->attempt);
}

TEST(CircuitBreakers, LetEveryPoolHaveOneConnection) {
  World world;
  Server one, two;
  world.AddCluster({&one, &two}, [](ClusterSpec& spec) { spec.breakers[0].max_connections = 1; });
  auto a = world.Start(), b = world.Start();
  ASSERT_TRUE(world.RunUntil([&] { return a->attempt && b->attempt; }));
  EXPECT_EQ(one.connections(), 1);
  EXPECT_EQ(two.connections(), 1);
}

TEST(CircuitBreakers, CountEachPriorityForItself) {
  World world;
  Server server;
  world.AddCluster({&server}, [](ClusterSpec& spec) { spec.breakers[0].max_requests = 0; });
  auto low = world.Start();
  ASSERT_TRUE(world.RunUntil([&] { return low->is_done(); }));
  EXPECT_TRUE(low->failure);
  auto high = world.Start({.priority = 1});
  ASSERT_TRUE(world.RunUntil([&] { return high->attempt.has_value(); }));
}

TEST(CircuitBreakers, AllowAsManyRetriesAsConfigured) {
  World world;
  Server server;
  world.AddCluster({&server}, [](ClusterSpec& spec) { spec.breakers[0].max_retries = 2; });
  const WorkerClusterRef cluster = world.Cluster();
  auto first = cluster->TakeRetry(0);
  auto second = cluster->TakeRetry(0);
  EXPECT_TRUE(first && second);
  EXPECT_FALSE(cluster->TakeRetry(0));
  EXPECT_EQ(world.Counter("a.circuit_breakers.default.rq_retry_open"), 1);
  first.reset();
  EXPECT_TRUE(cluster->TakeRetry(0));
}

TEST(CircuitBreakers, MeasureRetriesByTheRequestsWithABudget) {
  const CircuitBreakerLimits limits{.retry_budget_percent = 20, .retry_budget_min_concurrency = 3};
  BreakerCounts counts;
  EXPECT_EQ(counts.MaxRetries(limits), 3);
  for (int i = 0; i < 40; ++i) counts.requests.Add();
  for (int i = 0; i < 10; ++i) counts.pending.Add();
  EXPECT_EQ(counts.MaxRetries(limits), 10);
}

TEST(CircuitBreakers, KeepTheirCountsThroughAnUpdateOfTheCluster) {
  World world;
  Server server;
  world.AddCluster({&server});
  auto running = world.Start();
  ASSERT_TRUE(world.RunUntil([&] { return running->attempt.has_value(); }));
  world.AddCluster({&server}, [](ClusterSpec& spec) { spec.breakers[0].max_requests = 1; });
  auto refused = world.Start();
  ASSERT_TRUE(world.RunUntil([&] { return refused->is_done(); }));
  EXPECT_TRUE(refused->failure);
}

}  // namespace
}  // namespace outrigger::upstream
