#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/extensions/http_filters/router/router_world.h"

namespace outrigger::router {
namespace {

using ::testing::HasSubstr;
using testing::ScriptedUpstream;

// More than any back-off of the tests below.
constexpr base::Milliseconds kBackOff{300};

route::RetryPolicy Retries(uint32_t on, uint32_t max = 1) {
  route::RetryPolicy policy;
  policy.retry_on = on;
  policy.max_retries = max;
  return policy;
}

// Lets the upstream answer the request on its connection, and the back-off pass.
void AnswerAndWait(World& world, std::string_view response, size_t connection) {
  ASSERT_TRUE(world.server.GetsHead(connection));
  world.server.Send(response, connection);
  world.Settle();
  ASSERT_TRUE(
      world.turns.RunUntil([&] { return world.Counter("cluster.a.upstream_rq_retry") > 0; }));
  world.Advance(kBackOff);
}

TEST(RouterRetry, TriesAgainAfterAStatusThatThePolicyNames) {
  World world;
  world.SetRetries(Retries(route::kRetry5xx));
  Client& client = world.Request("GET /");
  AnswerAndWait(world, kUnavailable, 0);
  ASSERT_TRUE(world.server.GetsHead());
  EXPECT_FALSE(client.has_head);
  world.server.Send(kOk);
  ASSERT_TRUE(world.Finishes(client));
  EXPECT_EQ(client.status, 200);
  EXPECT_EQ(client.seen.attempts, 2u);
  EXPECT_EQ(world.Counter("cluster.a.upstream_rq_retry"), 1u);
  EXPECT_EQ(world.Counter("cluster.a.upstream_rq_retry_success"), 1u);
}

TEST(RouterRetry, CountsForARouteWithAPrefixOfItsOwn) {
  World world;
  world.SetRetries(Retries(route::kRetry5xx));
  Client& client = world.Request("GET /");
  AnswerAndWait(world, kUnavailable, 0);
  ASSERT_TRUE(world.server.GetsHead());
  world.server.Send(kOk);
  ASSERT_TRUE(world.Finishes(client));
  const std::string route = "vhost.all.route.test.upstream_rq_";
  EXPECT_EQ(world.Counter(route + "total"), 2u);
  EXPECT_EQ(world.Counter(route + "retry"), 1u);
  EXPECT_EQ(world.Counter(route + "retry_success"), 1u);
  EXPECT_EQ(world.Counter(route + "completed"), 1u);
  EXPECT_EQ(world.Counter(route + "200"), 1u);
  EXPECT_EQ(world.Counter(route + "2xx"), 1u);
}

TEST(RouterRetry, WaitsBeforeItTriesAgain) {
  World world;
  route::RetryPolicy policy = Retries(route::kRetry5xx);
  policy.back_off_base = base::Milliseconds(1000);
  policy.back_off_max = base::Milliseconds(1000);
  world.SetRetries(std::move(policy));
  world.Request("GET /");
  ASSERT_TRUE(world.server.GetsHead());
  world.server.Send(kUnavailable);
  ASSERT_TRUE(
      world.turns.RunUntil([&] { return world.Counter("cluster.a.upstream_rq_retry") == 1; }));
  world.Settle();
  EXPECT_EQ(world.Counter("cluster.a.upstream_rq_total"), 1u);
  world.Advance(base::Milliseconds(1000));
  EXPECT_EQ(world.Counter("cluster.a.upstream_rq_total"), 2u);
}

TEST(RouterRetry, GivesTheLastAnswerWhenRetriesAreUsedUp) {
  World world;
  world.SetRetries(Retries(route::kRetryGatewayError));
  Client& client = world.Request("GET /");
  AnswerAndWait(world, kUnavailable, 0);
  ASSERT_TRUE(world.server.GetsHead());
  world.server.Send(kUnavailable);
  ASSERT_TRUE(world.Finishes(client));
  EXPECT_EQ(client.status, 503);
  EXPECT_EQ(client.seen.detail, "via_upstream");
  EXPECT_EQ(client.Flags(), "URX");
  EXPECT_EQ(world.Counter("cluster.a.upstream_rq_retry_limit_exceeded"), 1u);
  EXPECT_EQ(world.Counter("vhost.all.route.test.upstream_rq_retry_limit_exceeded"), 1u);
}

TEST(RouterRetry, DoesNotTryAgainWithoutCause) {
  World world;
  world.SetRetries(Retries(route::kRetryGatewayError));
  Client& client = world.Request("GET /");
  ASSERT_TRUE(world.server.GetsHead());
  world.server.Send("HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n");
  ASSERT_TRUE(world.Finishes(client));
  EXPECT_EQ(client.status, 500);
  EXPECT_EQ(client.Flags(), "");
}

TEST(RouterRetry, SendsTheBodyAgain) {
  World world;
  world.SetRetries(Retries(route::kRetryReset));
  Client& client = world.Request("POST /", {{"content-length", "9"}}, /*last=*/false);
  client.Body("the ", false);
  client.Body("whole", true);
  ASSERT_TRUE(world.server.Gets("the whole"));
  world.server.Close();
  ASSERT_TRUE(
      world.turns.RunUntil([&] { return world.Counter("cluster.a.upstream_rq_retry") == 1; }));
  world.Advance(kBackOff);
  ASSERT_TRUE(world.server.Gets("\r\n\r\nthe whole", 1));
  world.server.Send(kOk, 1);
  ASSERT_TRUE(world.Finishes(client));
  EXPECT_EQ(client.status, 200);
}

TEST(RouterRetry, SendsAgainWhatCameBeforeTheFailureAndThenTheRest) {
  World world;
  world.SetRetries(Retries(route::kRetryReset));
  Client& client = world.Request("POST /", {{"content-length", "9"}}, /*last=*/false);
  client.Body("the ", false);
  ASSERT_TRUE(world.server.Gets("the "));
  world.server.Close();
  ASSERT_TRUE(
      world.turns.RunUntil([&] { return world.Counter("cluster.a.upstream_rq_retry") == 1; }));
  client.Body("who", false);
  world.Advance(kBackOff);
  ASSERT_TRUE(world.server.Gets("\r\n\r\nthe who", 1));
  client.Body("le", true);
  ASSERT_TRUE(world.server.Gets("le", 1));
  world.server.Send(kOk, 1);
  ASSERT_TRUE(world.Finishes(client));
  EXPECT_EQ(client.status, 200);
}

TEST(RouterRetry, IsGivenUpWhenTheBodyIsTooLargeToKeep) {
  World world;
  world.SetForward([](route::ForwardAction& forward) {
    forward.retry = std::make_shared<const route::RetryPolicy>(Retries(route::kRetryReset));
    forward.replay_limit_bytes = 6;
  });
  Client& client = world.Request("POST /", {{"content-length", "9"}}, /*last=*/false);
  ASSERT_TRUE(world.server.GetsHead());
  client.Body("the ", false);
  client.Body("whole", true);
  ASSERT_TRUE(world.server.Gets("the whole"));
  world.server.Close();
  ASSERT_TRUE(world.Finishes(client));
  EXPECT_EQ(client.status, 503);
  EXPECT_EQ(client.Flags(), "UC");
  EXPECT_EQ(world.Counter("cluster.a.retry_or_shadow_abandoned"), 1u);
}

TEST(RouterRetry, TriesAgainWhenConnectingFails) {
  World world;
  world.server.StopListening();
  world.SetRetries(Retries(route::kRetryConnectFailure, 2));
  Client& client = world.Request("GET /");
  for (uint64_t i = 1; i <= 2; ++i) {
    ASSERT_TRUE(
        world.turns.RunUntil([&] { return world.Counter("cluster.a.upstream_rq_retry") == i; }));
    world.Advance(kBackOff);
  }
  ASSERT_TRUE(world.Finishes(client));
  EXPECT_EQ(client.status, 503);
  EXPECT_EQ(client.Flags(), "UF,URX");
  EXPECT_EQ(client.seen.attempts, 3u);
  EXPECT_THAT(client.body, HasSubstr("retried and the latest reset reason"));
}

TEST(RouterRetry, IsLimitedByTheClustersCircuitBreaker) {
  World world;
  world.AddCluster("a", {&world.server},
                   [](upstream::ClusterSpec& spec) { spec.breakers[0].max_retries = 0; });
  world.SetRetries(Retries(route::kRetry5xx));
  Client& client = world.Request("GET /");
  ASSERT_TRUE(world.server.GetsHead());
  world.server.Send(kUnavailable);
  ASSERT_TRUE(world.Finishes(client));
  EXPECT_EQ(client.status, 503);
  EXPECT_EQ(client.Flags(), "UO");
  EXPECT_EQ(world.Counter("cluster.a.upstream_rq_retry_overflow"), 1u);
}

TEST(RouterRetry, CanBeAskedForByTheRequest) {
  World world;
  Client& client = world.Request("GET /", {{"x-envoy-retry-on", "retriable-status-codes"},
                                           {"x-envoy-retriable-status-codes", "404, 410"},
                                           {"x-envoy-max-retries", "2"}});
  ASSERT_TRUE(world.server.GetsHead());
  EXPECT_THAT(world.server.received(), ::testing::Not(HasSubstr("retr")));
  world.server.Send("HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n");
  ASSERT_TRUE(
      world.turns.RunUntil([&] { return world.Counter("cluster.a.upstream_rq_retry") == 1; }));
  world.Advance(kBackOff);
  ASSERT_TRUE(world.server.GetsHead());
  world.server.Send(kOk);
  ASSERT_TRUE(world.Finishes(client));
  EXPECT_EQ(client.status, 200);
}

TEST(RouterRetry, WaitsAsLongAsTheResponseSays) {
  World world;
  route::RetryPolicy policy = Retries(route::kRetryStatusCodes);
  policy.retriable_status_codes = {429};
  policy.reset_headers = {{.name = "retry-after"}};
  world.SetRetries(std::move(policy));
  world.Request("GET /");
  ASSERT_TRUE(world.server.GetsHead());
  world.server.Send("HTTP/1.1 429 Slow\r\nretry-after: 10\r\ncontent-length: 0\r\n\r\n");
  ASSERT_TRUE(
      world.turns.RunUntil([&] { return world.Counter("cluster.a.upstream_rq_retry") == 1; }));
  world.Advance(base::Milliseconds(9'900));
  EXPECT_EQ(world.Counter("cluster.a.upstream_rq_total"), 1u);
  world.Advance(base::Milliseconds(5'200));
  EXPECT_EQ(world.Counter("cluster.a.upstream_rq_total"), 2u);
}

TEST(RouterRetry, GoesElsewhereWhereThePolicySaysSo) {
  World world;
  ScriptedUpstream other(world.turns);
  world.AddCluster("a", {&world.server, &other});
  route::RetryPolicy policy = Retries(route::kRetry5xx);
  policy.avoids_previous_endpoints = true;
  world.SetRetries(std::move(policy));
  Client& client = world.Request("GET /");
  ASSERT_TRUE(
      world.turns.RunUntil([&] { return world.server.connections() + other.connections() == 1; }));
  ScriptedUpstream& first = world.server.connections() == 1 ? world.server : other;
  ScriptedUpstream& second = &first == &other ? world.server : other;
  ASSERT_TRUE(first.GetsHead());
  first.Send(kUnavailable);
  ASSERT_TRUE(
      world.turns.RunUntil([&] { return world.Counter("cluster.a.upstream_rq_retry") == 1; }));
  world.Advance(kBackOff);
  ASSERT_TRUE(second.GetsHead());
  second.Send(kOk);
  ASSERT_TRUE(world.Finishes(client));
  EXPECT_EQ(client.status, 200);
}

// --- replay ------------------------------------------------------------------------------------

TEST(RouterReplay, HidesThatAKeptConnectionWasClosing) {
  World world;
  ASSERT_TRUE(world.Exchange());
  Client& client = world.Request("GET /again");
  ASSERT_TRUE(world.server.GetsHead());
  world.server.Reset();
  ASSERT_TRUE(world.server.GetsHead(1));
  world.server.Send(kOk, 1);
  ASSERT_TRUE(world.Finishes(client));
  EXPECT_EQ(client.status, 200);
  EXPECT_EQ(client.Flags(), "");
  EXPECT_EQ(client.seen.attempts, 1u);
  EXPECT_EQ(world.Counter("cluster.a.upstream_rq_replayed"), 1u);
  EXPECT_EQ(world.Counter("cluster.a.upstream_rq_retry"), 0u);
}

TEST(RouterReplay, SendsTheBodyOfAnIdempotentRequestAgain) {
  World world;
  ASSERT_TRUE(world.Exchange());
  Client& client = world.Request("PUT /", {{"content-length", "4"}}, /*last=*/false);
  client.Body("body", true);
  ASSERT_TRUE(world.server.Gets("body"));
  world.server.Close();
  ASSERT_TRUE(world.server.Gets("\r\n\r\nbody", 1));
  world.server.Send(kOk, 1);
  ASSERT_TRUE(world.Finishes(client));
  EXPECT_EQ(client.status, 200);
}

TEST(RouterReplay, NeverRepeatsWhatMayHaveHadAnEffect) {
  World world;
  ASSERT_TRUE(world.Exchange());
  Client& client = world.Request("POST /", {{"content-length", "4"}}, /*last=*/false);
  client.Body("body", true);
  ASSERT_TRUE(world.server.Gets("body"));
  world.server.Close();
  ASSERT_TRUE(world.Finishes(client));
  EXPECT_EQ(client.status, 503);
  EXPECT_EQ(client.Flags(), "UC");
  EXPECT_EQ(world.server.connections(), 1u);
}

TEST(RouterReplay, IsNotTriedOnAFreshConnection) {
  World world;
  ASSERT_TRUE(world.Exchange());
  Client& client = world.Request("GET /again");
  ASSERT_TRUE(world.server.GetsHead());
  world.server.Close();
  ASSERT_TRUE(world.server.GetsHead(1));
  world.server.Close(1);
  ASSERT_TRUE(world.Finishes(client));
  EXPECT_EQ(client.status, 503);
  EXPECT_EQ(world.server.connections(), 2u);
}

TEST(RouterReplay, IsNotTriedOnceAResponseHasBegun) {
  World world;
  ASSERT_TRUE(world.Exchange());
  Client& client = world.Request("GET /again");
  ASSERT_TRUE(world.server.GetsHead());
  world.server.Send("HTTP/1.1 2");
  world.Settle();
  world.server.Close();
  ASSERT_TRUE(world.Finishes(client));
  EXPECT_EQ(client.status, 503);
  EXPECT_EQ(world.server.connections(), 1u);
}

}  // namespace
}  // namespace outrigger::router
