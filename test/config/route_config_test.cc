#include "source/config/route_config.h"

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "envoy/config/route/v3/route.pb.h"
#include "envoy/type/v3/percent.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "source/base/arena.h"
#include "source/config/refusal.h"
#include "test/config/from_yaml.h"

namespace outrigger::config {
namespace {

using envoy::config::route::v3::RouteConfiguration;
using std::chrono::milliseconds;

// The per-route configuration of an imaginary filter: any percentage but 13.
struct Share final : http::RouteFilterConfig {
  double percent = 0;
};

class RouteConfig : public testing::Test {
 protected:
  RouteConfig() {
    registry_.AddRouteFilterConfig<envoy::type::v3::Percent>(
        [](const envoy::type::v3::Percent& config,
           FactoryContext&) -> absl::StatusOr<RouteFilterConfigPtr> {
          if (config.value() == 13) return absl::InvalidArgumentError("value: 13 is unlucky");
          auto share = std::make_shared<Share>();
          share->percent = config.value();
          return share;
        });
    environment_.warn = [this](const std::string& line) { warnings_ += line; };
  }

  // Compiles; what was refused is in errors_.
  void Compile(std::string_view yaml) {
    const auto routes = FromYaml<RouteConfiguration>(yaml);
    Findings findings;
    const Place place(findings);
    RefuseNotImplemented(routes, place);
    const RouteContext context{registry_, factories_, names_, environment_, cluster_exists_};
    table_ = CompileRoutes(routes, context, place);
    errors_ = std::string(findings.ToStatus().message());
    EXPECT_TRUE(table_ != nullptr || !errors_.empty());
  }

  // A table of one virtual host with these routes, YAML of a list.
  void CompileRoutesOf(std::string_view routes) {
    Compile(absl::StrCat(
        "virtual_hosts: [{name: web, domains: [\"*\"], routes: ", std::string(routes), "}]"));
  }

  std::string Errors(std::string_view routes) {
    CompileRoutesOf(routes);
    return errors_;
  }

  // The route of GET `target` with `headers`.
  const route::RouteSpec* Find(std::string_view target, std::string_view host = "any",
                               std::string_view header = "", std::string_view value = "") {
    EXPECT_EQ(errors_, "");
    if (table_ == nullptr) return nullptr;
    http::RequestHead head(arena_);
    head.target = target;
    head.headers.Add("host", host);
    if (!header.empty()) head.headers.Add(header, value);
    const route::Route* route = table_->Find({.head = head, .random = 0});
    return route == nullptr ? nullptr : &route->spec();
  }

  const route::ForwardAction& Forward() {
    static const route::ForwardAction kNone;
    const route::RouteSpec* spec = Find("/");
    return spec == nullptr ? kNone : std::get<route::ForwardAction>(spec->action);
  }

  Registry registry_;
  stats::Store stats_;
  base::ManualClock clock_;
  upstream::ClusterNames names_;
  CompileEnvironment environment_;
  FactoryContext factories_{clock_, stats_, "test", environment_.runtime};
  const ClusterExists* cluster_exists_ = nullptr;
  base::Arena arena_;
  std::shared_ptr<const route::RouteTable> table_;
  std::string errors_;
  std::string warnings_;
};

TEST_F(RouteConfig, HasTheDefaultsOfItsDocumentation) {
  CompileRoutesOf("[{match: {prefix: /}, route: {cluster: a}}]");
  const route::ForwardAction& forward = Forward();
  ASSERT_EQ(forward.weighted.size(), 1u);
  EXPECT_EQ(forward.weighted[0].cluster.name, "a");
  EXPECT_EQ(forward.weighted[0].cluster.id, names_.Intern("a")->id());
  EXPECT_EQ(forward.timeout, milliseconds(15'000));
  EXPECT_EQ(forward.idle_timeout, std::nullopt);
  EXPECT_EQ(forward.cluster_not_found_status, 503);
  EXPECT_EQ(forward.retry, nullptr);
  EXPECT_EQ(forward.replay_limit_bytes, 64u * 1024);
}

TEST_F(RouteConfig, MatchesInTheOrderGiven) {
  CompileRoutesOf(R"([
{name: exact, match: {path: /a}, direct_response: {status: 200}},
{name: regex, match: {safe_regex: {regex: "/[0-9]+"}}, direct_response: {status: 200}},
{name: separated, match: {path_separated_prefix: /api}, direct_response: {status: 200}},
{name: lower, match: {prefix: /LOW, case_sensitive: false}, direct_response: {status: 200}},
{name: header, match: {prefix: /, headers: [{name: x, string_match: {exact: y}}]}, direct_response: {status: 200}},
{name: query, match: {prefix: /, query_parameters: [{name: q, string_match: {prefix: a}}]}, direct_response: {status: 200}},
{name: cookie, match: {prefix: /, cookies: [{name: c, string_match: {exact: d}}]}, direct_response: {status: 200}},
{name: never, match: {prefix: /, runtime_fraction: {default_value: {numerator: 0}}}, direct_response: {status: 200}},
{name: grpc, match: {prefix: /, grpc: {}}, direct_response: {status: 200}}])");
  EXPECT_EQ(Find("/a")->name, "exact");
  EXPECT_EQ(Find("/17")->name, "regex");
  EXPECT_EQ(Find("/api/x")->name, "separated");
  EXPECT_EQ(Find("/low/x")->name, "lower");
  EXPECT_EQ(Find("/z", "any", "X", "y")->name, "header");
  EXPECT_EQ(Find("/z?q=abc")->name, "query");
  EXPECT_EQ(Find("/z", "any", "cookie", "c=d")->name, "cookie");
  EXPECT_EQ(Find("/z", "any", "content-type", "application/grpc")->name, "grpc");
  EXPECT_EQ(Find("/z"), nullptr);
}

TEST_F(RouteConfig, ReadsEveryKindOfHeaderMatcher) {
  CompileRoutesOf(R"([{name: all, direct_response: {status: 200}, match: {prefix: /, headers: [
{name: x, present_match: true}, {name: no, present_match: false}, {name: x, range_match: {start: 40, end: 43}},
{name: x, prefix_match: "4"}, {name: x, suffix_match: "2"}, {name: x, contains_match: "42"},
{name: x, exact_match: "42"}, {name: x, safe_regex_match: {regex: "[0-9]+"}},
{name: x, string_match: {exact: "43"}, invert_match: true},
{name: no, string_match: {exact: ""}, treat_missing_header_as_empty: true}]}}])");
  EXPECT_NE(Find("/", "any", "x", "42"), nullptr);
  EXPECT_EQ(Find("/", "any", "x", "43"), nullptr);
}

TEST_F(RouteConfig, TakesSharesFromTheRuntime) {
  Findings findings;
  environment_.runtime.Add(FromYaml<envoy::config::bootstrap::v3::LayeredRuntime>(
                               "layers: [{name: a, static_layer: {split: {never: 0, b: 7}}}]"),
                           Place(findings));
  CompileRoutesOf(R"([
{match: {prefix: /, runtime_fraction: {default_value: {numerator: 100}, runtime_key: split.never}}, direct_response: {status: 200}},
{match: {prefix: /}, route: {weighted_clusters: {runtime_key_prefix: split, clusters: [{name: a, weight: 1}, {name: b, weight: 1}]}}}])");
  EXPECT_EQ(Forward().weighted[0].weight, 1u);
  EXPECT_EQ(Forward().weighted[1].weight, 7u);
}

TEST_F(RouteConfig, ReadsTheOlderLimitOfGrpcRequestsUnlessThereIsANewerOne) {
  CompileRoutesOf(
      "[{match: {prefix: /}, route: {cluster: a, max_grpc_timeout: 5s, grpc_timeout_offset: 1s}}]");
  EXPECT_EQ(Forward().max_grpc_timeout, milliseconds(5000));
  EXPECT_EQ(Forward().grpc_timeout_offset, milliseconds(1000));
  EXPECT_EQ(Forward().timeout, milliseconds(15000));
}

TEST_F(RouteConfig, PutsTheStreamsDurationInThePlaceOfTheTimeouts) {
  CompileRoutesOf(
      "[{match: {prefix: /}, route: {cluster: a, timeout: 3s, max_grpc_timeout: 5s, "
      "max_stream_duration: {grpc_timeout_header_max: 7s}}}]");
  EXPECT_EQ(Forward().timeout, std::nullopt);
  EXPECT_EQ(Forward().max_grpc_timeout, std::nullopt);
  EXPECT_EQ(Forward().grpc_timeout_header_max, milliseconds(7000));
}

TEST_F(RouteConfig, ReadsTheWholeForwardAction) {
  CompileRoutesOf(R"([{match: {prefix: /}, request_body_buffer_limit: 9, route: {
weighted_clusters: {header_name: x-pick, clusters: [{name: a, weight: 90, host_rewrite_literal: other}, {name: b, weight: 10}]},
prefix_rewrite: /new, append_x_forwarded_host: true, host_rewrite_header: x-host,
timeout: 0s, idle_timeout: 0s, priority: HIGH, cluster_not_found_response_code: NOT_FOUND,
max_stream_duration: {max_stream_duration: 9s, grpc_timeout_header_max: 0s, grpc_timeout_header_offset: 1s},
upgrade_configs: [{upgrade_type: websocket, enabled: false}, {upgrade_type: CONNECT}],
retry_policy: {retry_on: "5xx,connect-failure", num_retries: 3, per_try_timeout: 1s, retriable_status_codes: [503],
  retry_back_off: {base_interval: 0.01s}, host_selection_retry_max_attempts: 5,
  retry_host_predicate: [{name: envoy.retry_host_predicates.previous_hosts}],
  rate_limited_retry_back_off: {reset_headers: [{name: retry-after}]},
  retriable_headers: [{name: x, present_match: true}]}}}])");
  const route::ForwardAction& forward = Forward();
  EXPECT_EQ(forward.weight_header, "x-pick");
  EXPECT_EQ(forward.weighted[0].host_rewrite, "other");
  EXPECT_EQ(forward.total_weight, 100u);
  EXPECT_EQ(forward.path_rewrite.prefix, "/new");
  EXPECT_EQ(forward.host_rewrite.from_header, "x-host");
  EXPECT_TRUE(forward.host_rewrite.append_x_forwarded_host);
  EXPECT_EQ(forward.timeout, std::nullopt);
  EXPECT_EQ(forward.idle_timeout, milliseconds(0));
  EXPECT_EQ(forward.priority, 1);
  EXPECT_EQ(forward.upgrades.Find("websocket"), false);
  EXPECT_EQ(forward.upgrades.Find("CONNECT"), true);
  EXPECT_EQ(forward.cluster_not_found_status, 404);
  EXPECT_EQ(forward.max_stream_duration, milliseconds(9000));
  EXPECT_EQ(forward.grpc_timeout_header_max, milliseconds(0));
  EXPECT_EQ(forward.grpc_timeout_header_offset, milliseconds(1000));
  EXPECT_EQ(forward.replay_limit_bytes, 9u);
  ASSERT_NE(forward.retry, nullptr);
  EXPECT_EQ(forward.retry->retry_on, route::kRetry5xx | route::kRetryConnectFailure);
  EXPECT_EQ(forward.retry->max_retries, 3u);
  EXPECT_EQ(forward.retry->per_try_timeout, milliseconds(1000));
  EXPECT_EQ(forward.retry->back_off_base, milliseconds(10));
  EXPECT_EQ(forward.retry->back_off_max, milliseconds(100));
  EXPECT_TRUE(forward.retry->avoids_previous_endpoints);
  EXPECT_EQ(forward.retry->endpoint_selection_attempts, 5u);
  EXPECT_EQ(forward.retry->retriable_headers.size(), 1u);
  EXPECT_EQ(forward.retry->reset_headers[0].name, "retry-after");
}

TEST_F(RouteConfig, LetsRoutesInheritFromTheVirtualHost) {
  Compile(R"(
virtual_hosts:
- name: web
  domains: ["*"]
  include_request_attempt_count: true
  require_tls: ALL
  retry_policy: {retry_on: reset}
  per_request_buffer_limit_bytes: 5
  routes:
  - {match: {path: /own}, route: {cluster: a, retry_policy: {retry_on: 5xx}}, per_request_buffer_limit_bytes: 6}
  - {match: {prefix: /}, route: {cluster: a}}
)");
  EXPECT_EQ(Forward().retry->retry_on, route::kRetryReset);
  EXPECT_EQ(Forward().replay_limit_bytes, 5u);
  const auto& own = std::get<route::ForwardAction>(Find("/own")->action);
  EXPECT_EQ(own.retry->retry_on, route::kRetry5xx);
  EXPECT_EQ(own.replay_limit_bytes, 6u);
  const route::VirtualHost* host = table_->FindVirtualHost("x");
  EXPECT_TRUE(host->spec().include_attempt_count_in_request);
  EXPECT_EQ(host->spec().require_tls, route::RequireTls::kAll);
}

TEST_F(RouteConfig, ReadsRedirects) {
  CompileRoutesOf(
      R"([{match: {prefix: /}, redirect: {host_redirect: h, port_redirect: 81, https_redirect: true,
prefix_rewrite: /p, strip_query: true, response_code: PERMANENT_REDIRECT}}])");
  const auto& redirect = std::get<route::RedirectAction>(Find("/")->action);
  EXPECT_EQ(redirect.host, "h");
  EXPECT_EQ(redirect.port, 81);
  EXPECT_TRUE(redirect.https);
  EXPECT_TRUE(redirect.strip_query);
  EXPECT_EQ(redirect.prefix_rewrite, "/p");
  EXPECT_EQ(redirect.status, 308);
}

TEST_F(RouteConfig, ReadsDirectResponsesWithinTheirLimit) {
  CompileRoutesOf(
      "[{match: {prefix: /}, direct_response: {status: 418, body: {inline_string: tea}}}]");
  const auto& response = std::get<route::DirectResponse>(Find("/")->action);
  EXPECT_EQ(response.status, 418);
  EXPECT_EQ(response.body, "tea");
  Compile(
      R"({max_direct_response_body_size_bytes: 2, virtual_hosts: [{name: a, domains: ["*"], routes: [
{match: {prefix: /}, direct_response: {status: 200, body: {inline_string: tea}}}]}]})");
  EXPECT_EQ(errors_,
            "virtual_hosts[0].routes[0].direct_response.body: must have at most 2 bytes, got 3; "
            "raise max_direct_response_body_size_bytes of the route table");
}

TEST_F(RouteConfig, ReadsHeaderEditsAtEveryLevel) {
  Compile(R"(
request_headers_to_add: [{header: {key: x-table, value: t}}]
virtual_hosts:
- name: web
  domains: ["*"]
  response_headers_to_remove: [server]
  routes:
  - match: {prefix: /}
    route: {cluster: a}
    request_headers_to_add:
    - {header: {key: x-route, value: r}, append_action: ADD_IF_ABSENT}
    - {header: {key: x-old, value: o}, append: false}
)");
  const route::RouteSpec* spec = Find("/");
  http::HeaderMap headers(arena_);
  headers.Add("x-route", "mine");
  headers.Add("x-old", "before");
  http::StreamSummary summary;
  spec->request_edits.Apply(headers, summary);
  EXPECT_EQ(headers.Get("x-route"), "mine");
  EXPECT_EQ(headers.Get("x-old"), "o");
  EXPECT_FALSE(table_->FindVirtualHost("x")->spec().response_edits.empty());
  EXPECT_FALSE(table_->FindVirtualHost("x")->table().request_edits.empty());
}

constexpr std::string_view kPercent = R"("@type": type.googleapis.com/envoy.type.v3.Percent)";
constexpr std::string_view kWrapper =
    R"("@type": type.googleapis.com/envoy.config.route.v3.FilterConfig)";

TEST_F(RouteConfig, MakesTheConfigurationOfFilters) {
  CompileRoutesOf(absl::StrCat(
      "[{match: {prefix: /}, route: {cluster: a}, typed_per_filter_config: {", "b: {",
      std::string(kPercent), ", value: 5}, ", "a: {", std::string(kWrapper), ", disabled: true}, ",
      "c: {", std::string(kWrapper), ", config: {", std::string(kPercent), ", value: 6}}}}]"));
  const route::FilterConfigs& configs = Find("/")->filter_configs;
  ASSERT_EQ(configs.size(), 3u);
  EXPECT_TRUE(configs[0].disabled);
  EXPECT_EQ(configs[0].config, nullptr);
  EXPECT_EQ(static_cast<const Share&>(*configs[1].config).percent, 5);
  EXPECT_EQ(static_cast<const Share&>(*configs[2].config).percent, 6);
}

TEST_F(RouteConfig, LeavesOutOptionalFiltersOfUnknownType) {
  const std::string other = R"(config: {"@type": a/envoy.type.v3.Int64Range})";
  CompileRoutesOf(
      absl::StrCat("[{match: {prefix: /}, route: {cluster: a}, typed_per_filter_config: {x: {",
                   std::string(kWrapper), ", is_optional: true, ", other, "}}}]"));
  EXPECT_TRUE(Find("/")->filter_configs.empty());
  EXPECT_EQ(warnings_,
            "virtual_hosts[0].routes[0].typed_per_filter_config[\"x\"].config: left out, type "
            "\"envoy.type.v3.Int64Range\" is not known");
  CompileRoutesOf(
      absl::StrCat("[{match: {prefix: /}, route: {cluster: a}, typed_per_filter_config: {x: {",
                   std::string(kWrapper), ", ", other, "}}}]"));
  EXPECT_EQ(errors_,
            "virtual_hosts[0].routes[0].typed_per_filter_config[\"x\"].config: unknown type of "
            "per-route filter config \"envoy.type.v3.Int64Range\"; known: envoy.type.v3.Percent");
}

TEST_F(RouteConfig, ChecksClustersWhenAsked) {
  const ClusterExists exists = [](std::string_view name) { return name == "a"; };
  cluster_exists_ = &exists;
  EXPECT_EQ(Errors("[{match: {prefix: /}, route: {cluster: a}}]"), "");
  EXPECT_EQ(Errors("[{match: {prefix: /}, route: {cluster: b}}]"),
            "virtual_hosts[0].routes[0].route.cluster: unknown cluster \"b\"; validate_clusters: "
            "false allows it");
}

TEST_F(RouteConfig, ReportsSeveralErrorsAtOnce) {
  Compile(R"(
virtual_hosts:
- name: a
  domains: []
- domains: [b]
  routes:
  - {match: {}, route: {cluster: a}}
  - {match: {safe_regex: {regex: "("}}, route: {}}
)");
  EXPECT_EQ(errors_,
            "virtual_hosts[0].domains: must hold at least one\n"
            "virtual_hosts[1].name: must be given\n"
            "virtual_hosts[1].routes[0].match: must hold one of prefix, path, safe_regex, "
            "connect_matcher, path_separated_prefix\n"
            "virtual_hosts[1].routes[1].match.safe_regex.regex: missing ): (, got \"(\"; the "
            "syntax is RE2's\n"
            "virtual_hosts[1].routes[1].route: must hold one of cluster, cluster_header, "
            "weighted_clusters");
}

struct Refusal {
  std::string_view route;  // beside match: {prefix: /} where it has none
  std::string_view error;  // below virtual_hosts[0].routes[0].
};

class RefusedRoute : public RouteConfig, public testing::WithParamInterface<Refusal> {};

TEST_P(RefusedRoute, SaysWhereAndWhy) {
  const bool has_match = GetParam().route.find("match:") != std::string_view::npos;
  const std::string route = absl::StrCat("[{", has_match ? "" : "match: {prefix: /}, ",
                                         std::string(GetParam().route), "}]");
  EXPECT_EQ(Errors(route),
            absl::StrCat("virtual_hosts[0].routes[0].", std::string(GetParam().error)));
}

INSTANTIATE_TEST_SUITE_P(
    Table, RefusedRoute,
    testing::Values(
        Refusal{"match: {prefix: a}, route: {cluster: a}",
                "match.prefix: must begin with \"/\", got \"a\""},
        Refusal{"match: {path_separated_prefix: /a/}, route: {cluster: a}",
                "match.path_separated_prefix: must not end in \"/\", got \"/a/\"; give prefix"},
        Refusal{"match: {path: \"/a?b\"}, route: {cluster: a}",
                "match.path: must not hold \"?\" or \"#\", got \"/a?b\"; give query_parameters"},
        Refusal{"match: {prefix: /, headers: [{name: x, string_match: {}}]}, route: {cluster: a}",
                "match.headers[0].string_match: must hold one of exact, prefix, suffix, "
                "safe_regex, contains"},
        Refusal{"match: {prefix: /, headers: [{name: x, range_match: {start: 2, end: 2}}]}, route: "
                "{cluster: a}",
                "match.headers[0].range_match.end: must be above start, got 2 to 2"},
        Refusal{"match: {prefix: /, dynamic_metadata: [{}]}, route: {cluster: a}",
                "match.dynamic_metadata: not implemented"},
        Refusal{"route: {cluster: a, timeout: -2s}",
                "route.timeout: must be from 0 to 100 years, got -2 s and 0 ns"},
        Refusal{"route: {cluster: a, hash_policy: [{}]}", "route.hash_policy: not implemented"},
        Refusal{"route: {cluster: a, upgrade_configs: [{upgrade_type: H2C}]}",
                "route.upgrade_configs[0].upgrade_type: h2c is HTTP, whose requests must not pass "
                "unseen; clients speak HTTP/2 with codec_type AUTO or HTTP2"},
        Refusal{
            "route: {cluster: a, upgrade_configs: [{upgrade_type: a, connect_config: {}}]}",
            "route.upgrade_configs[0].connect_config: must stand with upgrade_type CONNECT, got "
            "\"a\"; leave it out"},
        Refusal{"route: {cluster: a, upgrade_configs: [{upgrade_type: CONNECT, connect_config: "
                "{allow_post: true}}]}",
                "route.upgrade_configs[0].connect_config.allow_post: not implemented"},
        Refusal{"route: {cluster: a, prefix_rewrite: /a, regex_rewrite: {pattern: {regex: a}}}",
                "route.regex_rewrite: must not stand beside prefix_rewrite"},
        Refusal{"route: {weighted_clusters: {clusters: [{name: a}]}}",
                "route.weighted_clusters.clusters: the weights must add up to 1 to 4294967295, "
                "got 0"},
        Refusal{"route: {weighted_clusters: {clusters: [{name: a, weight: 5}], total_weight: 6}}",
                "route.weighted_clusters.total_weight: must be the sum of the weights, 5, got 6; "
                "leave it out"},
        Refusal{"route: {cluster: a, retry_policy: {retriable_status_codes: [99]}}",
                "route.retry_policy.retriable_status_codes[0]: must be from 100 to 599, got 99"},
        Refusal{"route: {cluster: a, retry_policy: {retry_back_off: {}}}",
                "route.retry_policy.retry_back_off.base_interval: must be above 0"},
        Refusal{"redirect: {port_redirect: 65536}",
                "redirect.port_redirect: must be from 0 to 65535, got 65536"},
        Refusal{"direct_response: {status: 100}",
                "direct_response.status: must be from 200 to 599, got 100"},
        Refusal{"route: {cluster: a}, request_headers_to_add: [{header: {key: \":path\"}}]",
                "request_headers_to_add[0].header: header: \":path\" cannot be edited; use the "
                "rewrites of the route"},
        Refusal{"route: {cluster: a}, response_headers_to_remove: [\"a b\"]",
                "response_headers_to_remove[0]: header: not a field name, got \"a b\""},
        Refusal{"route: {cluster: a}, typed_per_filter_config: {x: {\"@type\": "
                "a/envoy.type.v3.Percent, value: 13}}",
                "typed_per_filter_config[\"x\"]: value: 13 is unlucky"}));

TEST_F(RouteConfig, CountsWhereARouteHasAStatPrefix) {
  CompileRoutesOf("[{match: {prefix: /}, route: {cluster: a}, stat_prefix: checkout}]");
  EXPECT_EQ(stats_.Value("vhost.web.route.checkout.upstream_rq_total"), 0u);
}

TEST_F(RouteConfig, ReadsRateLimitsOfRoutesAndVirtualHosts) {
  Compile(R"(virtual_hosts: [{name: web, domains: ["*"],
      rate_limits: [{stage: 3, actions: [{remote_address: {}}]}],
      routes: [{match: {prefix: /}, route: {cluster: a, include_vh_rate_limits: true,
                rate_limits: [{actions: [{generic_key: {descriptor_value: x}}]}]}}]}])");
  ASSERT_EQ(errors_, "");
  http::RequestHead head(arena_);
  head.target = "/";
  head.headers.Add("host", "web");
  const route::Route* route = table_->Find({.head = head});
  ASSERT_NE(route, nullptr);
  ASSERT_EQ(route->virtual_host().spec().rate_limits.size(), 1u);
  EXPECT_EQ(route->virtual_host().spec().rate_limits[0].stage(), 3u);
  EXPECT_EQ(route->forward()->rate_limits.size(), 1u);
  EXPECT_TRUE(route->forward()->includes_host_rate_limits);
}

TEST_F(RouteConfig, RefusesRateLimitsByName) {
  EXPECT_EQ(Errors("[{match: {prefix: /}, route: {cluster: a, rate_limits: [{stage: 11}]}}]"),
            "virtual_hosts[0].routes[0].route.rate_limits[0].actions: at least one is needed\n"
            "virtual_hosts[0].routes[0].route.rate_limits[0].stage: must be 0-10, got 11");
}

TEST_F(RouteConfig, WantsANameOfADecorator) {
  EXPECT_EQ(Errors("[{match: {prefix: /}, route: {cluster: a}, decorator: {}}]"),
            "virtual_hosts[0].routes[0].decorator.operation: must be given");
}

}  // namespace
}  // namespace outrigger::config
