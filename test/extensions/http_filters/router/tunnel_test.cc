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

// --- CONNECT that ends here ----------------------------------------------------------------------

class Ends : public Tunnels {
 protected:
  Ends() {
    SetForward([](route::ForwardAction& forward) { forward.connect_end.emplace(); });
  }
  Client& OpenTcp() {
    Client& client = Connect();
    EXPECT_TRUE(
        world.turns.RunUntil([&] { return client.has_head && world.server.connections() == 1; }));
    EXPECT_EQ(client.status, 200);
    return client;
  }
};

TEST_F(Ends, SendsTheBytesAsTheyAre) {
  Client& client = Connect();
  client.Body("early ", false);
  ASSERT_TRUE(world.turns.RunUntil([&] { return client.has_head; }));
  EXPECT_EQ(client.status, 200);
  client.Body("late", false);
  ASSERT_TRUE(world.server.Gets("early late"));
  EXPECT_EQ(world.server.received(), "early late");
  world.server.Send("back");
  ASSERT_TRUE(world.turns.RunUntil([&] { return client.body == "back"; }));
  EXPECT_EQ(world.Counter("cluster.a.upstream_rq_total"), 1u);
  EXPECT_EQ(world.Counter("cluster.a.upstream_cx_active"), 1u);
}

TEST_F(Ends, PassesTheClientsEndAndWhatFollowsIt) {
  Client& client = OpenTcp();
  client.Body("all", true);
  ASSERT_TRUE(world.server.Gets("all"));
  ASSERT_TRUE(world.server.SeesEnd());
  world.server.Send("answer");
  world.server.Close();
  ASSERT_TRUE(world.Finishes(client));
  EXPECT_EQ(client.body, "answer");
  EXPECT_EQ(client.aborted_by, "");
  world.Settle();
  EXPECT_EQ(world.Counter("cluster.a.upstream_cx_active"), 0u);
}

TEST_F(Ends, SendsTheRestThoughTheStreamIsGone) {
  Client& client = OpenTcp();
  world.server.Finish();
  ASSERT_TRUE(world.turns.RunUntil([&] { return client.is_complete; }));
  client.Body(std::string(100'000, 'x'), true);
  client.End();
  ASSERT_TRUE(world.server.SeesEnd());
  EXPECT_EQ(world.server.received().size(), 100'000u);
  world.Settle();
  EXPECT_EQ(world.Counter("cluster.a.upstream_cx_active"), 0u);
}

TEST_F(Ends, DropsARestThatTheEndpointDoesNotTake) {
  Client& client = OpenTcp();
  world.server.Finish();
  ASSERT_TRUE(world.turns.RunUntil([&] { return client.is_complete; }));
  client.Body(std::string(16'000'000, 'x'), true);
  client.End();
  world.Settle();
  EXPECT_EQ(world.Counter("cluster.a.upstream_cx_active"), 1u);
  world.Advance(base::Milliseconds(1100));
  EXPECT_EQ(world.Counter("cluster.a.upstream_cx_active"), 0u);
}

TEST_F(Ends, ARestDiesWithTheWorker) {
  Client& client = OpenTcp();
  world.server.Finish();
  ASSERT_TRUE(world.turns.RunUntil([&] { return client.is_complete; }));
  client.Body(std::string(16'000'000, 'x'), true);
  client.End();
  world.Settle();
  world.clusters.Clear();
  world.Settle();
  EXPECT_EQ(world.Counter("cluster.a.upstream_cx_active"), 0u);
}

TEST_F(Ends, ResetsTheEndpointWhenTheClientIsGone) {
  Client& client = OpenTcp();
  client.Body("half", false);
  ASSERT_TRUE(world.server.Gets("half"));
  client.End();
  world.Settle();
  EXPECT_EQ(world.Counter("cluster.a.upstream_cx_active"), 0u);
  EXPECT_EQ(world.Counter("cluster.a.upstream_rq_tx_reset"), 1u);
}

TEST_F(Ends, GivesUpAConnectThatNobodyWaitsForAnyMore) {
  Client& client = Connect();
  client.End();
  world.Settle();
  EXPECT_EQ(world.Counter("cluster.a.upstream_cx_active"), 0u);
  EXPECT_EQ(world.Counter("cluster.a.upstream_rq_pending_active"), 0u);
}

TEST_F(Ends, AbortsWhenTheEndpointResets) {
  Client& client = OpenTcp();
  client.Body("x", false);
  ASSERT_TRUE(world.server.Gets("x"));
  world.server.Reset();
  ASSERT_TRUE(world.turns.RunUntil([&] { return !client.aborted_by.empty(); }));
  EXPECT_EQ(client.aborted_by, "upstream_reset_after_response_started{connection_termination}");
  EXPECT_EQ(client.Flags(), "UC");
}

TEST_F(Ends, AnswersUnavailableWhereNobodyListens) {
  world.server.StopListening();
  Client& client = Connect();
  ASSERT_TRUE(world.Finishes(client));
  EXPECT_EQ(client.status, 503);
  EXPECT_EQ(client.Flags(), "UF");
  EXPECT_EQ(client.seen.detail,
            "upstream_reset_before_response_started{remote_connection_failure}");
}

TEST_F(Ends, AnswersUnavailableAtTheCircuitBreaker) {
  world.AddCluster("b", {&world.server},
                   [](upstream::ClusterSpec& spec) { spec.breakers[1].max_connections = 0; });
  SetForward([&](route::ForwardAction& forward) {
    forward.weighted.clear();
    forward.weighted.push_back(world.To("b"));
    forward.priority = 1;
    forward.connect_end.emplace();
  });
  Client& client = Connect();
  ASSERT_TRUE(world.Finishes(client));
  EXPECT_EQ(client.status, 503);
  EXPECT_EQ(client.Flags(), "UO");
  EXPECT_EQ(client.Header("x-envoy-overloaded"), "true");
}

TEST_F(Ends, StopsTheEndpointWhileTheClientIsFull) {
  Client& client = OpenTcp();
  client.Fill();
  world.server.Send("waits");
  world.Settle();
  EXPECT_EQ(client.body, "");
  client.Drain();
  ASSERT_TRUE(world.turns.RunUntil([&] { return client.body == "waits"; }));
}

TEST_F(Ends, HoldsTheClientBackWhileTheEndpointIsFull) {
  Client& client = OpenTcp();
  client.Body(std::string(16'000'000, 'x'), false);
  ASSERT_TRUE(world.turns.RunUntil([&] { return client.pauses == 1; }));
  EXPECT_EQ(world.Counter("cluster.a.upstream_flow_control_backed_up_total"), 1u);
  ASSERT_TRUE(world.turns.RunUntil([&] {
    (void)world.server.received();
    return client.pauses == 0;
  }));
}

TEST_F(Ends, TellsWhoTheClientIs) {
  SetForward([](route::ForwardAction& forward) {
    forward.connect_end = route::ConnectEnd{.proxy_protocol = net::ProxyVersion::kV1};
  });
  world.client_address = *net::Address::Ip("192.0.2.1", 1234);
  world.listener_address = *net::Address::Ip("192.0.2.2", 80);
  Client& client = Connect();
  client.Body("bytes", false);
  ASSERT_TRUE(world.server.Gets("bytes"));
  EXPECT_EQ(world.server.received(), "PROXY TCP4 192.0.2.1 192.0.2.2 1234 80\r\nbytes");
}

}  // namespace
}  // namespace outrigger::router
