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
#include "source/http/upgrade_rules.h"
#include "source/net/proxy_header.h"
#include "source/route/header_edits.h"
#include "source/route/matchers.h"
#include "source/route/retry_policy.h"
#include "source/route/route_counters.h"
#include "source/route/virtual_host.h"

namespace outrigger::route {

// Where a route sends its requests. The cluster's number is opaque here (upstream/cluster_names.h).
struct ClusterTarget {
  std::string name;
  std::shared_ptr<const void> name_holder;  // keeps `id` ours
  uint32_t id = 0;
};

struct WeightedTarget {
  ClusterTarget cluster;
  std::string cluster_header;  // instead of `cluster`: this header names it
  uint32_t weight = 0;
  HeaderEdits request_edits, response_edits;
  std::string host_rewrite;
  FilterConfigs filter_configs;
};

// What is written over the path: the matched prefix, a regex substitution, or nothing.
struct PathRewrite {
  std::optional<std::string> prefix;
  std::optional<RegexSubstitution> regex;
};

// What is written over the host; the first that is set.
struct HostRewrite {
  std::string literal;
  std::string from_header;
  std::optional<RegexSubstitution> from_path;
  bool from_endpoint = false;  // auto_host_rewrite
  bool append_x_forwarded_host = false;
};

// Ends CONNECT: the endpoint gets the tunnel's bytes over TCP.
struct ConnectEnd {
  std::optional<net::ProxyVersion> proxy_protocol;  // the header in front of them
};

struct ForwardAction {
  // Exactly one: `weighted` of size 1 is a plain cluster; empty means `cluster_header`.
  std::vector<WeightedTarget> weighted;
  uint32_t total_weight = 0;  // 0: the sum, filled in by RouteTable::Compile
  std::string weight_header;  // a header that holds the random number, when it is there
  std::string cluster_header;
  int cluster_not_found_status = 503;
  PathRewrite path_rewrite;
  HostRewrite host_rewrite;
  std::optional<base::Milliseconds> timeout = base::Milliseconds(15000);  // nullopt: none
  std::optional<base::Milliseconds> idle_timeout;  // over the connection manager's
  std::optional<base::Milliseconds> max_stream_duration;
  std::optional<base::Milliseconds> grpc_timeout_header_max;
  base::Milliseconds grpc_timeout_header_offset{0};
  // The older way: a gRPC request's `timeout` is its grpc-timeout, at most this (0: any), and the
  // header tells the endpoint what is left of it.
  std::optional<base::Milliseconds> max_grpc_timeout;
  base::Milliseconds grpc_timeout_offset{0};
  std::shared_ptr<const RetryPolicy> retry;  // the route's, else the virtual host's
  int priority = 0;                          // RoutingPriority
  http::UpgradeRules upgrades;               // over the connection manager's
  std::optional<ConnectEnd> connect_end;     // nullopt: CONNECT goes on to the endpoint
  RateLimits rate_limits;
  bool includes_host_rate_limits = false;  // beside its own
  // How much of a request's body is kept so that it can be sent again.
  size_t replay_limit_bytes = 64 * 1024;
};

struct RedirectAction {
  std::string host, path, scheme;  // empty: keep
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

using Action = std::variant<ForwardAction, RedirectAction, DirectResponse>;

struct RouteSpec {
  std::string name;
  PathMatch path;
  std::vector<HeaderMatcher> headers;
  std::vector<QueryMatcher> query;
  std::vector<CookieMatcher> cookies;
  std::optional<FractionMatch> fraction;
  std::optional<CertificateMatch> certificate;
  bool grpc_only = false;
  Action action;
  HeaderEdits request_edits, response_edits;
  FilterConfigs filter_configs;
  std::shared_ptr<const RouteCounters> counters;  // null: it has no stat_prefix
};

// One compiled route. Immutable; lives in its RouteTable.
class Route {
 public:
  Route(RouteSpec spec, const VirtualHost& host);
  Route(const Route&) = delete;
  Route& operator=(const Route&) = delete;

  const RouteSpec& spec() const { return spec_; }
  const VirtualHost& virtual_host() const { return host_; }
  // Null when this route does not forward.
  const ForwardAction* forward() const { return std::get_if<ForwardAction>(&spec_.action); }
  // Null when it has none of its own.
  const RouteCounters* counters() const { return spec_.counters.get(); }
  // The most specific configuration for the named filter: the weighted target's (`target`, which
  // may be null), the route's, the virtual host's, the table's; null when there is none.
  const http::RouteFilterConfig* filter_config(std::string_view filter_name,
                                               const WeightedTarget* target) const;
  // Whether the filter is left out: as the most specific level that names it says, else as the
  // filter's own configuration does.
  bool is_filter_disabled(std::string_view filter_name, bool starts_disabled,
                          const WeightedTarget* target) const;

  // Whether everything but the path fits.
  bool ConditionsHold(const MatchInput& input) const {
    return !has_conditions_ || AllConditionsHold(input);
  }

 private:
  const FilterConfig* FindFilter(std::string_view filter_name, const WeightedTarget* target) const;
  bool AllConditionsHold(const MatchInput& input) const;

  const RouteSpec spec_;
  const VirtualHost& host_;
  const bool has_conditions_;
};

// Which of the action's clusters a request goes to; null where a header names the cluster. `random`
// is the stream's number, so that one stream has one answer.
const WeightedTarget* ChooseTarget(const ForwardAction& forward, const http::RequestHead& head,
                                   uint64_t random);

// The edits of all levels on a request or response that goes by `route`; `target` may be null.
void EditRequest(const Route& route, const WeightedTarget* target, http::HeaderMap& headers,
                 const http::StreamSummary& summary);
void EditResponse(const Route& route, const WeightedTarget* target, http::HeaderMap& headers,
                  const http::StreamSummary& summary);

}  // namespace outrigger::route
