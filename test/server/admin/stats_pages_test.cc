#include "source/server/admin/stats_pages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/server/admin/admin_world.h"

namespace outrigger::server {
namespace {

using testing::HasSubstr;
using testing::Not;

struct StatsPages : testing::Test {
  StatsPages() {
    AddStatsPages(its.admin, its.world.stats, [this] { ++updates; });
  }
  stats::GroupPtr Count(std::string_view name, uint64_t value) {
    auto group = its.world.stats.DeclareOne(stats::Scope("", ""), name, stats::Kind::kCounter);
    group->counter(0).Add(value);
    return group;
  }
  stats::GroupPtr Set(std::string_view name, uint64_t value) {
    auto group = its.world.stats.DeclareOne(stats::Scope("", ""), name, stats::Kind::kGauge);
    group->gauge(0).Set(value);
    return group;
  }

  AdminWorld its;
  int updates = 0;
};

// The three questions of Istio's agent.
TEST_F(StatsPages, AnswersIstioWhetherConfigurationCame) {
  const auto cds = Count("cluster_manager.cds.update_success", 2);
  const auto lds = Count("listener_manager.lds.update_success", 1);
  const auto other = Count("cluster_manager.cds.update_attempt", 3);
  const auto untouched = its.world.stats.DeclareOne(
      stats::Scope("", ""), "listener_manager.lds.update_rejected", stats::Kind::kCounter);
  const Answer answer = its.Get(
      R"(/stats?usedonly&filter=^(cluster_manager\.cds|listener_manager\.lds)\.(update_success|update_rejected)$)");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body,
            "cluster_manager.cds.update_success: 2\n"
            "listener_manager.lds.update_success: 1\n");
}

TEST_F(StatsPages, AnswersIstioWhetherTheServerIsLive) {
  const auto state = Set("server.state", 0);
  const auto live = Set("server.live", 1);
  const auto started = Set("listener_manager.workers_started", 1);
  EXPECT_EQ(
      its.Get(R"(/stats?usedonly&filter=^(server\.state|listener_manager\.workers_started))").body,
      "listener_manager.workers_started: 1\nserver.state: 0\n");
}

TEST_F(StatsPages, AnswersIstioHowManyConnectionsAreOpen) {
  const auto active = Set("listener.0.0.0.0_15006.downstream_cx_active", 7);
  const auto total = Count("listener.0.0.0.0_15006.downstream_cx_total", 9);
  EXPECT_EQ(its.Get("/stats?usedonly&filter=downstream_cx_active$").body,
            "listener.0.0.0.0_15006.downstream_cx_active: 7\n");
}

TEST_F(StatsPages, BringsGaugesUpToDateFirst) {
  its.Get("/stats");
  its.Get("/stats/prometheus");
  EXPECT_EQ(updates, 2);
}

TEST_F(StatsPages, ShowsOneKindWhenAsked) {
  const auto a = Count("a", 1);
  const auto b = Set("b", 1);
  EXPECT_EQ(its.Get("/stats?type=counters&filter=^.$").body, "a: 1\n");
  EXPECT_EQ(its.Get("/stats?type=Gauges&filter=^.$").body, "b: 1\n");
}

TEST_F(StatsPages, SpeaksJson) {
  const auto a = Count("a", 1);
  const Answer answer = its.Get("/stats?format=json&filter=^a$");
  EXPECT_EQ(answer.content_type, "application/json");
  EXPECT_THAT(answer.body, HasSubstr(R"({"name":"a","value":1})"));
}

TEST_F(StatsPages, SpeaksPrometheusAtBothPaths) {
  const auto a = Count("apples", 3);
  const Answer answer = its.Get("/stats/prometheus?usedonly&filter=^apples$");
  EXPECT_THAT(answer.body, HasSubstr("\nenvoy_apples 3\n"));
  EXPECT_THAT(answer.content_type, HasSubstr("version=0.0.4"));
  EXPECT_EQ(its.Get("/stats?format=prometheus&usedonly&filter=^apples$").body, answer.body);
}

TEST_F(StatsPages, TypesCountersAsEnvoyDoesWhenAsked) {
  const auto a = Count("apples", 3);
  EXPECT_THAT(its.Get("/stats/prometheus?flavor=envoy").body,
              HasSubstr("# TYPE envoy_apples counter"));
  EXPECT_THAT(its.Get("/stats/prometheus").body, Not(HasSubstr("# TYPE envoy_apples counter")));
}

TEST_F(StatsPages, RefusesByNameWhatItCannotDo) {
  for (const char* target :
       {"/stats?format=html", "/stats?filter=(", "/stats?type=apples",
        "/stats?histogram_buckets=none", "/stats?hidden=showonly",
        "/stats/prometheus?flavor=vanilla", "/stats/prometheus?histogram_buckets=summary"}) {
    const Answer answer = its.Get(target);
    EXPECT_EQ(answer.status, 400) << target;
    const std::string query = std::string(target).substr(std::string(target).find('?') + 1);
    EXPECT_THAT(answer.body, HasSubstr(query.substr(0, query.find('=')) + ": "));
  }
}

TEST_F(StatsPages, ShowsHistogramsInTheFormAskedFor) {
  const auto times =
      its.world.stats.DeclareOne(stats::Scope("", ""), "times", stats::Kind::kHistogram);
  times->histogram(0).Record(3);
  its.world.stats.FlushHistograms();
  const std::string page = "/stats?filter=^times$&histogram_buckets=";
  EXPECT_THAT(its.Get(page + "summary").body, HasSubstr("times: P0(3,3) "));
  EXPECT_THAT(its.Get(page + "cumulative").body, HasSubstr(" B5(1,1) B10(1,1) "));
  EXPECT_THAT(its.Get(page + "disjoint").body, HasSubstr(" B5(1,1) B10(0,0) "));
  EXPECT_THAT(its.Get(page + "detailed").body, HasSubstr("totals=3,1:1\n"));
}

TEST_F(StatsPages, ResetsCountersByPostOnly) {
  const auto a = Count("a", 1);
  EXPECT_EQ(its.Get("/reset_counters").status, 405);
  EXPECT_EQ(its.Get("/stats?filter=^a$").body, "a: 1\n");
  EXPECT_EQ(its.Post("/reset_counters").body, "OK\n");
  EXPECT_EQ(its.Get("/stats?filter=^a$").body, "a: 0\n");
}

}  // namespace
}  // namespace outrigger::server
