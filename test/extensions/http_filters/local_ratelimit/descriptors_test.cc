#include <optional>

#include "source/route/route.h"
#include "test/extensions/http_filters/local_ratelimit/limited_chain.h"

namespace outrigger::local_ratelimit {
namespace {

using std::chrono::seconds;

// A filter with room for everybody, one action, and a bucket of one token for one descriptor.
std::string OneLimit(std::string_view action, std::string_view key, std::string_view value) {
  return base::StrCat(kEnforced,
                      "token_bucket: {max_tokens: 1000, fill_interval: 1s}\n"
                      "rate_limits: [{actions: [",
                      action, "]}]\ndescriptors: [{entries: [{key: \"", key, "\", value: \"", value,
                      "\"}], token_bucket: {max_tokens: 1, fill_interval: 1s}}]\n");
}

TEST(RateLimitDescriptors, GenericKey) {
  LimitedChain chain(OneLimit("{generic_key: {descriptor_value: all}}", "generic_key", "all"));
  EXPECT_EQ(chain.Passed(3), 1);
  LimitedChain named(
      OneLimit("{generic_key: {descriptor_value: all, descriptor_key: k}}", "k", "all"));
  EXPECT_EQ(named.Passed(3), 1);
}

TEST(RateLimitDescriptors, RequestHeader) {
  LimitedChain chain(
      OneLimit("{request_headers: {header_name: x-user, descriptor_key: user}}", "user", "bob"));
  EXPECT_EQ(chain.Passed(3, "/", {{"x-user", "bob"}}), 1);
  EXPECT_EQ(chain.Passed(3, "/", {{"x-user", "eve"}}), 3);
  EXPECT_EQ(chain.Passed(3), 3);
}

TEST(RateLimitDescriptors, RequestHeaderMayBeAPseudoHeader) {
  LimitedChain chain(
      OneLimit("{request_headers: {header_name: \":path\", descriptor_key: path}}", "path", "/a"));
  EXPECT_EQ(chain.Passed(3, "/a"), 1);
  EXPECT_EQ(chain.Passed(3, "/b"), 3);
}

TEST(RateLimitDescriptors, QueryParameter) {
  LimitedChain chain(
      OneLimit("{query_parameters: {query_parameter_name: key, descriptor_key: k}}", "k", "1"));
  EXPECT_EQ(chain.Passed(3, "/?a=b&key=1"), 1);
  EXPECT_EQ(chain.Passed(3, "/?key=2"), 3);
  EXPECT_EQ(chain.Passed(3, "/"), 3);
}

TEST(RateLimitDescriptors, RemoteAddressIsTheClientAfterForwardedFor) {
  LimitedChain chain(OneLimit("{remote_address: {}}", "remote_address", "203.0.113.7"));
  EXPECT_EQ(chain.Passed(3), 3);
  chain->set_remote("203.0.113.7");
  EXPECT_EQ(chain.Passed(3), 1);
}

TEST(RateLimitDescriptors, MaskedRemoteAddress) {
  LimitedChain v4(OneLimit("{masked_remote_address: {v4_prefix_mask_len: 24}}",
                           "masked_remote_address", "203.0.113.0/24"));
  v4->set_remote("203.0.113.7");
  EXPECT_EQ(v4.Passed(1), 1);
  v4->set_remote("203.0.113.8");
  EXPECT_EQ(v4.Passed(1), 0);
  v4->set_remote("203.0.114.8");
  EXPECT_EQ(v4.Passed(1), 1);
  LimitedChain v6(OneLimit("{masked_remote_address: {v6_prefix_mask_len: 32}}",
                           "masked_remote_address", "2001:db8::/32"));
  v6->set_remote("2001:db8::17");
  EXPECT_EQ(v6.Passed(3), 1);
}

TEST(RateLimitDescriptors, RemoteAddressMatch) {
  LimitedChain chain(
      OneLimit("{remote_address_match: {descriptor_value: lan, address_matcher: "
               "{ranges: [{address_prefix: 10.0.0.0, prefix_len: 8}]}}}",
               "remote_address_match", "lan"));
  chain->set_remote("10.1.1.1");
  EXPECT_EQ(chain.Passed(3), 1);
  chain->set_remote("11.1.1.1");
  EXPECT_EQ(chain.Passed(3), 3);
}

TEST(RateLimitDescriptors, RemoteAddressMatchTurnedRound) {
  LimitedChain chain(OneLimit(
      "{remote_address_match: {descriptor_value: wan, address_matcher: {invert_match: true, "
      "ranges: [{address_prefix: 10.0.0.0, prefix_len: 8}]}}}",
      "remote_address_match", "wan"));
  chain->set_remote("10.1.1.1");
  EXPECT_EQ(chain.Passed(3), 3);
  chain->set_remote("11.1.1.1");
  EXPECT_EQ(chain.Passed(3), 1);
}

TEST(RateLimitDescriptors, HeaderValueMatchNeedsAll) {
  LimitedChain chain(
      OneLimit("{header_value_match: {descriptor_value: post, headers: ["
               "{name: \":method\", string_match: {exact: GET}}, {name: x-a}]}}",
               "header_match", "post"));
  EXPECT_EQ(chain.Passed(3, "/", {{"x-a", "1"}}), 1);
  EXPECT_EQ(chain.Passed(3), 3);
}

TEST(RateLimitDescriptors, HeaderValueMatchMayExpectNone) {
  LimitedChain chain(
      OneLimit("{header_value_match: {descriptor_value: anonymous, expect_match: false, headers: ["
               "{name: authorization}]}}",
               "header_match", "anonymous"));
  EXPECT_EQ(chain.Passed(3, "/", {{"authorization", "x"}}), 3);
  EXPECT_EQ(chain.Passed(3), 1);
}

TEST(RateLimitDescriptors, QueryParameterValueMatch) {
  LimitedChain chain(
      OneLimit("{query_parameter_value_match: {descriptor_value: debug, query_parameters: ["
               "{name: debug, string_match: {exact: \"1\"}}]}}",
               "query_match", "debug"));
  EXPECT_EQ(chain.Passed(3, "/?debug=1"), 1);
  EXPECT_EQ(chain.Passed(3, "/?debug=2"), 3);
}

TEST(RateLimitDescriptors, DestinationClusterIsTheRoutes) {
  LimitedChain chain(OneLimit("{destination_cluster: {}}", "destination_cluster", "web"));
  EXPECT_EQ(chain.Passed(3), 3);  // no route, no descriptor
  route::ForwardAction forward;
  forward.weighted.emplace_back();
  forward.weighted.back().cluster.name = "web";
  const route::TableSettings table;
  const route::VirtualHost host(route::VirtualHostSettings{}, table);
  route::RouteSpec spec;
  spec.action = std::move(forward);
  const route::Route route(std::move(spec), host);
  chain->set_route(&route);
  EXPECT_EQ(chain.Passed(3), 1);
}

TEST(RateLimitDescriptors, DestinationClusterMayBeNamedByAHeader) {
  LimitedChain chain(OneLimit("{destination_cluster: {}}", "destination_cluster", "web"));
  route::ForwardAction forward;
  forward.cluster_header = "x-to";
  const route::TableSettings table;
  const route::VirtualHost host(route::VirtualHostSettings{}, table);
  route::RouteSpec spec;
  spec.action = std::move(forward);
  const route::Route route(std::move(spec), host);
  chain->set_route(&route);
  EXPECT_EQ(chain.Passed(3, "/", {{"x-to", "other"}}), 3);
  EXPECT_EQ(chain.Passed(3, "/", {{"x-to", "web"}}), 1);
}

// A route and its virtual host that say `key: route` and `key: host` of every request.
struct RouteLimits {
  explicit RouteLimits(bool route_has_some, bool includes_host = false, uint32_t stage = 0) {
    route::VirtualHostSettings settings;
    settings.rate_limits.push_back(Says("host", stage));
    host.emplace(std::move(settings), table);
    route::ForwardAction forward;
    if (route_has_some) forward.rate_limits.push_back(Says("route", stage));
    forward.includes_host_rate_limits = includes_host;
    route::RouteSpec spec;
    spec.action = std::move(forward);
    route.emplace(std::move(spec), *host);
  }
  static route::RateLimit Says(std::string value, uint32_t stage) {
    return route::RateLimit(stage, {[value](http::StreamView&, route::Descriptor& out) {
                              out.emplace_back("key", value);
                              return route::RateLimit::Outcome::kAdded;
                            }});
  }
  // Whose limits a filter with these fields uses: "route", "host", "both" or "none".
  std::string Used(std::string_view fields) {
    std::string used;
    for (const std::string of : {"route", "host"}) {
      LimitedChain chain(base::StrCat(kEnforced, "descriptors: [{entries: [{key: key, value: ", of,
                                      "}], token_bucket: {max_tokens: 1, fill_interval: 1s}}]\n",
                                      fields));
      chain->set_route(&*route);
      if (chain.Passed(2) == 1) used = used.empty() ? of : "both";
    }
    return used.empty() ? "none" : used;
  }
  const route::TableSettings table;
  std::optional<route::VirtualHost> host;
  std::optional<route::Route> route;
};

TEST(RateLimitDescriptors, ComeFromTheRouteWhereTheFilterHasNone) {
  RouteLimits both(/*route_has_some=*/true);
  EXPECT_EQ(both.Used(""), "route");
  EXPECT_EQ(both.Used("vh_rate_limits: INCLUDE"), "both");
  EXPECT_EQ(both.Used("vh_rate_limits: IGNORE"), "route");
  EXPECT_EQ(both.Used("rate_limits: [{actions: [{generic_key: {descriptor_value: x}}]}]"), "none");
}

TEST(RateLimitDescriptors, ComeFromTheVirtualHostWhereTheRouteHasNone) {
  RouteLimits host(/*route_has_some=*/false);
  EXPECT_EQ(host.Used(""), "host");
  EXPECT_EQ(host.Used("vh_rate_limits: IGNORE"), "none");
  EXPECT_EQ(RouteLimits(true, /*includes_host=*/true).Used("vh_rate_limits: IGNORE"), "both");
}

TEST(RateLimitDescriptors, OfRoutesBelongToOneStage) {
  RouteLimits second(/*route_has_some=*/true, false, /*stage=*/2);
  EXPECT_EQ(second.Used(""), "none");
  EXPECT_EQ(second.Used("stage: 2"), "route");
}

TEST(RateLimitDescriptors, SeveralActionsMakeOneDescriptorInOrder) {
  constexpr std::string_view kYaml =
      "token_bucket: {max_tokens: 1000, fill_interval: 1s}\n"
      "rate_limits: [{actions: [{request_headers: {header_name: x-user, descriptor_key: user}},"
      "  {request_headers: {header_name: x-plan, descriptor_key: plan, skip_if_absent: true}}]}]\n"
      "descriptors:\n"
      "- {entries: [{key: user, value: bob}, {key: plan, value: free}],"
      "   token_bucket: {max_tokens: 1, fill_interval: 1s}}\n"
      "- {entries: [{key: user, value: bob}], token_bucket: {max_tokens: 2, fill_interval: 1s}}\n";
  LimitedChain chain(base::StrCat(kEnforced, kYaml));
  EXPECT_EQ(chain.Passed(5, "/", {{"x-user", "bob"}, {"x-plan", "free"}}), 1);
  EXPECT_EQ(chain.Passed(5, "/", {{"x-user", "bob"}}), 2);   // the missing entry is skipped
  EXPECT_EQ(chain.Passed(5, "/", {{"x-plan", "free"}}), 5);  // no user, no descriptor
}

TEST(RateLimitDescriptors, AMatchTakesFromTheGeneralBucketToo) {
  constexpr std::string_view kYaml =
      "token_bucket: {max_tokens: 2, fill_interval: 1s}\n"
      "rate_limits: [{actions: [{request_headers: {header_name: x, descriptor_key: x}}]}]\n"
      "descriptors: [{entries: [{key: x, value: a}],"
      "  token_bucket: {max_tokens: 10, fill_interval: 1s}}]\n";
  LimitedChain both(base::StrCat(kEnforced, kYaml));
  EXPECT_EQ(both.Passed(5, "/", {{"x", "a"}}), 2);
  LimitedChain apart(
      base::StrCat(kEnforced, kYaml, "always_consume_default_token_bucket: false\n"));
  EXPECT_EQ(apart.Passed(15, "/", {{"x", "a"}}), 10);
  EXPECT_EQ(apart.Passed(5), 2);
}

TEST(RateLimitDescriptors, TheSlowestBucketIsAskedFirst) {
  constexpr std::string_view kYaml =
      "enable_x_ratelimit_headers: DRAFT_VERSION_03\n"
      "rate_limits:\n"
      "- {actions: [{generic_key: {descriptor_value: quick}}]}\n"
      "- {actions: [{generic_key: {descriptor_value: slow}}]}\n"
      "descriptors:\n"
      "- {entries: [{key: generic_key, value: quick}],"
      "   token_bucket: {max_tokens: 100, tokens_per_fill: 100, fill_interval: 1s}}\n"
      "- {entries: [{key: generic_key, value: slow}],"
      "   token_bucket: {max_tokens: 2, fill_interval: 60s}}\n";
  LimitedChain chain(base::StrCat(kEnforced, kYaml));
  EXPECT_EQ(chain.Get().Header("x-ratelimit-limit"), "2");
  EXPECT_EQ(chain.Passed(5), 1);
  // The refused ones took nothing from the quick bucket.
  chain->Advance(seconds(60));
  EXPECT_EQ(chain.Get().Header("x-ratelimit-remaining"), "0");
}

TEST(RateLimitDescriptors, AShadowBucketNeverLimits) {
  constexpr std::string_view kYaml =
      "enable_x_ratelimit_headers: DRAFT_VERSION_03\n"
      "token_bucket: {max_tokens: 3, fill_interval: 1s}\n"
      "rate_limits: [{actions: [{generic_key: {descriptor_value: all}}]}]\n"
      "descriptors: [{entries: [{key: generic_key, value: all}], shadow_mode: true,"
      "  token_bucket: {max_tokens: 1, fill_interval: 1s}}]\n";
  LimitedChain chain(base::StrCat(kEnforced, kYaml));
  EXPECT_EQ(chain.Get().Header("x-ratelimit-limit"), "3");
  EXPECT_EQ(chain.Passed(5), 2);
}

TEST(RateLimitDescriptors, OnlyThoseOfTheFiltersStageCount) {
  constexpr std::string_view kYaml =
      "stage: 1\n"
      "rate_limits: [{stage: 2, actions: [{generic_key: {descriptor_value: a}}]},"
      "  {stage: 1, actions: [{generic_key: {descriptor_value: b}}]}]\n"
      "descriptors:\n"
      "- {entries: [{key: generic_key, value: a}], token_bucket: {max_tokens: 1, fill_interval: "
      "1s}}\n"
      "- {entries: [{key: generic_key, value: b}], token_bucket: {max_tokens: 3, fill_interval: "
      "1s}}\n";
  LimitedChain chain(base::StrCat(kEnforced, kYaml));
  EXPECT_EQ(chain.Passed(5), 3);
}

}  // namespace
}  // namespace outrigger::local_ratelimit
