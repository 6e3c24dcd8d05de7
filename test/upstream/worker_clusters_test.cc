#include "source/upstream/worker_clusters.h"

#include <gtest/gtest.h>

#include "test/upstream/cluster_world.h"

namespace outrigger::upstream {
namespace {

TEST(WorkerClusters, FindsClustersByNumberAndName) {
  World world;
  Server server;
  world.AddCluster({&server});
  const uint32_t id = world.names.Intern("a")->id();
  EXPECT_EQ(world.workers.Find("a").get(), world.workers.Find(id).get());
  EXPECT_FALSE(world.workers.Find("b"));
  EXPECT_FALSE(world.workers.Find(id + 1));
}

TEST(WorkerClusters, RefusesRequestsToAClusterWithoutEndpoints) {
  World world;
  world.AddCluster({});
  auto request = world.Start();
  ASSERT_TRUE(request->failure);
  EXPECT_EQ(request->failure->kind, StartFailureKind::kNoEndpoint);
  EXPECT_EQ(request->failure_detail(), "no_healthy_upstream");
  EXPECT_EQ(world.Counter("a.upstream_cx_none_healthy"), 1);
}

TEST(WorkerClusters, TellsARefusalOfStartFromTheLoop) {
  World world;
  world.AddCluster({});
  Request receiver;
  bool is_told = false;
  const WorkerClusterRef cluster = world.Cluster();
  auto operation = cluster->Start({}, receiver, [&](StartResult) { is_told = true; });
  EXPECT_FALSE(is_told);
  world.Settle();
  world.turns.loop.Post([] {});
  world.Settle();
  EXPECT_TRUE(is_told);
}

TEST(WorkerClusters, StartGoesOnWithTheEndpointThatTryStartPicked) {
  World world;
  Server one, two;
  world.AddCluster({&one, &two});
  auto a = world.Start(), b = world.Start();  // one try and one start each
  ASSERT_TRUE(world.RunUntil([&] { return a->attempt && b->attempt; }));
  EXPECT_EQ(one.connections(), 1);
  EXPECT_EQ(two.connections(), 1);
}

TEST(WorkerClusters, KeepsTheConnectionsOfEndpointsThatStay) {
  World world;
  Server one, two;
  world.AddCluster({}, [](ClusterSpec& spec) { spec.discovery = Discovery::kEds; });
  world.set.SetEndpoints("a", World::At({one.address()}));
  world.Settle();
  ASSERT_TRUE(world.Exchange(one, 0));
  EndpointSet both = World::At({two.address(), one.address()});
  auto heavier = std::make_shared<Endpoint>(*both.endpoints[1]);
  heavier->weight = 5;
  both.endpoints[1] = heavier;
  world.set.SetEndpoints("a", both);
  world.Settle();
  EXPECT_EQ(world.Counter("a.upstream_cx_active"), 1);
  for (int i = 0; i < 12; ++i) {
    auto request = world.Start();
    ASSERT_TRUE(world.RunUntil([&] { return request->attempt.has_value(); }));
    const bool is_one = request->attempt->endpoint->address() == one.address();
    ASSERT_TRUE(world.Answer(is_one ? one : two, 0));
    ASSERT_TRUE(world.RunUntil([&] { return request->is_complete; }));
  }
  EXPECT_EQ(one.connections(), 1);
  EXPECT_EQ(two.connections(), 1);
  EXPECT_EQ(world.Counter("a.upstream_cx_destroy"), 0);
}

TEST(WorkerClusters, LetsTheRequestsOfARemovedEndpointFinish) {
  World world;
  Server one, two;
  world.AddCluster({}, [](ClusterSpec& spec) { spec.discovery = Discovery::kEds; });
  world.set.SetEndpoints("a", World::At({one.address()}));
  world.Settle();
  ASSERT_TRUE(world.Exchange(one, 0));
  auto running = world.Start(), connecting = world.Start();
  ASSERT_TRUE(running->attempt);
  world.set.SetEndpoints("a", World::At({two.address()}));
  world.Settle();
  ASSERT_TRUE(world.Exchange(two, 0));
  ASSERT_TRUE(world.Answer(one, 0));
  ASSERT_TRUE(world.Answer(one, 1));
  ASSERT_TRUE(world.RunUntil([&] { return running->is_complete && connecting->is_complete; }));
  EXPECT_EQ(world.Counter("a.upstream_cx_active"), 1);  // that to `two`
}

TEST(WorkerClusters, ClosesTheIdleConnectionsOfARemovedEndpoint) {
  World world;
  Server one;
  world.AddCluster({}, [](ClusterSpec& spec) { spec.discovery = Discovery::kEds; });
  world.set.SetEndpoints("a", World::At({one.address()}));
  world.Settle();
  ASSERT_TRUE(world.Exchange(one, 0));
  world.set.SetEndpoints("a", {});
  world.Settle();
  EXPECT_EQ(world.Counter("a.upstream_cx_active"), 0);
  ASSERT_TRUE(world.RunUntil([&] { return !one.connection(0).Receive(); }));
}

TEST(WorkerClusters, FinishesOnTheOldVersionWhatBeganThere) {
  World world;
  Server server;
  world.AddCluster({&server});
  ASSERT_TRUE(world.Exchange(server, 0));
  auto running = world.Start();
  const WorkerClusterRef old_version = world.Cluster();
  world.AddCluster({&server}, [](ClusterSpec& spec) { spec.connect_timeout *= 2; });
  EXPECT_NE(world.Cluster().get(), old_version.get());
  ASSERT_TRUE(world.Exchange(server, 1));
  ASSERT_TRUE(world.Answer(server, 0));
  ASSERT_TRUE(world.RunUntil([&] { return running->is_complete; }));
  EXPECT_EQ(world.Counter("a.upstream_cx_active"), 1);  // the old one is closed, not kept
  EXPECT_EQ(world.Counter("a.upstream_rq_total"), 3);   // the statistics went on
}

TEST(WorkerClusters, LetsAStreamStartOnAVersionThatWasReplaced) {
  World world;
  Server server;
  world.AddCluster({&server});
  const WorkerClusterRef old_version = world.Cluster();
  world.AddCluster({&server}, [](ClusterSpec& spec) { spec.connect_timeout *= 2; });
  Request retry;
  retry.Start(old_version);
  ASSERT_TRUE(world.Answer(server, 0));
  ASSERT_TRUE(world.RunUntil([&] { return retry.is_complete; }));
}

TEST(WorkerClusters, DrainsARemovedCluster) {
  World world;
  Server server;
  world.AddCluster({&server});
  auto a = world.Start(), b = world.Start();
  ASSERT_TRUE(world.Answer(server, 0));
  ASSERT_TRUE(world.RunUntil([&] { return a->is_complete; }));
  ASSERT_TRUE(world.RunUntil([&] { return b->attempt.has_value(); }));
  world.set.Remove("a");
  world.Settle();
  EXPECT_FALSE(world.Cluster());
  EXPECT_EQ(world.Counter("a.upstream_cx_active"), 1);  // the busy one
  ASSERT_TRUE(world.Answer(server, 1));
  ASSERT_TRUE(world.RunUntil([&] { return b->is_complete; }));
  EXPECT_EQ(world.Counter("a.upstream_cx_active"), 0);
}

TEST(WorkerClusters, OutlivesAStreamThatGoesWithTheLastHold) {
  World world;
  Server server;
  world.AddCluster({&server});
  auto request = world.Start();
  ASSERT_TRUE(world.RunUntil([&] { return request->attempt.has_value(); }));
  world.set.Remove("a");
  world.Settle();
  request->on_complete = [&] { request.reset(); };  // from inside the codec
  ASSERT_TRUE(world.Answer(server, 0));
  ASSERT_TRUE(world.RunUntil([&] { return request == nullptr; }));
  world.Settle();
  EXPECT_FALSE(world.stats.Value("cluster.a.upstream_rq_total"));  // gone, with its statistics
}

}  // namespace
}  // namespace outrigger::upstream
