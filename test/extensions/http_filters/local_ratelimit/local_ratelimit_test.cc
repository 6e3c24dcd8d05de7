#include "test/extensions/http_filters/local_ratelimit/limited_chain.h"

namespace outrigger::local_ratelimit {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::RepliedWith;

std::string Enforced(std::string_view yaml) { return base::StrCat(kEnforced, yaml); }
std::string Limit(int tokens) {
  return Enforced(base::StrCat("token_bucket: {max_tokens: ", tokens, ", fill_interval: 1s}\n"));
}

TEST(LocalRateLimit, RefusesWhatFindsNoToken) {
  LimitedChain chain(Limit(2));
  EXPECT_EQ(chain.Passed(2), 2);
  const testing::Reply& reply = chain.Get();
  EXPECT_THAT(reply, RepliedWith(429, "local_rate_limited"));
  EXPECT_EQ(reply.body, "local_rate_limited");
  EXPECT_TRUE(chain->summary().Has(http::ResponseFlag::kRateLimited));
  EXPECT_FALSE(chain->forwarded().has_head);
}

TEST(LocalRateLimit, LetsPassAgainWhenATokenHasCome) {
  LimitedChain chain(Limit(1));
  EXPECT_EQ(chain.Passed(2), 1);
  chain->Advance(milliseconds(999));
  EXPECT_EQ(chain.Status(), 429);
  chain->Advance(milliseconds(1));
  EXPECT_EQ(chain.Status(), 200);
}

TEST(LocalRateLimit, Counts) {
  LimitedChain chain(Limit(2));
  chain.Passed(5);
  EXPECT_EQ(chain.Counter("enabled"), 5);
  EXPECT_EQ(chain.Counter("ok"), 2);
  EXPECT_EQ(chain.Counter("rate_limited"), 3);
  EXPECT_EQ(chain.Counter("enforced"), 3);
}

TEST(LocalRateLimit, AnswersWithTheStatusGiven) {
  EXPECT_EQ(LimitedChain(Limit(1) + "status: {code: ServiceUnavailable}").Passed(1), 1);
  LimitedChain chain(Limit(1) + "status: {code: 503}");
  chain.Get();
  EXPECT_EQ(chain.Status(), 503);
}

TEST(LocalRateLimit, ReadsAStatusBelow400As429) {
  LimitedChain chain(Limit(1) + "status: {code: 200}");
  chain.Get();
  EXPECT_EQ(chain.Status(), 429);
}

TEST(LocalRateLimit, AnswersGrpcAsToldTo) {
  const testing::HeaderList grpc = {{"content-type", "application/grpc"}};
  for (const auto& [yaml, status] :
       {std::pair("rate_limited_as_resource_exhausted: true", "8"), std::pair("", "14")}) {
    LimitedChain chain(Limit(1) + yaml);
    chain.Get("/", grpc);
    EXPECT_THAT(chain.Get("/", grpc), RepliedWith(200, "local_rate_limited"));
    EXPECT_EQ(chain->reply().Header("grpc-status"), status);
  }
}

TEST(LocalRateLimit, AddsHeadersToItsAnswer) {
  LimitedChain chain(Limit(1) +
                     "response_headers_to_add:\n"
                     "- {header: {key: x-limited, value: \"yes\"}, append_action: "
                     "OVERWRITE_IF_EXISTS_OR_ADD}\n"
                     "- {header: {key: x-path, value: \"%REQ(:path)%\"}}\n"
                     "- {header: {key: x-twice, value: a}}\n"
                     "- {header: {key: x-twice, value: b}, append: false}\n"
                     "- {header: {key: x-twice, value: c}, append_action: ADD_IF_ABSENT}\n");
  EXPECT_EQ(chain.Get().Header("x-limited"), "");
  const testing::Reply& reply = chain.Get();
  EXPECT_EQ(reply.Header("x-limited"), "yes");
  EXPECT_EQ(reply.Header("x-path"), "/");
  EXPECT_EQ(reply.Header("x-twice"), "b");
}

TEST(LocalRateLimit, SaysItsLimitsWhenAsked) {
  LimitedChain chain(Limit(3) + "enable_x_ratelimit_headers: DRAFT_VERSION_03");
  const testing::Reply first = chain.Get();
  EXPECT_EQ(first.Header("x-ratelimit-limit"), "3");
  EXPECT_EQ(first.Header("x-ratelimit-remaining"), "2");
  EXPECT_EQ(first.Header("x-ratelimit-reset"), "1");
  chain.Passed(2);
  const testing::Reply refused = chain.Get();
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.Header("x-ratelimit-remaining"), "0");
  EXPECT_EQ(refused.Header("x-ratelimit-reset"), "3");
}

TEST(LocalRateLimit, ReplacesTheLimitsThatTheEndpointSays) {
  LimitedChain chain(Limit(3) + "enable_x_ratelimit_headers: DRAFT_VERSION_03");
  chain->Answer(200, "", {{"x-ratelimit-limit", "1000"}});
  EXPECT_EQ(chain.Get().Header("x-ratelimit-limit"), "3");
}

TEST(LocalRateLimit, KeepsItsLimitsToItselfOtherwise) {
  LimitedChain chain(Limit(3));
  EXPECT_EQ(chain.Get().Header("x-ratelimit-limit"), "");
}

TEST(LocalRateLimit, DoesNothingUnlessItIsEnabled) {
  LimitedChain chain("token_bucket: {max_tokens: 1, fill_interval: 1s}");
  EXPECT_EQ(chain.Passed(5), 5);
  EXPECT_EQ(chain.Counter("enabled"), 0);
}

TEST(LocalRateLimit, OnlyCountsUnlessItIsEnforced) {
  LimitedChain chain(
      "filter_enabled: {default_value: {numerator: 100}}\n"
      "token_bucket: {max_tokens: 1, fill_interval: 1s}\n"
      "request_headers_to_add_when_not_enforced: [{header: {key: x-over, value: \"1\"}}]\n");
  EXPECT_EQ(chain.Status(), 200);
  EXPECT_EQ(chain->forwarded().Header("x-over"), "");
  EXPECT_EQ(chain.Status(), 200);
  EXPECT_EQ(chain->forwarded().Header("x-over"), "1");
  EXPECT_EQ(chain.Counter("rate_limited"), 1);
  EXPECT_EQ(chain.Counter("enforced"), 0);
}

// What part of many requests is enabled and enforced, in percent.
std::pair<double, double> Shares(LimitedChain& chain) {
  constexpr int kRequests = 4000;
  for (uint64_t i = 0; i < kRequests; ++i) {
    chain->set_random(i * 0x2545f4914f6cdd1d);
    chain.Get();
  }
  return {100.0 * chain.Counter("enabled") / kRequests,
          100.0 * chain.Counter("enforced") / kRequests};
}

TEST(LocalRateLimit, TakesItsShareOfRequests) {
  LimitedChain chain(
      "filter_enabled: {default_value: {numerator: 3000, denominator: TEN_THOUSAND}}\n"
      "filter_enforced: {default_value: {numerator: 500000, denominator: MILLION}}\n"
      "token_bucket: {max_tokens: 1, fill_interval: 1s}\n");
  const auto [enabled, enforced] = Shares(chain);
  EXPECT_NEAR(enabled, 30, 3);
  EXPECT_NEAR(enforced, 15, 3);  // half of those, not of all
}

TEST(LocalRateLimit, TakesItsSharesFromTheRuntime) {
  LimitedChain chain(
      "filter_enabled: {default_value: {numerator: 0}, runtime_key: rl.enabled}\n"
      "filter_enforced: {default_value: {numerator: 100}, runtime_key: rl.unknown}\n"
      "token_bucket: {max_tokens: 1, fill_interval: 1s}\n",
      "layers: [{name: a, static_layer: {rl: {enabled: 100}}}]");
  EXPECT_EQ(chain.Passed(3), 1);
}

TEST(LocalRateLimit, RouteReplacesTheFiltersLimits) {
  LimitedChain chain(Limit(1));
  const auto of_route = chain.OfRoute(Limit(3));
  chain->set_route_config(of_route.get());
  EXPECT_EQ(chain.Passed(5), 3);
  chain->set_route_config(nullptr);
  EXPECT_EQ(chain.Passed(5), 1);
}

TEST(LocalRateLimit, RouteAloneMayLimit) {
  LimitedChain chain("");
  EXPECT_EQ(chain.Passed(3), 3);
  const auto of_route = chain.OfRoute(Limit(1) + "status: {code: 503}");
  chain->set_route_config(of_route.get());
  EXPECT_EQ(chain.Status(), 200);
  EXPECT_EQ(chain.Status(), 503);
}

TEST(LocalRateLimit, AnotherFiltersRouteConfigurationLeavesTheLimitInForce) {
  LimitedChain chain(Limit(1));
  const http::RouteFilterConfig stranger;
  chain->set_route_config(&stranger);
  EXPECT_EQ(chain.Passed(3), 1);
}

TEST(LocalRateLimit, EnabledWithoutABucketLetsPassAndCounts) {
  LimitedChain chain(Enforced(""));
  EXPECT_EQ(chain.Passed(3), 3);
  EXPECT_EQ(chain.Counter("ok"), 3);
}

}  // namespace
}  // namespace outrigger::local_ratelimit
