#include "source/extensions/http_filters/health_check/health_check.h"

#include "test/harness/filter_harness.h"
#include "test/harness/filter_surroundings.h"

namespace outrigger::health_check {
namespace {

using std::chrono::milliseconds;
using testing::FilterHarness;
using testing::FilterSurroundings;
using testing::HasStatus;
using testing::RepliedWith;

constexpr std::string_view kOnPath =
    "headers: [{name: \":path\", string_match: {exact: /healthz}}]\n";

class CheckedChain {
 public:
  explicit CheckedChain(std::string_view yaml)
      : chain_(surroundings_.Make<Config>(Create, base::StrCat(kOnPath, yaml))) {}
  FilterHarness* operator->() { return &chain_; }
  void FailHealthChecks() { surroundings_.FailHealthChecks(); }

 private:
  FilterSurroundings surroundings_;
  FilterHarness chain_;
};

constexpr std::string_view kImmediate = "x-envoy-immediate-health-check-fail";

TEST(HealthCheck, AnswersChecksItself) {
  CheckedChain chain("pass_through_mode: false");
  EXPECT_THAT(chain->Request("GET /healthz"), RepliedWith(200, "health_check_ok"));
  EXPECT_FALSE(chain->forwarded().has_head);
  EXPECT_TRUE(chain->summary().is_health_check);
  EXPECT_EQ(chain->summary().response_flags, 0u);
}

TEST(HealthCheck, LeavesOtherRequestsAlone) {
  CheckedChain chain("pass_through_mode: false");
  EXPECT_THAT(chain->Request("GET /other"), RepliedWith(200, "via_upstream"));
  EXPECT_FALSE(chain->summary().is_health_check);
  EXPECT_EQ(chain->reply().Header(kImmediate), "");
}

TEST(HealthCheck, FailsWhenToldToAndSaysSoOnEveryResponse) {
  for (const auto mode : {"pass_through_mode: false", "pass_through_mode: true"}) {
    CheckedChain chain(mode);
    chain.FailHealthChecks();
    EXPECT_THAT(chain->Request("GET /healthz"), RepliedWith(503, "health_check_failed"));
    EXPECT_EQ(chain->reply().Header(kImmediate), "true");
    EXPECT_TRUE(chain->summary().Has(http::ResponseFlag::kFailedLocalHealthCheck));
    EXPECT_THAT(chain->Request("GET /other"), HasStatus(200));
    EXPECT_EQ(chain->reply().Header(kImmediate), "true");
  }
}

TEST(HealthCheck, PassesChecksOn) {
  CheckedChain chain("pass_through_mode: true");
  chain->Answer(404);
  EXPECT_THAT(chain->Request("GET /healthz"), RepliedWith(404, "via_upstream"));
  EXPECT_TRUE(chain->summary().is_health_check);
}

TEST(HealthCheck, RepeatsAnAnswerForItsTime) {
  CheckedChain chain("pass_through_mode: true\ncache_time: 2s");
  chain->Advance(milliseconds(5000));
  chain->Answer(500);
  EXPECT_THAT(chain->Request("GET /healthz"), RepliedWith(500, "via_upstream"));
  chain->Answer(200);
  chain->Advance(milliseconds(1999));
  EXPECT_THAT(chain->Request("GET /healthz"), RepliedWith(500, "health_check_cached"));
  EXPECT_TRUE(chain->summary().Has(http::ResponseFlag::kFailedLocalHealthCheck));
  EXPECT_THAT(chain->Request("GET /other"), RepliedWith(200, "via_upstream"));
  chain->Advance(milliseconds(1));
  EXPECT_THAT(chain->Request("GET /healthz"), RepliedWith(200, "via_upstream"));
}

TEST(HealthCheck, RefusesWhatDoesNotGoTogether) {
  FilterSurroundings surroundings;
  EXPECT_EQ(surroundings.Refusal<Config>(Create, "{}"), "pass_through_mode: must be given");
  EXPECT_EQ(surroundings.Refusal<Config>(Create, "pass_through_mode: false\ncache_time: 1s"),
            "cache_time: only with pass_through_mode: true");
  EXPECT_EQ(
      surroundings.Refusal<Config>(
          Create, "pass_through_mode: true\ncluster_min_healthy_percentages: {a: {value: 10}}"),
      "cluster_min_healthy_percentages: only with pass_through_mode: false");
  EXPECT_EQ(
      surroundings.Refusal<Config>(
          Create, "pass_through_mode: false\ncluster_min_healthy_percentages: {a: {value: 101}}"),
      "cluster_min_healthy_percentages[\"a\"]: must be from 0 to 100, got 101");
}

}  // namespace
}  // namespace outrigger::health_check
