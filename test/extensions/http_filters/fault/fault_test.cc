#include "source/extensions/http_filters/fault/fault.h"

#include "test/harness/filter_harness.h"
#include "test/harness/filter_surroundings.h"

namespace outrigger::fault {
namespace {

using std::chrono::milliseconds;
using testing::FilterHarness;
using testing::FilterSurroundings;
using testing::HasStatus;
using testing::HeaderList;
using testing::RepliedWith;

constexpr std::string_view kAbort = "abort: {http_status: 418, percentage: {numerator: 100}}\n";
constexpr std::string_view kDelay = "delay: {fixed_delay: 3s, percentage: {numerator: 100}}\n";

class FaultyChain {
 public:
  explicit FaultyChain(std::string_view yaml, std::string_view runtime = "{}")
      : surroundings_(runtime), chain_(surroundings_.Make<Config>(Create, yaml)) {}
  FilterHarness* operator->() { return &chain_; }
  FilterSurroundings& surroundings() { return surroundings_; }
  uint64_t Counter(std::string_view name) {
    return surroundings_.Counter(base::StrCat("http.edge.fault.", name));
  }

 private:
  FilterSurroundings surroundings_;
  FilterHarness chain_;
};

TEST(Fault, AbortsRequests) {
  FaultyChain chain(kAbort);
  EXPECT_THAT(chain->Request("GET /"), RepliedWith(418, "fault_filter_abort"));
  EXPECT_EQ(chain->reply().body, "fault filter abort");
  EXPECT_TRUE(chain->summary().Has(http::ResponseFlag::kFaultInjected));
  EXPECT_EQ(chain.Counter("aborts_injected"), 1u);
  EXPECT_EQ(chain.Counter("active_faults"), 0u);
}

TEST(Fault, AbortsWithAGrpcStatus) {
  FaultyChain chain("abort: {grpc_status: 14, percentage: {numerator: 100}}");
  EXPECT_THAT(chain->Request("GET /"), HasStatus(503)) << "as those see it who know HTTP only";
  EXPECT_THAT(chain->Request("POST /", {{"content-type", "application/grpc"}}), HasStatus(200));
  EXPECT_EQ(chain->reply().Header("grpc-status"), "14");
}

TEST(Fault, HoldsRequestsForAWhile) {
  FaultyChain chain(kDelay);
  chain->Request("GET /");
  chain->Advance(milliseconds(2999));
  EXPECT_FALSE(chain->forwarded().has_head);
  EXPECT_EQ(chain.Counter("active_faults"), 1u);
  chain->Advance(milliseconds(2));
  EXPECT_THAT(chain->reply(), RepliedWith(200, "via_upstream"));
  EXPECT_TRUE(chain->summary().Has(http::ResponseFlag::kDelayInjected));
  EXPECT_EQ(chain.Counter("delays_injected"), 1u);
  EXPECT_EQ(chain.Counter("active_faults"), 0u);
}

TEST(Fault, AbortsBehindTheDelay) {
  FaultyChain chain(base::StrCat(kDelay, kAbort));
  chain->Request("GET /");
  EXPECT_FALSE(chain->reply().has_head);
  chain->Advance(milliseconds(3001));
  EXPECT_THAT(chain->reply(), RepliedWith(418, "fault_filter_abort"));
}

TEST(Fault, IsOverWithItsStream) {
  FaultyChain chain(kDelay);
  chain->Request("GET /");
  chain->Request("GET /second");
  EXPECT_EQ(chain.Counter("active_faults"), 1u) << "the first stream is gone";
}

TEST(Fault, LetsPassWhatIsOverTheLimit) {
  FaultyChain chain(base::StrCat(kAbort, "max_active_faults: 0"));
  EXPECT_THAT(chain->Request("GET /"), RepliedWith(200, "via_upstream"));
  EXPECT_EQ(chain.Counter("faults_overflow"), 1u);
  EXPECT_EQ(chain.Counter("aborts_injected"), 0u);
}

TEST(Fault, DelaysAShare) {
  FaultyChain chain("delay: {fixed_delay: 3s, percentage: {numerator: 25}}");
  chain->set_random(250'000);
  EXPECT_THAT(chain->Request("GET /"), HasStatus(200));
  chain->set_random(249'999);
  chain->Request("GET /");
  EXPECT_FALSE(chain->reply().has_head);
}

TEST(Fault, ConcernsOnlyWhatMatches) {
  FaultyChain chain(base::StrCat(kAbort,
                                 "headers: [{name: x-test, string_match: {exact: on}}]\n"
                                 "downstream_nodes: [a, b]\n"));
  const HeaderList both = {{"x-test", "on"}, {"x-envoy-downstream-service-node", "b"}};
  EXPECT_THAT(chain->Request("GET /", both), HasStatus(418));
  EXPECT_THAT(chain->Request("GET /", {both[0]}), HasStatus(200));
  EXPECT_THAT(chain->Request("GET /", {both[1]}), HasStatus(200));
  FaultyChain elsewhere(base::StrCat(kAbort, "upstream_cluster: other"));
  EXPECT_THAT(elsewhere->Request("GET /"), HasStatus(200)) << "there is no route";
}

TEST(Fault, DoesWhatTheRequestAsksFor) {
  FaultyChain chain(
      "abort: {header_abort: {}, percentage: {numerator: 100}}\n"
      "delay: {header_delay: {}, percentage: {numerator: 50}}");
  EXPECT_THAT(chain->Request("GET /"), HasStatus(200)) << "it asks for nothing";
  EXPECT_THAT(chain->Request("GET /", {{"x-envoy-fault-abort-request", "429"}}), HasStatus(429));
  EXPECT_THAT(chain->Request("GET /", {{"x-envoy-fault-abort-request", "99"}}), HasStatus(200));
  EXPECT_THAT(chain->Request("GET /", {{"x-envoy-fault-abort-grpc-request", "5"}}), HasStatus(404));
  EXPECT_THAT(chain->Request("GET /", {{"x-envoy-fault-abort-request", "429"},
                                       {"x-envoy-fault-abort-request-percentage", "0"}}),
              HasStatus(200));
  const HeaderList delayed = {{"x-envoy-fault-delay-request", "1000"},
                              {"x-envoy-fault-delay-request-percentage", "90"}};
  chain->set_random(499'999);
  chain->Request("GET /", delayed);
  EXPECT_FALSE(chain->reply().has_head);
  chain->Advance(milliseconds(1001));
  EXPECT_THAT(chain->reply(), HasStatus(200));
  chain->set_random(500'000);
  EXPECT_THAT(chain->Request("GET /", delayed), HasStatus(200)) << "no more than is configured";
}

TEST(Fault, TakesTheRoutesWordForItsOwn) {
  FaultyChain chain(kAbort);
  const auto of_route = chain.surroundings().Make<Config>(CreateForRoute, "{}");
  chain->set_route_config(of_route.get());
  EXPECT_THAT(chain->Request("GET /"), HasStatus(200));
}

TEST(Fault, TakesRuntimeValues) {
  FaultyChain chain(kAbort,
                    "layers: [{name: a, static_layer: {fault.http.abort.http_status: 404, "
                    "fault.http.abort.abort_percent: 50}}]");
  chain->set_random(7);
  int aborted = 0;
  for (uint64_t random = 0; random < 100; ++random) {
    chain->set_random(random);
    if (chain->Request("GET /").status == 404) ++aborted;
  }
  EXPECT_GT(aborted, 30);
  EXPECT_LT(aborted, 70);
}

TEST(Fault, RefusesWhatItCannotDo) {
  FilterSurroundings surroundings;
  EXPECT_EQ(surroundings.Refusal<Config>(Create, "abort: {http_status: 199}\ndelay: {}"),
            "delay: must hold one of fixed_delay, header_delay\n"
            "abort.http_status: must be from 200 to 599, got 199");
  EXPECT_EQ(surroundings.Refusal<Config>(CreateForRoute, "abort: {grpc_status: 17}"),
            "abort.grpc_status: must be from 0 to 16, got 17");
}

}  // namespace
}  // namespace outrigger::fault
