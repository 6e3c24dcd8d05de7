#include "source/server/admin/home_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "envoy/config/cluster/v3/cluster.pb.h"
#include "envoy/config/listener/v3/listener.pb.h"
#include "source/server/admin/listener_pages.h"
#include "source/server/admin/stats_pages.h"
#include "test/server/admin/config_world.h"

namespace outrigger::server {
namespace {

using envoy::admin::v3::ServerInfo;
using envoy::config::cluster::v3::Cluster;
using envoy::config::listener::v3::Listener;
using testing::HasSubstr;
using testing::Not;
using xds::ClientStatus;

struct HomePage : testing::Test {
  HomePage() {
    AddHomePage(its.admin, sources);
    AddServerPages(its.admin, controls, facts);
    AddStatsPages(its.admin, its.world.stats, [] {});
    AddListenerPages(its.admin, its.listeners, [](const DrainRequest&) {});
    facts.node.set_id("sidecar~10.0.0.7~shop");
    facts.command_line.set_concurrency(2);
  }
  std::string Page() const {
    const Answer answer = its.Get("/");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.content_type, "text/html; charset=UTF-8");
    return answer.body;
  }
  void AddEndpoint(std::string_view address, upstream::EndpointHealth health,
                   upstream::ClusterSpec& spec) {
    auto endpoint = std::make_shared<upstream::Endpoint>();
    endpoint->addresses = {*net::Address::Parse(address)};
    endpoint->health = health;
    spec.static_endpoints.endpoints.push_back(std::move(endpoint));
  }

  ConfigWorld its;
  ServerState state = ServerInfo::LIVE;
  std::vector<std::string> waiting;
  ServerControls controls{.state = [this] { return state; },
                          .uptime = [] { return std::chrono::hours(3) + std::chrono::minutes(20); },
                          .fail_health_check = [](bool) {},
                          .quit = [] {},
                          .reopen_logs = [] { return absl::OkStatus(); }};
  ServerFacts facts;
  HomeSources sources{.controls = controls,
                      .facts = facts,
                      .config = its.sources,
                      .connections = its.budget,
                      .clock = its.world.turns.clock,
                      .waiting = [this] { return waiting; }};
};

TEST_F(HomePage, SaysWhatTheServerDoes) {
  its.budget.used = 42;
  const std::string page = Page();
  EXPECT_THAT(page, HasSubstr("<b class=good>LIVE</b>"));
  EXPECT_THAT(page, HasSubstr("<dd>3 h 20 min</dd>"));
  EXPECT_THAT(page, HasSubstr("<dt>client connections</dt><dd>42</dd>"));
  EXPECT_THAT(page, HasSubstr("<dd>sidecar~10.0.0.7~shop</dd>"));
  state = ServerInfo::DRAINING;
  EXPECT_THAT(Page(), HasSubstr("<b class=bad>DRAINING</b>"));
}

TEST_F(HomePage, ShowsListenersWithAddressAndState) {
  its.AddListener("front");
  its.AddListener("cold", "routes");
  const std::string page = Page();
  EXPECT_THAT(page, HasSubstr(its.listeners.List()[1].addresses[0].ToString()));
  EXPECT_THAT(page, HasSubstr("<td>active</td>"));
  EXPECT_THAT(page, HasSubstr("<li>listener cold waits for rds routes</li>"));
}

TEST_F(HomePage, ShowsClustersWithTheHealthOfTheirEndpoints) {
  auto spec = its.world.Spec("shop");
  AddEndpoint("10.0.0.7:80", upstream::EndpointHealth::kHealthy, *spec);
  AddEndpoint("10.0.0.8:80", upstream::EndpointHealth::kUnhealthy, *spec);
  ASSERT_TRUE(its.world.set.Add(spec).ok());
  const std::string page = Page();
  EXPECT_THAT(page,
              HasSubstr("<b>shop</b>: active, <span class=bad>1 of 2 endpoints usable</span>"));
  EXPECT_THAT(page, HasSubstr("<td>10.0.0.8:80</td><td class=bad>/failed_eds_health</td>"));
}

TEST_F(HomePage, SaysWhatWasRefusedAndWhyAndWhatServesOn) {
  its.xds.connection = xds::XdsStatus{.is_connected = true, .endpoint = "127.0.0.1:18000"};
  its.Refuse(its.Accepted<Cluster>("shop", "{name: shop}"), "lb_policy: unknown policy");
  const std::string page = Page();
  EXPECT_THAT(page, HasSubstr("<b class=good>connected</b> to 127.0.0.1:18000"));
  EXPECT_THAT(page, HasSubstr("<details open><summary><b>Cluster</b>: 1 in use, "
                              "<b class=bad>1 refused</b>"));
  EXPECT_THAT(page, HasSubstr("<td>v1</td><td>2023-11-14 22:13:20 UTC, 0 s ago</td>"));
  EXPECT_THAT(page, HasSubstr("refused version v2"));
  EXPECT_THAT(page, HasSubstr("<pre>lb_policy: unknown policy</pre>"));
}

TEST_F(HomePage, SaysWhyThereIsNoControlPlane) {
  its.xds.connection = xds::XdsStatus{.endpoint = "127.0.0.1:1", .last_failure = "refused"};
  EXPECT_THAT(Page(), HasSubstr("<b class=bad>not connected</b> to 127.0.0.1:1; the last stream "
                                "ended: refused"));
}

TEST_F(HomePage, EscapesWhateverOthersNamed) {
  const std::string evil = "<script>alert(\"&'\")</script>";
  its.xds.connection =
      xds::XdsStatus{.control_plane = evil, .endpoint = evil, .last_failure = evil};
  its.Refuse(its.Resource<Cluster>(evil), evil);
  its.xds.types[0].last_refusal = evil;
  its.xds.types[0].last_refused = absl::UnixEpoch();
  ASSERT_TRUE(its.world.set.Add(its.world.Spec(evil)).ok());
  its.AddListener(evil);
  waiting = {evil};
  facts.node.set_id(evil);
  const std::string page = Page();
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;alert(&quot;&amp;&#39;&quot;)&lt;/script&gt;"));
  EXPECT_THAT(page, Not(HasSubstr("<script")));
}

TEST_F(HomePage, LinksPagesAndOffersFormsForThoseThatChange) {
  const std::string page = Page();
  EXPECT_THAT(page, HasSubstr("<a href=\"/stats\">/stats</a>"));
  EXPECT_THAT(page, HasSubstr("<form method=post action=\"/quitquitquit\">"));
  EXPECT_THAT(page, Not(HasSubstr("href=\"/quitquitquit\"")));
}

TEST_F(HomePage, StaysSmallWithManyClusters) {
  for (int i = 0; i < 500; ++i) {
    ASSERT_TRUE(its.world.set.Add(its.world.Spec("cluster-" + std::to_string(i))).ok());
  }
  EXPECT_THAT(Page(), HasSubstr("and 300 more"));
}

TEST_F(HomePage, ShowsWhereSecretsComeFromAndHowTheyStand) {
  EXPECT_THAT(Page(), Not(HasSubstr("<h2>Secrets</h2>")));
  its.secrets = {{.from = "cluster sds-grpc",
                  .resource = {.name = "default", .status = ClientStatus::kTimeout}}};
  const std::string page = Page();
  EXPECT_THAT(page, HasSubstr("<td>default</td><td>cluster sds-grpc</td>"));
  EXPECT_THAT(page, HasSubstr("did not come in time"));
}

}  // namespace
}  // namespace outrigger::server
