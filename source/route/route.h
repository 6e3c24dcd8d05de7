#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "source/base/clock.h"
#include "source/http/filter.h"
#include "source/route/header_edits.h"
#include "source/route/matchers.h"

namespace outrigger::route {

class VirtualHost;

// Where a route sends its requests. The cluster's number is opaque here (upstream/cluster_names.h).
struct ClusterTarget {
  std::string name;
  std::shared_ptr<const void> name_holder;  // keeps `id` ours
  uint32_t id = 0;
};

struct WeightedTarget {
  ClusterTarget cluster;
  uint32_t weight = 0;
  HeaderEdits request_edits, response_edits;
  std::string host_rewrite;
  std::vector<std::pair<std::string, std::shared_ptr<const http::RouteFilterConfig>>> filter_configs;
};

enum RetryOn : uint32_t {
  kRetry5xx = 1 << 0,
  kRetryGatewayError = 1 << 1,
  kRetryReset = 1 << 2,
  kRetryConnectFailure = 1 << 3,
  kRetryRetriable4xx = 1 << 4,
  kRetryRefusedStream = 1 << 5,
  kRetryStatusCodes = 1 << 6,
  kRetryResetBeforeRequest = 1 << 7,
  kRetryRetriableHeaders = 1 << 8,
  kRetryEnvoyRateLimited = 1 << 9,
  kRetryGrpcCancelled = 1 << 10,
  kRetryGrpcDeadlineExceeded = 1 << 11,
  kRetryGrpcInternal = 1 << 12,
  kRetryGrpcResourceExhausted = 1 << 13,
  kRetryGrpcUnavailable = 1 << 14,
};
// Envoy's words, comma-separated; an unknown word is an error that lists the known ones.
absl::StatusOr<uint32_t> ParseRetryOn(std::string_view words);

struct RetryPolicy {
  uint32_t retry_on = 0;  // RetryOn bits
  uint32_t max_retries = 1;
  base::Milliseconds per_try_timeout{0};       // 0: none
  base::Milliseconds per_try_idle_timeout{0};  // 0: none
  base::Milliseconds back_off_base{25};
  base::Milliseconds back_off_max{250};
  std::vector<int> retriable_status_codes;
  std::vector<HeaderMatcher> retriable_headers;          // on the response
  std::vector<HeaderMatcher> retriable_request_headers;  // retry only these requests
  bool avoids_previous_endpoints = false;                // envoy.retry_host_predicates.previous_hosts
  uint32_t endpoint_selection_attempts = 1;
};

// What is written over the path: the matched prefix, a regex substitution, or nothing.
struct PathRewrite {
  std::optional<std::string> prefix;
  std::optional<RegexSubstitution> regex;
};
struct HostRewrite {
  std::string literal;
  std::string from_header;
  std::optional<RegexSubstitution> from_path;
  bool from_endpoint = false;  // auto_host_rewrite
  bool append_x_forwarded_host = false;
};

struct ForwardAction {
  // Exactly one: `weighted` of size 1 is a plain cluster; empty means `cluster_header`.
  std::vector<WeightedTarget> weighted;
  uint32_t total_weight = 0;
  std::string cluster_header;
  int cluster_not_found_status = 503;
  PathRewrite path_rewrite;
  HostRewrite host_rewrite;
  std::optional<base::Milliseconds> timeout = base::Milliseconds(15000);  // nullopt: none
  std::optional<base::Milliseconds> idle_timeout;      // over the connection manager's
  std::optional<base::Milliseconds> max_stream_duration;
  std::optional<base::Milliseconds> grpc_timeout_header_max;
  std::shared_ptr<const RetryPolicy> retry;            // the route's, else the virtual host's
  int priority = 0;                                    // RoutingPriority
};

struct RedirectAction {
  std::string host, path, scheme;   // empty: keep
  std::optional<uint16_t> port;
  bool https = false;
  bool strip_query = false;
  std::optional<std::string> prefix_rewrite;
  std::optional<RegexSubstitution> regex_rewrite;
  int status = 301;
};

struct DirectResponse {
  int status = 200;
  std::string body;
};

// One compiled route. Immutable; lives in its RouteTable.
struct RouteSpec {
  std::string name;
  PathMatch path;
  std::vector<HeaderMatcher> headers;
  std::vector<QueryMatcher> query;
  std::optional<FractionMatch> fraction;
  bool grpc_only = false;
  std::variant<ForwardAction, RedirectAction, DirectResponse> action;
  HeaderEdits request_edits, response_edits;
  std::vector<std::pair<std::string, std::shared_ptr<const http::RouteFilterConfig>>> filter_configs;
  std::string stat_prefix;
};

class Route {
 public:
  Route(RouteSpec spec, const VirtualHost& host) : spec_(std::move(spec)), host_(host) {}
  const RouteSpec& spec() const { return spec_; }
  const VirtualHost& virtual_host() const { return host_; }
  // The most specific configuration for the named filter: route, virtual host, table; null when
  // there is none. The weighted target's is asked by the router.
  const http::RouteFilterConfig* filter_config(std::string_view filter_name) const;

 private:
  RouteSpec spec_;
  const VirtualHost& host_;
};

}  // namespace outrigger::route
