// Deadlines and back-pressure.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/extensions/http_filters/router/router_world.h"

namespace outrigger::router {
namespace {

using base::Milliseconds;

void SetTimeout(World& world, Milliseconds timeout) {
  world.SetForward([&](route::ForwardAction& forward) { forward.timeout = timeout; });
}

TEST(RouterTimeout, AnswersGatewayTimeout) {
  World world;
  SetTimeout(world, Milliseconds(100));
  Client& client = world.Request("GET /");
  ASSERT_TRUE(world.server.GetsHead());
  world.Advance(Milliseconds(99));
  EXPECT_FALSE(client.has_head);
  world.Advance(Milliseconds(2));
  EXPECT_EQ(client.status, 504);
  EXPECT_EQ(client.body, "upstream request timeout");
  EXPECT_EQ(client.seen.detail, "upstream_response_timeout");
  EXPECT_EQ(client.Flags(), "UT");
  EXPECT_EQ(world.Counter("cluster.a.upstream_rq_timeout"), 1u);
  EXPECT_TRUE(world.server.SeesEnd());
}

TEST(RouterTimeout, BeginsWithTheEndOfTheRequest) {
  World world;
  SetTimeout(world, Milliseconds(100));
  Client& client = world.Request("POST /", {}, /*last=*/false);
  ASSERT_TRUE(world.server.GetsHead());
  world.Advance(Milliseconds(500));
  client.Body("x", true);
  world.Advance(Milliseconds(99));
  EXPECT_FALSE(client.has_head);
  world.Advance(Milliseconds(2));
  EXPECT_EQ(client.status, 504);
}

TEST(RouterTimeout, CutsAResponseThatDoesNotEnd) {
  World world;
  SetTimeout(world, Milliseconds(100));
  Client& client = world.Request("GET /");
  ASSERT_TRUE(world.server.GetsHead());
  world.server.Send("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\na part");
  ASSERT_TRUE(world.turns.RunUntil([&] { return client.body == "a part"; }));
  world.Advance(Milliseconds(101));
  EXPECT_EQ(client.aborted_by, "upstream_response_timeout");
  EXPECT_EQ(client.Flags(), "UT");
}

TEST(RouterTimeout, CoversWaitingForAConnection) {
  World world;
  world.AddCluster("a", {&world.server},
                   [](upstream::ClusterSpec& spec) { spec.breakers[0].max_connections = 1; });
  SetTimeout(world, Milliseconds(100));
  world.Request("GET /first");
  ASSERT_TRUE(world.server.GetsHead());
  Client& second = world.Request("GET /second");
  world.Advance(Milliseconds(101));
  EXPECT_EQ(second.status, 504);
}

TEST(RouterTimeout, MayBeGivenByTheRequest) {
  World world;
  Client& client = world.Request("GET /", {{"x-envoy-upstream-rq-timeout-ms", "50"}});
  ASSERT_TRUE(world.server.GetsHead());
  EXPECT_THAT(world.server.received(),
              ::testing::HasSubstr("x-envoy-expected-rq-timeout-ms: 50\r\n"));
  world.Advance(Milliseconds(51));
  EXPECT_EQ(client.status, 504);
}

TEST(RouterTimeout, NeverPassesWhereThereIsNone) {
  World world;
  world.SetForward([](route::ForwardAction& forward) { forward.timeout = std::nullopt; });
  Client& client = world.Request("GET /");
  ASSERT_TRUE(world.server.GetsHead());
  world.Advance(std::chrono::hours(10));
  EXPECT_FALSE(client.has_head);
  world.server.Send(kOk);
  ASSERT_TRUE(world.Finishes(client));
  EXPECT_EQ(client.status, 200);
}

TEST(RouterTimeout, OfOneTryLeadsToTheNext) {
  World world;
  route::RetryPolicy policy;
  policy.retry_on = route::kRetry5xx;
  policy.per_try_timeout = Milliseconds(100);
  world.SetRetries(std::move(policy));
  Client& client = world.Request("GET /");
  ASSERT_TRUE(world.server.GetsHead());
  world.Advance(Milliseconds(101));
  EXPECT_EQ(world.Counter("cluster.a.upstream_rq_per_try_timeout"), 1u);
  world.Advance(Milliseconds(300));
  ASSERT_TRUE(world.server.GetsHead(1));
  world.Advance(Milliseconds(101));
  EXPECT_EQ(client.status, 504);
  EXPECT_EQ(client.seen.detail, "upstream_per_try_timeout");
  EXPECT_EQ(client.Flags(), "UT,URX");
}

TEST(RouterTimeout, OfOneTryEndsWithTheResponseHead) {
  World world;
  route::RetryPolicy policy;
  policy.per_try_timeout = Milliseconds(100);
  world.SetRetries(std::move(policy));
  Client& client = world.Request("GET /");
  ASSERT_TRUE(world.server.GetsHead());
  world.server.Send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n");
  ASSERT_TRUE(world.turns.RunUntil([&] { return client.has_head; }));
  world.Advance(Milliseconds(200));
  world.server.Send("ok");
  ASSERT_TRUE(world.Finishes(client));
  EXPECT_EQ(client.body, "ok");
}

TEST(RouterTimeout, OfIdlenessIsPutOffByEveryByte) {
  World world;
  route::RetryPolicy policy;
  policy.per_try_idle_timeout = Milliseconds(100);
  world.SetRetries(std::move(policy));
  Client& client = world.Request("GET /");
  ASSERT_TRUE(world.server.GetsHead());
  world.Advance(Milliseconds(90));
  world.server.Send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n");
  ASSERT_TRUE(world.turns.RunUntil([&] { return client.has_head; }));
  world.Advance(Milliseconds(90));
  EXPECT_EQ(client.aborted_by, "");
  world.Advance(Milliseconds(20));
  EXPECT_EQ(client.aborted_by, "upstream_per_try_idle_timeout");
  EXPECT_EQ(client.Flags(), "SI");
}

TEST(RouterTimeout, OfTheWholeStream) {
  World world;
  world.SetForward(
      [](route::ForwardAction& forward) { forward.max_stream_duration = Milliseconds(100); });
  Client& client = world.Request("GET /");
  ASSERT_TRUE(world.server.GetsHead());
  world.Advance(Milliseconds(101));
  EXPECT_EQ(client.status, 504);
  EXPECT_EQ(client.seen.detail, "max_duration_timeout");
  EXPECT_EQ(client.Flags(), "DT");
}

// --- back-pressure -----------------------------------------------------------------------------

TEST(RouterFlow, HoldsTheClientBackWhileThereIsNoConnection) {
  World world;
  world.AddCluster("a", {&world.server},
                   [](upstream::ClusterSpec& spec) { spec.breakers[0].max_connections = 1; });
  Client& first = world.Request("GET /first");
  ASSERT_TRUE(world.server.GetsHead());
  Client& second = world.Request("POST /second", {}, /*last=*/false);
  second.Body(std::string(64 * 1024, 'x'), false);
  EXPECT_EQ(second.pauses, 0);
  second.Body("y", false);
  EXPECT_EQ(second.pauses, 1);
  world.server.Send(kOk);
  ASSERT_TRUE(world.Finishes(first));
  ASSERT_TRUE(world.server.Gets("xy"));
  EXPECT_EQ(second.pauses, 0);
}

TEST(RouterFlow, HoldsTheClientBackWhileTheUpstreamTakesNothing) {
  World world;
  world.AddCluster("a", {&world.server},
                   [](upstream::ClusterSpec& spec) { spec.buffer_limit_bytes = 64 * 1024; });
  Client& client = world.Request("POST /", {}, /*last=*/false);
  ASSERT_TRUE(world.server.GetsHead());
  for (int i = 0; i < 1000 && client.pauses == 0; ++i) {
    client.Body(std::string(64 * 1024, 'x'), false);
    world.Settle();
  }
  ASSERT_EQ(client.pauses, 1);
  EXPECT_EQ(world.Counter("cluster.a.upstream_flow_control_backed_up_total"), 1u);
  ASSERT_TRUE(world.turns.RunUntil([&] {
    world.server.received();
    return client.pauses == 0;
  }));
  EXPECT_EQ(world.Counter("cluster.a.upstream_flow_control_drained_total"), 1u);
}

TEST(RouterFlow, LetsTheClientGoWhenTheFullUpstreamDies) {
  World world;
  world.AddCluster("a", {&world.server},
                   [](upstream::ClusterSpec& spec) { spec.buffer_limit_bytes = 64 * 1024; });
  Client& client = world.Request("POST /", {}, /*last=*/false);
  ASSERT_TRUE(world.server.GetsHead());
  for (int i = 0; i < 1000 && client.pauses == 0; ++i) {
    client.Body(std::string(64 * 1024, 'x'), false);
    world.Settle();
  }
  ASSERT_EQ(client.pauses, 1);
  world.server.Reset();
  ASSERT_TRUE(world.Finishes(client));
  EXPECT_EQ(client.status, 503);
  EXPECT_EQ(client.pauses, 0);
}

TEST(RouterFlow, ReadsNoMoreOfTheResponseThanTheClientTakes) {
  World world;
  Client& client = world.Request("GET /");
  ASSERT_TRUE(world.server.GetsHead());
  world.server.Send("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nabc");
  ASSERT_TRUE(world.turns.RunUntil([&] { return client.body == "abc"; }));
  client.Fill();
  world.server.Send("def");
  world.Settle();
  EXPECT_EQ(client.body, "abc");
  client.Drain();
  ASSERT_TRUE(world.Finishes(client));
  EXPECT_EQ(client.body, "abcdef");
  EXPECT_EQ(world.Counter("cluster.a.upstream_flow_control_paused_reading_total"), 1u);
  EXPECT_EQ(world.Counter("cluster.a.upstream_flow_control_resumed_reading_total"), 1u);
}

}  // namespace
}  // namespace outrigger::router
