#include "source/stats/prometheus.h"

#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "source/stats/envoy_scopes.h"
#include "source/stats/response_codes.h"

namespace outrigger::stats {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr Metric kCluster[] = {{"upstream_cx_total", Kind::kCounter},
                               {"upstream_rq_timeout", Kind::kCounter},
                               {"upstream_cx_active", Kind::kGauge},
                               {"membership_total", Kind::kGauge},
                               {"upstream_cx_length_ms", Kind::kHistogram}};
constexpr Metric kServer[] = {{"days_until_first_cert_expiring", Kind::kGauge},
                              {"version_text", Kind::kText}};

class Prometheus : public testing::Test {
 protected:
  std::string Page(const PrometheusOptions& options = {}, const Selection& selection = {}) {
    std::string page;
    RenderPrometheus(store_, selection, options, [&](std::string_view chunk) { page += chunk; });
    return page;
  }
  GroupPtr Cluster(std::string_view name) { return store_.Declare(ClusterScope(name), kCluster); }

  Store store_;
};

// The exit code of `promtool check metrics` for `page`, and what it said.
std::pair<int, std::string> Promtool(const std::string& page) {
  const std::string path = testing::TempDir() + "/page.txt";
  std::ofstream(path) << page;
  const int status =
      std::system(("promtool check metrics < '" + path + "' > '" + path + ".out' 2>&1").c_str());
  std::ostringstream said;
  said << std::ifstream(path + ".out").rdbuf();
  return {WEXITSTATUS(status), said.str()};
}

TEST_F(Prometheus, GroupsFamiliesAndLabelsTheirSeries) {
  const GroupPtr a = Cluster("a");
  const GroupPtr b = Cluster("b");
  a->counter(0).Add(3);
  Selection selection;
  selection.admits = [](std::string_view name) { return name.find("cx_") != name.npos; };
  selection.kind = Kind::kCounter;
  EXPECT_EQ(Page({}, selection),
            "# HELP envoy_cluster_upstream_cx_total Counter cluster.upstream_cx_total\n"
            "# TYPE envoy_cluster_upstream_cx_total counter\n"
            "envoy_cluster_upstream_cx_total{envoy_cluster_name=\"a\"} 3\n"
            "envoy_cluster_upstream_cx_total{envoy_cluster_name=\"b\"} 0\n");
}

TEST_F(Prometheus, TakesResponseCodesAndClassesIntoLabels) {
  const ResponseCodes codes(store_, ClusterScope("a"));
  codes.Count(200);
  EXPECT_EQ(Page({}, {.used_only = true}),
            "# HELP envoy_cluster_upstream_rq Counter cluster.upstream_rq\n"
            "# TYPE envoy_cluster_upstream_rq untyped\n"
            "envoy_cluster_upstream_rq{envoy_cluster_name=\"a\",envoy_response_code=\"200\"} 1\n"
            "# HELP envoy_cluster_upstream_rq_xx Counter cluster.upstream_rq_xx\n"
            "# TYPE envoy_cluster_upstream_rq_xx untyped\n"
            "envoy_cluster_upstream_rq_xx{envoy_cluster_name=\"a\","
            "envoy_response_code_class=\"2\"} 1\n");
}

TEST_F(Prometheus, WritesHistogramsWithEnvoysBounds) {
  const GroupPtr a = Cluster("a");
  a->histogram(4).Record(7);
  a->histogram(4).Record(70);
  const std::string page = Page({.flavor = Flavor::kEnvoy}, {.kind = Kind::kHistogram});
  const std::string name = "envoy_cluster_upstream_cx_length_ms";
  EXPECT_THAT(page, HasSubstr("# TYPE " + name + " histogram\n"));
  const std::string series = "{envoy_cluster_name=\"a\"";
  EXPECT_THAT(page, HasSubstr(name + "_bucket" + series + ",le=\"0.5\"} 0\n"));
  EXPECT_THAT(page, HasSubstr(name + "_bucket" + series + ",le=\"10\"} 1\n"));
  EXPECT_THAT(page, HasSubstr(name + "_bucket" + series + ",le=\"3600000\"} 2\n"));
  EXPECT_THAT(page, HasSubstr(name + "_bucket" + series + ",le=\"+Inf\"} 2\n"));
  EXPECT_THAT(page, HasSubstr(name + "_sum" + series + "} 77\n"));
  EXPECT_THAT(page, HasSubstr(name + "_count" + series + "} 2\n"));
}

TEST_F(Prometheus, HasEnvoysExactNamesAndTypesOnRequest) {
  const GroupPtr a = Cluster("a");
  const GroupPtr server = store_.Declare(PlainScope("server."), kServer);
  const std::string page = Page({.flavor = Flavor::kEnvoy});
  EXPECT_THAT(page, HasSubstr("# TYPE envoy_cluster_upstream_rq_timeout counter\n"));
  EXPECT_THAT(page, HasSubstr("# TYPE envoy_cluster_membership_total gauge\n"));
  EXPECT_THAT(page, HasSubstr("\nenvoy_server_days_until_first_cert_expiring 0\n"));
}

TEST_F(Prometheus, LeavesOutUnitsThatPromtoolRefuses) {
  const GroupPtr a = Cluster("a");
  const GroupPtr server = store_.Declare(PlainScope("server."), kServer);
  const std::string page = Page();
  EXPECT_THAT(page, HasSubstr("# HELP envoy_cluster_upstream_cx_length Histogram "
                              "cluster.upstream_cx_length_ms\n"));
  EXPECT_THAT(page, HasSubstr("\nenvoy_server_until_first_cert_expiring 0\n"));
  EXPECT_THAT(page, Not(HasSubstr("_ms{")));
}

TEST_F(Prometheus, EscapesLabelValues) {
  const GroupPtr a = Cluster("q\"b\\s");
  EXPECT_THAT(Page(), HasSubstr("{envoy_cluster_name=\"q\\\"b\\\\s\"}"));
}

TEST_F(Prometheus, ShowsTextsOnRequest) {
  const GroupPtr server = store_.Declare(PlainScope("server."), kServer);
  server->SetText(1, "v7");
  EXPECT_THAT(Page(), Not(HasSubstr("version_text")));
  EXPECT_THAT(Page({.text_readouts = true}),
              HasSubstr("envoy_server_version_text{text_value=\"v7\"} 0\n"));
}

TEST_F(Prometheus, PassesPromtool) {
  ASSERT_EQ(std::system("command -v promtool > /dev/null"), 0)
      << "promtool is not on the PATH; it is in the Debian package prometheus (tools/setup)";
  const GroupPtr a = Cluster("a");
  const GroupPtr odd = Cluster("outbound|80|v\"1\"|x\\y.ns");
  const GroupPtr server = store_.Declare(PlainScope("server."), kServer);
  const ResponseCodes codes(store_, ClusterScope("a"));
  a->histogram(4).Record(7);
  std::vector<GroupPtr> named;
  for (std::string_view name :
       {"camelCase", "x_ms_y", "x.milliseconds", "x_hours", "x_gauge", "x_counter_y", "x_count",
        "x_bucket", "x_sum", "x_kilobytes", "bits", "9-lives", "x_d", "x_histogram", "x__s"}) {
    named.push_back(store_.DeclareOne(PlainScope("odd."), name, Kind::kCounter));
    named.push_back(store_.DeclareOne(PlainScope("rbac."), name, Kind::kGauge));
  }
  // One name for a histogram and a gauge, and one for a counter and a gauge.
  named.push_back(store_.DeclareOne(PlainScope("twin."), "time_ms", Kind::kHistogram));
  named.push_back(store_.DeclareOne(PlainScope("twin."), "time", Kind::kGauge));
  named.push_back(store_.DeclareOne(PlainScope("twin."), "a.b_total", Kind::kCounter));
  named.push_back(store_.DeclareOne(PlainScope("twin."), "a_b_total", Kind::kGauge));
  const auto [code, said] = Promtool(Page({.text_readouts = true}));
  EXPECT_EQ(code, 0) << said;
}

TEST_F(Prometheus, IsWellFormedButRefusedByTheLinterWithEnvoysNames) {
  const GroupPtr a = Cluster("a");
  // 1 would be a syntax error; 3 is the linter's.
  EXPECT_EQ(Promtool(Page({.flavor = Flavor::kEnvoy})).first, 3);
}

}  // namespace
}  // namespace outrigger::stats
