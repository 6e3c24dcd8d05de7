// Upgrades and CONNECT through the router.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/extensions/http_filters/router/router_world.h"

namespace outrigger::router {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr char kOpened[] = "HTTP/1.1 200 OK\r\n\r\n";
constexpr char kDenied[] = "HTTP/1.1 403 No\r\ncontent-length: 2\r\n\r\nno";

// A world whose only route is for CONNECT.
class Tunnels : public ::testing::Test {
 protected:
  Tunnels() {
    SetForward([](route::ForwardAction&) {});
  }
  void SetForward(const std::function<void(route::ForwardAction&)>& change) {
    route::ForwardAction forward;
    forward.weighted.push_back(world.To("a"));
    change(forward);
    route::RouteSpec route;
    route.path.kind = route::PathMatch::Kind::kConnect;
    route.path.text = "-";
    route.action = std::move(forward);
    world.SetRoute(std::move(route));
  }
  Client& Connect() { return world.Request("CONNECT ", {}, /*last=*/false); }
  Client& Open() {
    Client& client = Connect();
    EXPECT_TRUE(world.server.GetsHead());
    world.server.Send(kOpened);
    EXPECT_TRUE(world.turns.RunUntil([&] { return client.has_head; }));
    return client;
  }
  World world;
};

TEST_F(Tunnels, HoldsEarlyBytesUntilTheAnswer) {
  Client& client = Connect();
  client.Body("early", false);
  EXPECT_EQ(client.pauses, 1);
  ASSERT_TRUE(world.server.GetsHead());
  EXPECT_THAT(world.server.received(), StartsWith("CONNECT test HTTP/1.1\r\n"));
  EXPECT_THAT(world.server.received(), Not(HasSubstr("early")));
  world.server.Send(std::string(kOpened) + "hello");
  ASSERT_TRUE(world.server.Gets("early"));
  EXPECT_EQ(client.body, "hello");
  EXPECT_EQ(client.pauses, 0);
}

TEST_F(Tunnels, PassesBytesBothWaysUntilBothHaveEnded) {
  Client& client = Open();
  client.Body("one", false);
  ASSERT_TRUE(world.server.Gets("one"));
  client.Body("two", true);
  ASSERT_TRUE(world.server.Gets("two"));
  ASSERT_TRUE(world.server.SeesEnd());
  world.server.Send("still here");
  ASSERT_TRUE(world.turns.RunUntil([&] { return client.body == "still here"; }));
  EXPECT_FALSE(client.is_complete);
  world.server.Close();
  ASSERT_TRUE(world.Finishes(client));
  EXPECT_EQ(client.aborted_by, "");
}

TEST_F(Tunnels, TheUpstreamMayEndFirst) {
  Client& client = Open();
  world.server.Finish();
  ASSERT_TRUE(world.turns.RunUntil([&] { return client.is_complete; }));
  client.Body("late", true);
  ASSERT_TRUE(world.server.Gets("late"));
  ASSERT_TRUE(world.server.SeesEnd());
  world.Settle();
  EXPECT_EQ(client.aborted_by, "");
  EXPECT_EQ(world.Counter("cluster.a.upstream_rq_active"), 0u);
}

TEST_F(Tunnels, HasNoDeadlineOnceItStands) {
  SetForward([](route::ForwardAction& forward) { forward.timeout = base::Milliseconds(100); });
  Client& client = Open();
  world.Advance(base::Milliseconds(60'000));
  client.Body("x", false);
  ASSERT_TRUE(world.server.Gets("x"));
  EXPECT_EQ(client.aborted_by, "");
}

TEST_F(Tunnels, AnswersGatewayTimeoutWhenNoAnswerComes) {
  SetForward([](route::ForwardAction& forward) { forward.timeout = base::Milliseconds(100); });
  Client& client = Connect();
  ASSERT_TRUE(world.server.GetsHead());
  world.Advance(base::Milliseconds(101));
  EXPECT_EQ(client.status, 504);
}

TEST_F(Tunnels, ARefusalIsAnOrdinaryResponse) {
  Client& client = Connect();
  client.Body("never sent", false);
  ASSERT_TRUE(world.server.GetsHead());
  world.server.Send(kDenied);
  ASSERT_TRUE(world.Finishes(client));
  EXPECT_EQ(client.status, 403);
  EXPECT_EQ(client.body, "no");
  client.Body("nor this", true);
  world.Settle();
  EXPECT_THAT(world.server.received(), Not(HasSubstr("this")));
  EXPECT_THAT(world.server.received(), Not(HasSubstr("never")));
}

TEST_F(Tunnels, IsTriedAgainBeforeItStands) {
  SetForward([](route::ForwardAction& forward) {
    route::RetryPolicy policy;
    policy.retry_on = route::kRetry5xx;
    policy.max_retries = 1;
    forward.retry = std::make_shared<const route::RetryPolicy>(std::move(policy));
  });
  Client& client = Connect();
  client.Body("early", false);
  ASSERT_TRUE(world.server.GetsHead());
  world.server.Send(kUnavailable);
  ASSERT_TRUE(
      world.turns.RunUntil([&] { return world.Counter("cluster.a.upstream_rq_retry") > 0; }));
  world.Advance(base::Milliseconds(300));
  ASSERT_TRUE(world.server.Gets("CONNECT test"));
  world.server.Send(kOpened);
  ASSERT_TRUE(world.server.Gets("early"));
  EXPECT_EQ(client.status, 200);
  world.server.Reset();
  ASSERT_TRUE(world.turns.RunUntil([&] { return !client.aborted_by.empty(); }));
  EXPECT_EQ(world.Counter("cluster.a.upstream_rq_retry"), 1u);
}

TEST_F(Tunnels, ABrokenOneIsAbortedThoughOneHalfWasOver) {
  Client& client = Open();
  client.Body("end", true);
  ASSERT_TRUE(world.server.Gets("end"));
  world.server.Reset();
  ASSERT_TRUE(world.turns.RunUntil([&] { return !client.aborted_by.empty(); }));
}

TEST_F(Tunnels, AClientThatLeavesEndsIt) {
  Client& client = Open();
  client.End();
  world.Settle();
  EXPECT_TRUE(world.server.SeesEnd());
}

}  // namespace
}  // namespace outrigger::router
