// What reaches the upstream, and what comes back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/extensions/http_filters/router/router_world.h"

namespace outrigger::router {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::ScriptedUpstream;
using ::testing::StartsWith;

route::HeaderEdits Sets(std::string name, std::string value) {
  std::vector<route::HeaderEdit> edits;
  edits.push_back({.name = std::move(name), .value = std::move(value)});
  return *route::HeaderEdits::Make(std::move(edits), {});
}

TEST(Router, ForwardsARequestAndItsResponse) {
  World world;
  Client& client = world.Request("GET /x?y=1", {{"Host", "shop"}, {"X-Own", "1"}});
  ASSERT_TRUE(world.server.GetsHead());
  EXPECT_EQ(world.server.received(),
            "GET /x?y=1 HTTP/1.1\r\nHost: shop\r\nX-Own: 1\r\n"
            "x-envoy-expected-rq-timeout-ms: 15000\r\n\r\n");
  world.server.Send("HTTP/1.1 200 Fine\r\nX-Their: 2\r\ncontent-length: 2\r\n\r\nok");
  ASSERT_TRUE(world.Finishes(client));
  EXPECT_EQ(client.status, 200);
  EXPECT_EQ(client.body, "ok");
  EXPECT_EQ(client.Header("x-their"), "2");
  EXPECT_EQ(client.Header("x-envoy-upstream-service-time"), "0");
  EXPECT_EQ(client.seen.detail, "via_upstream");
  EXPECT_EQ(client.Flags(), "");
  EXPECT_EQ(client.seen.attempts, 1u);
  EXPECT_EQ(client.seen.cluster_name, "a");
  EXPECT_EQ(client.seen.upstream, world.server.address());
}

TEST(Router, CountsWhatItForwards) {
  World world;
  ASSERT_TRUE(world.Exchange());
  EXPECT_EQ(world.Counter("http.ingress.rq_total"), 1u);
  EXPECT_EQ(world.Counter("cluster.a.upstream_rq_completed"), 1u);
  EXPECT_EQ(world.Counter("cluster.a.upstream_rq_200"), 1u);
  EXPECT_EQ(world.Counter("cluster.a.upstream_rq_2xx"), 1u);
}

TEST(Router, ReusesTheConnection) {
  World world;
  ASSERT_TRUE(world.Exchange());
  ASSERT_TRUE(world.Exchange());
  EXPECT_EQ(world.server.connections(), 1u);
}

TEST(Router, SaysHowLongTheUpstreamTook) {
  World world;
  Client& client = world.Request("GET /");
  ASSERT_TRUE(world.server.GetsHead());
  world.Advance(base::Milliseconds(42));
  world.server.Send(kOk);
  ASSERT_TRUE(world.Finishes(client));
  EXPECT_EQ(client.Header("x-envoy-upstream-service-time"), "42");
}

TEST(Router, AddsNoEnvoyHeadersWhenTheyAreSuppressed) {
  World world;
  World::RouterConfig config;
  config.set_suppress_envoy_headers(true);
  world.Configure(config);
  Client& client = world.Request("GET /");
  ASSERT_TRUE(world.server.GetsHead());
  EXPECT_THAT(world.server.received(), Not(HasSubstr("x-envoy")));
  world.server.Send(kOk);
  ASSERT_TRUE(world.Finishes(client));
  EXPECT_EQ(client.Header("x-envoy-upstream-service-time"), "");
}

TEST(Router, SendsABodyThatCameBeforeTheConnection) {
  World world;
  Client& client = world.Request("POST /", {{"content-length", "10"}}, /*last=*/false);
  client.Body("01234", false);
  client.Body("56789", true);
  ASSERT_TRUE(world.server.Gets("\r\n\r\n0123456789"));
  world.server.Send(kOk);
  ASSERT_TRUE(world.Finishes(client));
  EXPECT_EQ(client.status, 200);
}

TEST(Router, StreamsAChunkedBodyAsItComes) {
  World world;
  Client& client = world.Request("POST /", {}, /*last=*/false);
  ASSERT_TRUE(world.server.GetsHead());
  client.Body("first", false);
  ASSERT_TRUE(world.server.Gets("first"));
  client.Body("second", true);
  ASSERT_TRUE(world.server.Gets("second\r\n0\r\n\r\n"));
  world.server.Send(kOk);
  ASSERT_TRUE(world.Finishes(client));
}

TEST(Router, PassesInformationalResponses) {
  World world;
  Client& client = world.Request("POST /", {{"expect", "100-continue"}, {"content-length", "1"}},
                                 /*last=*/false);
  ASSERT_TRUE(world.server.GetsHead());
  EXPECT_THAT(world.server.received(), HasSubstr("expect: 100-continue"));
  world.server.Send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n");
  ASSERT_TRUE(world.turns.RunUntil([&] { return client.informational.size() == 2; }));
  EXPECT_THAT(client.informational, ElementsAre(100, 103));
  client.Body("x", true);
  world.server.Send(kOk);
  ASSERT_TRUE(world.Finishes(client));
  EXPECT_EQ(client.status, 200);
}

TEST(Router, PassesAResponseThatComesBeforeTheEndOfTheRequest) {
  World world;
  Client& client = world.Request("POST /", {{"content-length", "100"}}, /*last=*/false);
  client.Body("a part", false);
  ASSERT_TRUE(world.server.Gets("a part"));
  world.server.Send("HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\n\r\nno!");
  ASSERT_TRUE(world.Finishes(client));
  EXPECT_EQ(client.status, 413);
  EXPECT_EQ(client.body, "no!");
  client.Body("the rest", false);  // goes nowhere
}

TEST(Router, EditsHeadersAtEveryLevel) {
  World world;
  route::RouteSpec route;
  route::ForwardAction forward;
  forward.weighted.push_back(world.To("a"));
  forward.weighted[0].request_edits = Sets("x-level", "target");
  forward.weighted[0].response_edits = Sets("x-back", "target");
  route.action = std::move(forward);
  route.request_edits = Sets("x-level", "route");
  route.response_edits = Sets("x-back", "route");
  world.SetRoute(std::move(route), [](route::VirtualHostSpec& host) {
    host.request_edits = Sets("x-level", "host");
    host.response_edits = Sets("x-back", "host");
  });
  Client& client = world.Request("GET /");
  ASSERT_TRUE(world.server.GetsHead());
  EXPECT_THAT(world.server.received(),
              HasSubstr("x-level: target\r\nx-level: route\r\nx-level: host\r\n"));
  world.server.Send(kOk);
  ASSERT_TRUE(world.Finishes(client));
  EXPECT_EQ(client.Header("x-back"), "target,route,host");
}

TEST(Router, RewritesPathAndHost) {
  World world;
  route::ForwardAction forward;
  forward.weighted.push_back(world.To("a"));
  forward.path_rewrite.prefix = "/new";
  forward.host_rewrite = {.literal = "inner", .append_x_forwarded_host = true};
  route::RouteSpec route;
  route.path.text = "/old";
  route.action = std::move(forward);
  world.SetRoute(std::move(route));
  world.Request("GET /old/x?q", {{"host", "outer"}});
  ASSERT_TRUE(world.server.GetsHead());
  EXPECT_THAT(world.server.received(), StartsWith("GET /new/x?q HTTP/1.1\r\nhost: inner\r\n"));
  EXPECT_THAT(world.server.received(), HasSubstr("x-forwarded-host: outer\r\n"));
  EXPECT_THAT(world.server.received(), HasSubstr("x-envoy-original-path: /old/x?q\r\n"));
}

TEST(Router, TakesTheHostFromTheEndpointWhereAsked) {
  World world;
  world.SetForward(
      [](route::ForwardAction& forward) { forward.host_rewrite.from_endpoint = true; });
  world.Request("GET /", {{"host", "outer"}});
  ASSERT_TRUE(world.server.GetsHead());
  EXPECT_THAT(world.server.received(), HasSubstr("host: endpoint.name\r\n"));
}

TEST(Router, SplitsByWeight) {
  World world;
  ScriptedUpstream other(world.turns);
  world.AddCluster("b", {&other});
  world.SetForward([&](route::ForwardAction& forward) {
    forward.weighted.push_back(world.To("a", 90));
    forward.weighted.push_back(world.To("b", 10));
  });
  world.Request("GET /a", {}, true, /*random=*/uint64_t{0});
  EXPECT_TRUE(world.server.GetsHead());
  world.Request("GET /b", {}, true, /*random=*/~uint64_t{0});
  EXPECT_TRUE(other.GetsHead());
  EXPECT_THAT(other.received(), StartsWith("GET /b "));
}

TEST(Router, FindsTheClusterByAHeader) {
  World world;
  world.SetForward([](route::ForwardAction& forward) { forward.cluster_header = "x-cluster"; });
  world.Request("GET /", {{"x-cluster", "a"}});
  EXPECT_TRUE(world.server.GetsHead());
  const Client& lost = world.Request("GET /", {{"x-cluster", "nowhere"}});
  EXPECT_EQ(lost.status, 503);
  EXPECT_EQ(lost.seen.detail, "cluster_not_found");
}

TEST(Router, CountsAttemptsForBothSidesWhereAsked) {
  World world;
  route::ForwardAction forward;
  forward.weighted.push_back(world.To("a"));
  route::RouteSpec route;
  route.action = std::move(forward);
  world.SetRoute(std::move(route), [](route::VirtualHostSpec& host) {
    host.include_attempt_count_in_request = true;
    host.include_attempt_count_in_response = true;
  });
  Client& client = world.Request("GET /");
  ASSERT_TRUE(world.server.GetsHead());
  EXPECT_THAT(world.server.received(), HasSubstr("x-envoy-attempt-count: 1\r\n"));
  world.server.Send(kOk);
  ASSERT_TRUE(world.Finishes(client));
  EXPECT_EQ(client.Header("x-envoy-attempt-count"), "1");
}

TEST(Router, CountsGrpcResponsesByWhatTheirStatusMeans) {
  World world;
  Client& client = world.Request("POST /", {{"content-type", "application/grpc"}});
  ASSERT_TRUE(world.server.GetsHead());
  world.server.Send("HTTP/1.1 200 OK\r\ngrpc-status: 14\r\ncontent-length: 0\r\n\r\n");
  ASSERT_TRUE(world.Finishes(client));
  EXPECT_EQ(client.status, 200);
  EXPECT_EQ(world.Counter("cluster.a.upstream_rq_503"), 1u);
}

TEST(Router, LeavesTheUpstreamWhenTheClientGoes) {
  World world;
  Client& client = world.Request("GET /");
  ASSERT_TRUE(world.server.GetsHead());
  client.End();
  EXPECT_TRUE(world.server.SeesEnd());
  EXPECT_EQ(world.Counter("cluster.a.upstream_rq_tx_reset"), 1u);
}

TEST(Router, LeavesTheQueueWhenTheClientGoes) {
  World world;
  Client& client = world.Request("GET /");
  client.End();
  world.Settle();
  EXPECT_EQ(world.Counter("cluster.a.upstream_rq_pending_active"), 0u);
}

}  // namespace
}  // namespace outrigger::router
