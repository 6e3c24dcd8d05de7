#include "source/stats/render.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "source/stats/envoy_scopes.h"

namespace outrigger::stats {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr Metric kHttp[] = {{"downstream_rq_total", Kind::kCounter},
                            {"downstream_cx_active", Kind::kGauge},
                            {"downstream_rq_time", Kind::kHistogram}};
constexpr Metric kRds[] = {{"update_success", Kind::kCounter}};
constexpr Metric kControlPlane[] = {{"connected_state", Kind::kGauge}, {"identifier", Kind::kText}};

class Rendering : public testing::Test {
 protected:
  std::string Text(const Selection& selection = {}, HistogramForm form = HistogramForm::kSummary) {
    std::string page;
    RenderText(store_, selection, form, [&](std::string_view chunk) { page += chunk; });
    return page;
  }
  nlohmann::json Json(const Selection& selection = {},
                      HistogramForm form = HistogramForm::kSummary) {
    std::string page;
    RenderJson(store_, selection, form, [&](std::string_view chunk) { page += chunk; });
    return nlohmann::json::parse(page);
  }

  Store store_;
  const GroupPtr http_ = store_.Declare(HttpScope("in"), kHttp);
  const GroupPtr rds_ = store_.Declare(RdsScope("in", "routes"), kRds);
  const GroupPtr control_plane_ = store_.Declare(PlainScope("control_plane."), kControlPlane);
};

TEST_F(Rendering, SortsTextByNameAcrossGroupsWithHistogramsLast) {
  http_->counter(0).Add(12);
  control_plane_->SetText(1, "xds-1");
  EXPECT_EQ(Text(),
            "control_plane.identifier: \"xds-1\"\n"
            "control_plane.connected_state: 0\n"
            "http.in.downstream_cx_active: 0\n"
            "http.in.downstream_rq_total: 12\n"
            "http.in.rds.routes.update_success: 0\n"
            "http.in.downstream_rq_time: No recorded values\n");
}

TEST_F(Rendering, PrintsHistogramsAsIntervalAndCumulativeQuantiles) {
  http_->histogram(2).Record(2);
  store_.FlushHistograms();
  http_->histogram(2).Record(100'000);
  store_.FlushHistograms();
  store_.FlushHistograms();
  EXPECT_THAT(Text({.kind = Kind::kHistogram}),
              testing::StartsWith("http.in.downstream_rq_time: P0(nan,2) P25(nan,2) P50(nan,2) "));
  http_->histogram(2).Record(3);
  store_.FlushHistograms();
  EXPECT_THAT(Text(), HasSubstr(" P0(3,2) P25(3,2) P50(3,3) "));
  EXPECT_THAT(Text(), HasSubstr(" P99.9(3,102399.5) P100(3,102399.5)\n"));
}

TEST_F(Rendering, CountsHistogramsUpToBoundsOrBetweenThem) {
  const Selection histograms{.kind = Kind::kHistogram};
  http_->histogram(2).Record(3);
  store_.FlushHistograms();
  http_->histogram(2).Record(7);
  http_->histogram(2).Record(2);
  store_.FlushHistograms();
  EXPECT_THAT(Text(histograms, HistogramForm::kCumulative),
              HasSubstr("rq_time: B0.5(0,0) B1(0,0) B5(1,2) B10(2,3) B25(2,3) "));
  EXPECT_THAT(Text(histograms, HistogramForm::kDisjoint),
              HasSubstr("rq_time: B0.5(0,0) B1(0,0) B5(1,2) B10(1,1) B25(0,0) "));
  const nlohmann::json buckets =
      Json(histograms, HistogramForm::kDisjoint)["stats"][0]["histograms"][0]["buckets"];
  EXPECT_EQ(buckets[3], nlohmann::json::parse(R"({"upper_bound":10,"interval":1,"cumulative":1})"));
}

TEST_F(Rendering, ShowsTheBucketsOfHistogramsInDetail) {
  const Selection histograms{.kind = Kind::kHistogram};
  http_->histogram(2).Record(100);
  store_.FlushHistograms();
  http_->histogram(2).Record(2);
  store_.FlushHistograms();
  EXPECT_THAT(Text(histograms, HistogramForm::kDetailed),
              testing::StartsWith("http.in.downstream_rq_time:\n  totals=2,1:1, 96,8:1\n"
                                  "  intervals=2,1:1\n  summary=P0(2,2) "));
  const nlohmann::json detail =
      Json(histograms, HistogramForm::kDetailed)["stats"][0]["histograms"]["details"][0];
  EXPECT_EQ(detail["totals"][1],
            nlohmann::json::parse(R"({"lower_bound":96,"width":8,"count":1})"));
  EXPECT_EQ(detail["percentiles"].size(), 10);
}

TEST_F(Rendering, ShowsOnlyWhatWasUsed) {
  EXPECT_EQ(Text({.used_only = true}), "");
  http_->gauge(1).Increment();
  http_->gauge(1).Decrement();
  rds_->counter(0).Increment();
  EXPECT_EQ(Text({.used_only = true}),
            "http.in.downstream_cx_active: 0\nhttp.in.rds.routes.update_success: 1\n");
}

TEST_F(Rendering, AsksThePredicateAboutFullNames) {
  Selection selection;
  selection.admits = [](std::string_view name) { return name.ends_with("active"); };
  EXPECT_EQ(Text(selection), "http.in.downstream_cx_active: 0\n");
}

TEST_F(Rendering, ShowsOneKind) {
  EXPECT_EQ(Text({.kind = Kind::kGauge}),
            "control_plane.connected_state: 0\nhttp.in.downstream_cx_active: 0\n");
}

TEST_F(Rendering, HandsOutLongPagesInChunks) {
  std::vector<GroupPtr> clusters;
  for (int i = 0; i < 1'000; ++i) {
    clusters.push_back(store_.Declare(ClusterScope("c" + std::to_string(i)), kHttp));
  }
  size_t chunks = 0;
  size_t largest = 0;
  RenderText(store_, {}, HistogramForm::kSummary, [&](std::string_view chunk) {
    ++chunks;
    largest = std::max(largest, chunk.size());
  });
  EXPECT_GT(chunks, 4u);
  EXPECT_LT(largest, 20'000u);
}

TEST_F(Rendering, PrintsJsonInEnvoysShape) {
  http_->counter(0).Add(12);
  http_->histogram(2).Record(7);
  control_plane_->SetText(1, "a \"b\"\n\\");
  const nlohmann::json stats = Json()["stats"];
  ASSERT_EQ(stats.size(), 6u);
  EXPECT_EQ(stats[0],
            (nlohmann::json{{"name", "control_plane.identifier"}, {"value", "a \"b\"\n\\"}}));
  EXPECT_EQ(stats[3], (nlohmann::json{{"name", "http.in.downstream_rq_total"}, {"value", 12}}));
  const nlohmann::json& histograms = stats[5]["histograms"];
  EXPECT_EQ(histograms["supported_quantiles"].dump(), "[0,25,50,75,90,95,99,99.5,99.9,100]");
  const nlohmann::json& computed = histograms["computed_quantiles"][0];
  EXPECT_EQ(computed["name"], "http.in.downstream_rq_time");
  EXPECT_EQ(computed["values"].size(), 10u);
  EXPECT_EQ(computed["values"][2], (nlohmann::json{{"interval", nullptr}, {"cumulative", 7}}));
}

TEST_F(Rendering, PrintsJsonWithoutHistogramsWhenNoneIsAdmitted) {
  EXPECT_EQ(Json({.kind = Kind::kGauge})["stats"].size(), 2u);
  EXPECT_EQ(Json({.used_only = true}), nlohmann::json::parse(R"({"stats":[]})"));
}

}  // namespace
}  // namespace outrigger::stats
