// Answers that the router gives by itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "source/config/registry.h"
#include "source/extensions/http_filters/router/router.h"
#include "test/extensions/http_filters/router/router_world.h"
#include "test/net/fake_transport.h"

namespace outrigger::router {
namespace {

using testing::ScriptedUpstream;

TEST(RouterAnswers, NotFoundWithoutARoute) {
  World world;
  route::RouteSpec route{.action = route::DirectResponse{}};
  route.path.text = "/only";
  world.SetRoute(std::move(route));
  const Client& client = world.Request("GET /else");
  EXPECT_EQ(client.status, 404);
  EXPECT_EQ(client.seen.detail, "route_not_found");
  EXPECT_EQ(client.Flags(), "NR");
}

TEST(RouterAnswers, DirectResponses) {
  World world;
  world.SetRoute({.action = route::DirectResponse{.status = 418, .body = "short and stout"}});
  const Client& client = world.Request("GET /");
  EXPECT_EQ(client.status, 418);
  EXPECT_EQ(client.body, "short and stout");
  EXPECT_EQ(client.seen.detail, "direct_response");
  EXPECT_EQ(world.Counter("http.ingress.rq_direct_response"), 1u);
}

TEST(RouterAnswers, Redirects) {
  World world;
  route::RouteSpec route{.action = route::RedirectAction{.https = true, .status = 308}};
  std::vector<route::HeaderEdit> edits;
  edits.push_back({.name = "x-by", .value = "route"});
  route.response_edits = *route::HeaderEdits::Make(std::move(edits), {});
  world.SetRoute(std::move(route));
  const Client& client = world.Request("GET /x?y", {{"host", "shop:80"}});
  EXPECT_EQ(client.status, 308);
  EXPECT_EQ(client.Header("location"), "https://shop/x?y");
  EXPECT_EQ(client.Header("x-by"), "route");
  EXPECT_EQ(world.Counter("http.ingress.rq_redirect"), 1u);
}

TEST(RouterAnswers, WithTheRoutesStatusWhenTheClusterIsUnknown) {
  World world;
  world.SetForward([&](route::ForwardAction& forward) {
    forward.weighted.push_back(world.To("unknown"));
    forward.cluster_not_found_status = 404;
  });
  const Client& client = world.Request("GET /");
  EXPECT_EQ(client.status, 404);
  EXPECT_EQ(client.seen.detail, "cluster_not_found");
  EXPECT_EQ(client.Flags(), "NC");
  EXPECT_EQ(world.Counter("http.ingress.no_cluster"), 1u);
}

TEST(RouterAnswers, UnavailableWithoutEndpoints) {
  World world;
  world.AddCluster("a", {});
  const Client& client = world.Request("GET /");
  EXPECT_EQ(client.status, 503);
  EXPECT_EQ(client.body, "no healthy upstream");
  EXPECT_EQ(client.seen.detail, "no_healthy_upstream");
  EXPECT_EQ(client.Flags(), "UH");
}

TEST(RouterAnswers, UnavailableWhenConnectingIsRefused) {
  World world;
  world.server.StopListening();
  Client& client = world.Request("GET /");
  ASSERT_TRUE(world.Finishes(client));
  EXPECT_EQ(client.status, 503);
  EXPECT_EQ(client.body,
            "upstream connect error or disconnect/reset before headers. reset reason: remote "
            "connection failure, transport failure reason: delayed connect error: Connection "
            "refused");
  EXPECT_EQ(client.seen.detail,
            "upstream_reset_before_response_started{remote_connection_failure}");
  EXPECT_EQ(client.Flags(), "UF");
  EXPECT_EQ(world.Counter("cluster.a.upstream_rq_503"), 1u);
}

TEST(RouterAnswers, UnavailableWhenACircuitBreakerIsOpen) {
  World world;
  world.AddCluster("a", {&world.server}, [](upstream::ClusterSpec& spec) {
    spec.breakers[0].max_requests = 0;
    spec.breakers[0].max_pending_requests = 0;
  });
  Client& client = world.Request("GET /");
  ASSERT_TRUE(world.Finishes(client));
  EXPECT_EQ(client.status, 503);
  EXPECT_EQ(client.Header("x-envoy-overloaded"), "true");
  EXPECT_EQ(client.seen.detail, "upstream_reset_before_response_started{overflow}");
  EXPECT_EQ(client.Flags(), "UO");
}

TEST(RouterAnswers, SayWhyNoConnectionCameAbout) {
  World world;
  auto transports = std::make_shared<net::FakeClientTransports>();
  transports->options.failure = "certificate of a: expired";
  world.AddCluster("secure", {&world.server},
                   [&](upstream::ClusterSpec& spec) { spec.transport.transports = transports; });
  world.SetForward([&](route::ForwardAction& forward) {
    forward.weighted.clear();
    forward.weighted.push_back(world.To("secure"));
  });
  Client& client = world.Request("GET /");
  ASSERT_TRUE(world.turns.RunUntil([&] { return world.server.connections() == 1; }));
  world.server.Send(net::FakeRecord(net::kFakeHello));
  ASSERT_TRUE(world.Finishes(client));
  EXPECT_EQ(client.status, 503);
  EXPECT_EQ(client.body,
            "upstream connect error or disconnect/reset before headers. reset reason: remote "
            "connection failure, transport failure reason: certificate of a: expired");
  EXPECT_EQ(client.seen.upstream_failure_reason, "certificate of a: expired");
  EXPECT_EQ(client.Flags(), "UF");
}

TEST(RouterAnswers, UnavailableWhenTheUpstreamHangsUp) {
  World world;
  Client& client = world.Request("GET /");
  ASSERT_TRUE(world.server.GetsHead());
  world.server.Close();
  ASSERT_TRUE(world.Finishes(client));
  EXPECT_EQ(client.status, 503);
  EXPECT_EQ(client.body,
            "upstream connect error or disconnect/reset before headers. reset reason: connection "
            "termination");
  EXPECT_EQ(client.seen.detail, "upstream_reset_before_response_started{connection_termination}");
  EXPECT_EQ(client.Flags(), "UC");
  EXPECT_EQ(world.Counter("cluster.a.upstream_rq_rx_reset"), 1u);
}

TEST(RouterAnswers, BadGatewayToNonsense) {
  World world;
  Client& client = world.Request("GET /");
  ASSERT_TRUE(world.server.GetsHead());
  world.server.Send("What did you say?\r\n\r\n");
  ASSERT_TRUE(world.Finishes(client));
  EXPECT_EQ(client.status, 502);
  EXPECT_EQ(client.seen.detail, "upstream_reset_before_response_started{protocol_error}");
  EXPECT_NE(client.seen.upstream_failure_reason, "");
  EXPECT_EQ(client.Flags(), "UPE");
}

TEST(RouterAnswers, NothingMoreWhenAResponseBreaksOff) {
  World world;
  Client& client = world.Request("GET /");
  ASSERT_TRUE(world.server.GetsHead());
  world.server.Send("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\na part");
  ASSERT_TRUE(world.turns.RunUntil([&] { return client.body == "a part"; }));
  world.server.Close();
  ASSERT_TRUE(world.Finishes(client));
  EXPECT_EQ(client.aborted_by, "upstream_reset_after_response_started{connection_termination}");
  EXPECT_EQ(client.Flags(), "UC");
  EXPECT_EQ(world.Counter("http.ingress.rq_reset_after_downstream_response_started"), 1u);
}

TEST(RouterAnswers, BadRequestToMalformedStrictHeaders) {
  World world;
  World::RouterConfig config;
  config.add_strict_check_headers("x-envoy-max-retries");
  world.Configure(config);
  const Client& client = world.Request("GET /", {{"x-envoy-max-retries", "many"}});
  EXPECT_EQ(client.status, 400);
  EXPECT_EQ(client.body, "invalid header 'x-envoy-max-retries' with value 'many'");
  EXPECT_EQ(client.Flags(), "IH");
  world.Request("GET /", {{"x-envoy-max-retries", "2"}});
  EXPECT_TRUE(world.server.GetsHead());
}

TEST(RouterConfig, NamesTheHeadersThatCanBeStrict) {
  World world;
  World::RouterConfig config;
  config.add_strict_check_headers("x-other");
  config::FactoryContext context(world.turns.clock, world.stats, "other", world.runtime);
  EXPECT_EQ(Create(config, context).status().message(),
            "strict_check_headers[0]: unknown header \"x-other\"; known: "
            "x-envoy-upstream-rq-timeout-ms, x-envoy-upstream-rq-per-try-timeout-ms, "
            "x-envoy-max-retries, x-envoy-retry-on, x-envoy-retry-grpc-on");
}

}  // namespace
}  // namespace outrigger::router
