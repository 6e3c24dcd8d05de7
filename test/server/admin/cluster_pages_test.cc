#include "source/server/admin/cluster_pages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/server/admin/admin_world.h"

namespace outrigger::server {
namespace {

using testing::HasSubstr;
using testing::Not;
using upstream::EndpointHealth;

struct ClusterPages : testing::Test {
  ClusterPages() { AddClusterPages(its.admin, its.world.set); }
  void Add(EndpointHealth health) {
    auto spec = its.world.Spec("outbound|80||a.example");
    auto endpoint = std::make_shared<upstream::Endpoint>();
    endpoint->addresses = {*net::Address::Parse("10.0.0.7:8080")};
    endpoint->hostname = "a.example";
    endpoint->locality = std::make_shared<upstream::Locality>(
        upstream::Locality{.region = "north", .zone = "n1", .sub_zone = "rack"});
    endpoint->weight = 3;
    endpoint->health = health;
    spec->static_endpoints.endpoints.push_back(std::move(endpoint));
    CHECK(its.world.set.Add(spec).ok());
  }
  AdminWorld its;
};

TEST_F(ClusterPages, PrintsTheLinesOfEnvoy) {
  Add(EndpointHealth::kHealthy);
  its.world.set.Describe()[0].endpoints->endpoints[0]->tally->rq_total().Add(5);
  const std::string c = "outbound|80||a.example::";
  const std::string e = c + "10.0.0.7:8080::";
  EXPECT_EQ(
      its.Get("/clusters").body,
      c + "observability_name::outbound|80||a.example\n" + c +
          "default_priority::max_connections::1024\n" + c +
          "default_priority::max_pending_requests::1024\n" + c +
          "default_priority::max_requests::1024\n" + c + "default_priority::max_retries::3\n" + c +
          "high_priority::max_connections::1024\n" + c +
          "high_priority::max_pending_requests::1024\n" + c +
          "high_priority::max_requests::1024\n" + c + "high_priority::max_retries::3\n" + c +
          "added_via_api::true\n" + e + "cx_active::0\n" + e + "cx_connect_fail::0\n" + e +
          "cx_total::0\n" + e + "rq_active::0\n" + e + "rq_error::0\n" + e + "rq_success::0\n" + e +
          "rq_timeout::0\n" + e + "rq_total::5\n" + e + "hostname::a.example\n" + e +
          "health_flags::healthy\n" + e + "weight::3\n" + e + "region::north\n" + e + "zone::n1\n" +
          e + "sub_zone::rack\n" + e + "canary::false\n" + e + "priority::0\n" + e +
          "success_rate::-1\n" + e + "local_origin_success_rate::-1\n");
}

TEST_F(ClusterPages, SaysWhatTheControlPlaneHoldsOfAnEndpoint) {
  Add(EndpointHealth::kUnhealthy);
  EXPECT_THAT(its.Get("/clusters").body, HasSubstr("health_flags::/failed_eds_health\n"));
  EXPECT_THAT(its.Get("/clusters?format=json").body,
              HasSubstr(R"("eds_health_status": "UNHEALTHY")"));
}

TEST_F(ClusterPages, SpeaksJsonWithoutDefaults) {
  Add(EndpointHealth::kHealthy);
  const Answer answer = its.Get("/clusters?format=json");
  EXPECT_EQ(answer.content_type, "application/json");
  for (const char* part :
       {R"("name": "outbound|80||a.example")", R"("added_via_api": true)", R"("port_value": 8080)",
        R"("eds_health_status": "HEALTHY")", R"("type": "GAUGE")", R"("priority": "HIGH")",
        R"("region": "north")", R"("weight": 3)"}) {
    EXPECT_THAT(answer.body, HasSubstr(part));
  }
  EXPECT_THAT(answer.body, Not(HasSubstr("eds_service_name")));
  EXPECT_THAT(answer.body, Not(HasSubstr("COUNTER")));
}

TEST_F(ClusterPages, LeavesOutWhatOnlyWarms) {
  auto spec = its.world.Spec("cold");
  spec->discovery = upstream::Discovery::kEds;
  ASSERT_TRUE(its.world.set.Add(spec).ok());
  EXPECT_EQ(its.Get("/clusters").body, "");
}

TEST_F(ClusterPages, RefusesAnUnknownFormat) {
  EXPECT_EQ(its.Get("/clusters?format=xml").body,
            "format: unknown value \"xml\"; known: text, json\n");
}

}  // namespace
}  // namespace outrigger::server
