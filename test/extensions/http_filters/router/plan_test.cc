#include "source/extensions/http_filters/router/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/route/request.h"

namespace outrigger::router {
namespace {

using base::Milliseconds;
using route::Request;

Plan PlanOf(const route::ForwardAction& forward, Request::Headers headers,
            bool respect_expected = false) {
  Request request("/", headers);
  return MakePlan(forward, respect_expected, request.head);
}

TEST(Plan, IsTheRoutesWhenTheRequestSaysNothing) {
  route::ForwardAction forward;
  route::RetryPolicy policy;
  policy.retry_on = route::kRetryReset;
  policy.max_retries = 3;
  policy.per_try_timeout = Milliseconds(10);
  forward.retry = std::make_shared<const route::RetryPolicy>(policy);
  const Plan plan = PlanOf(forward, {});
  EXPECT_EQ(plan.timeout, Milliseconds(15000));
  EXPECT_EQ(plan.per_try_timeout, Milliseconds(10));
  EXPECT_EQ(plan.retry_on, uint32_t{route::kRetryReset});
  EXPECT_EQ(plan.max_retries, 3u);
}

TEST(Plan, FollowsTheRequestAndRemovesItsHeaders) {
  Request request("/", {{"x-envoy-upstream-rq-timeout-ms", "100"},
                        {"x-envoy-upstream-rq-per-try-timeout-ms", "30"},
                        {"x-envoy-max-retries", "5"},
                        {"x-envoy-retry-on", "5xx"},
                        {"x-envoy-retry-grpc-on", "cancelled"}});
  const Plan plan = MakePlan({}, false, request.head);
  EXPECT_EQ(plan.timeout, Milliseconds(100));
  EXPECT_EQ(plan.per_try_timeout, Milliseconds(30));
  EXPECT_EQ(plan.retry_on, uint32_t{route::kRetry5xx | route::kRetryGrpcCancelled});
  EXPECT_EQ(plan.max_retries, 5u);
  EXPECT_TRUE(request.head.headers.empty());
}

TEST(Plan, IgnoresWhatIsNoNumber) {
  const Plan plan = PlanOf({}, {{"x-envoy-upstream-rq-timeout-ms", "1e3"},
                                {"x-envoy-upstream-rq-per-try-timeout-ms", "-1"},
                                {"x-envoy-max-retries", "99999999999999999999"}});
  EXPECT_EQ(plan.timeout, Milliseconds(15000));
  EXPECT_EQ(plan.per_try_timeout, Milliseconds(0));
  EXPECT_EQ(plan.max_retries, 0u);
}

TEST(Plan, BelievesAnEarlierProxyOnlyWhereTold) {
  EXPECT_EQ(PlanOf({}, {{"x-envoy-expected-rq-timeout-ms", "7"}}).timeout, Milliseconds(15000));
  EXPECT_EQ(PlanOf({}, {{"x-envoy-expected-rq-timeout-ms", "7"}}, true).timeout, Milliseconds(7));
}

TEST(Plan, DropsATryTimeoutThatCouldNotFire) {
  const Plan plan = PlanOf({}, {{"x-envoy-upstream-rq-per-try-timeout-ms", "20000"}});
  EXPECT_EQ(plan.per_try_timeout, Milliseconds(0));
}

TEST(Plan, RetriesOnlyTheRequestsThatThePolicyNames) {
  route::ForwardAction forward;
  route::RetryPolicy policy;
  policy.retry_on = route::kRetry5xx;
  policy.retriable_request_headers.emplace_back(":method", route::StringMatcher::Exact("PUT"));
  forward.retry = std::make_shared<const route::RetryPolicy>(policy);
  EXPECT_EQ(PlanOf(forward, {}).retry_on, 0u);
  Request put("/", {});
  put.head.method_text = "PUT";
  put.head.method = http::Method::kPut;
  EXPECT_EQ(MakePlan(forward, false, put.head).retry_on, uint32_t{route::kRetry5xx});
}

TEST(Plan, TakesTheStreamsDurationFromGrpcTimeoutUpToAMaximum) {
  route::ForwardAction forward;
  forward.max_stream_duration = Milliseconds(9000);
  EXPECT_EQ(PlanOf(forward, {{"grpc-timeout", "1S"}}).max_duration, Milliseconds(9000));
  forward.grpc_timeout_header_max = Milliseconds(5000);
  EXPECT_EQ(PlanOf(forward, {{"grpc-timeout", "1S"}}).max_duration, Milliseconds(1000));
  EXPECT_EQ(PlanOf(forward, {{"grpc-timeout", "1H"}}).max_duration, Milliseconds(5000));
  EXPECT_EQ(PlanOf(forward, {{"grpc-timeout", "x"}}).max_duration, Milliseconds(9000));
  forward.grpc_timeout_header_offset = Milliseconds(100);
  EXPECT_EQ(PlanOf(forward, {{"grpc-timeout", "1S"}}).max_duration, Milliseconds(900));
}

TEST(Plan, TakesTheTimeoutOfAGrpcRequestFromItsHeaderUpToAMaximum) {
  constexpr std::pair<const char*, const char*> kGrpc = {"content-type", "application/grpc"};
  route::ForwardAction forward;
  forward.max_grpc_timeout = Milliseconds(5000);
  forward.grpc_timeout_offset = Milliseconds(100);
  const Plan plan = PlanOf(forward, {kGrpc, {"grpc-timeout", "1S"}});
  EXPECT_EQ(plan.timeout, Milliseconds(900));
  EXPECT_TRUE(plan.rewrites_grpc_timeout);
  EXPECT_EQ(PlanOf(forward, {kGrpc, {"grpc-timeout", "1H"}}).timeout, Milliseconds(5000));
  EXPECT_EQ(PlanOf(forward, {kGrpc}).timeout, Milliseconds(5000));
  EXPECT_EQ(PlanOf(forward, {kGrpc, {"grpc-timeout", "50m"}}).timeout, Milliseconds(50));
  forward.max_grpc_timeout = Milliseconds(0);
  EXPECT_EQ(PlanOf(forward, {kGrpc, {"grpc-timeout", "1H"}}).timeout, Milliseconds(3'599'900));
  EXPECT_EQ(PlanOf(forward, {kGrpc}).timeout, Milliseconds(0));
  const Plan other = PlanOf(forward, {{"grpc-timeout", "1S"}});
  EXPECT_EQ(other.timeout, Milliseconds(15000));
  EXPECT_FALSE(other.rewrites_grpc_timeout);
}

TEST(ExpectedTimeout, IsWhatIsLeftOfTheShorterOne) {
  Plan plan;
  EXPECT_EQ(ExpectedTimeout(plan, Milliseconds(10)), Milliseconds(0));
  plan.per_try_timeout = Milliseconds(300);
  EXPECT_EQ(ExpectedTimeout(plan, Milliseconds(10)), Milliseconds(300));
  plan.timeout = Milliseconds(1000);
  EXPECT_EQ(ExpectedTimeout(plan, Milliseconds(10)), Milliseconds(300));
  EXPECT_EQ(ExpectedTimeout(plan, Milliseconds(900)), Milliseconds(100));
  EXPECT_EQ(ExpectedTimeout(plan, Milliseconds(1000)), Milliseconds(1));
}

TEST(AddGrpcTimeout, UsesTheFinestUnitThatHoldsTheNumber) {
  const auto written = [](base::Milliseconds expected) {
    Request request("/", {{"grpc-timeout", "old"}});
    AddGrpcTimeout(expected, request.head.headers);
    return std::string(*request.head.headers.Get("grpc-timeout"));
  };
  EXPECT_EQ(written(Milliseconds(99'999'999)), "99999999m");
  EXPECT_EQ(written(Milliseconds(100'000'000)), "100000S");
  EXPECT_EQ(written(std::chrono::hours(24 * 365 * 100)), "52560000M");
  EXPECT_EQ(written(std::chrono::hours(24 * 365 * 1000)), "8760000H");
}

TEST(ParseGrpcTimeout, ReadsItsUnits) {
  EXPECT_EQ(ParseGrpcTimeout("2H"), std::chrono::hours(2));
  EXPECT_EQ(ParseGrpcTimeout("2M"), std::chrono::minutes(2));
  EXPECT_EQ(ParseGrpcTimeout("2S"), std::chrono::seconds(2));
  EXPECT_EQ(ParseGrpcTimeout("2m"), std::chrono::milliseconds(2));
  EXPECT_EQ(ParseGrpcTimeout("2u"), std::chrono::microseconds(2));
  EXPECT_EQ(ParseGrpcTimeout("2n"), std::chrono::nanoseconds(2));
  EXPECT_EQ(ParseGrpcTimeout("99999999H"), std::chrono::hours(1'000'000));
  for (const char* bad : {"", "S", "1", "1s", "-1S", "123456789S", "1.5S"}) {
    EXPECT_EQ(ParseGrpcTimeout(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace outrigger::router
