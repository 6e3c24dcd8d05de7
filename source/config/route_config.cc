#include "source/config/route_config.h"

#include <array>
#include <utility>

#include "source/base/text.h"
#include "source/config/filter_overrides_config.h"
#include "source/config/header_edits_config.h"
#include "source/config/rate_limit_config.h"
#include "source/config/retry_config.h"
#include "source/config/route_action_config.h"
#include "source/config/route_match_config.h"

namespace outrigger::config {
namespace {

using envoy::config::route::v3::Route;
using envoy::config::route::v3::RouteConfiguration;
using envoy::config::route::v3::VirtualHost;

// The first of the fields that is set, innermost level first, the deprecated ones last.
template <typename Level>
std::optional<size_t> ReadReplayLimit(const Level& level) {
  if (level.has_request_body_buffer_limit()) return level.request_body_buffer_limit().value();
  if (level.has_per_request_buffer_limit_bytes()) {
    return level.per_request_buffer_limit_bytes().value();
  }
  return std::nullopt;
}

// What routes take from their virtual host and table.
struct Inherited {
  std::shared_ptr<const route::RetryPolicy> retry;
  std::optional<size_t> replay_limit_bytes;
  size_t direct_response_limit_bytes;
};

route::RouteSpec ReadRoute(const Route& route, const VirtualHost& host, const Inherited& inherited,
                           const RouteContext& context, const Place& place) {
  route::RouteSpec spec;
  spec.name = route.name();
  if (!route.stat_prefix().empty()) {
    spec.counters = std::make_shared<const route::RouteCounters>(
        route::RouteCounters::Declare(context.factories.stats(), host.name(), route.stat_prefix()));
  }
  ReadRouteMatch(route.match(), context.environment.runtime, spec, place.At("match"));
  if (route.has_decorator() && route.decorator().operation().empty()) {
    place.At("decorator.operation").Refuse("must be given");
  }
  spec.action = ReadAction(route, inherited.direct_response_limit_bytes, context, place);
  if (auto* forward = std::get_if<route::ForwardAction>(&spec.action)) {
    if (forward->retry == nullptr) forward->retry = inherited.retry;
    std::optional<size_t> limit = ReadReplayLimit(route);
    if (!limit) limit = inherited.replay_limit_bytes;
    if (limit) forward->replay_limit_bytes = *limit;
  }
  spec.request_edits = ReadRequestEdits(route, place);
  spec.response_edits = ReadResponseEdits(route, place);
  spec.filter_configs = ReadFilterOverrides(route.typed_per_filter_config(), context, place);
  return spec;
}

route::VirtualHostSpec ReadVirtualHost(const VirtualHost& host, size_t direct_response_limit_bytes,
                                       const RouteContext& context, const Place& place) {
  using route::RequireTls;
  static constexpr std::array kTls = {RequireTls::kNone, RequireTls::kExternalOnly,
                                      RequireTls::kAll};
  route::VirtualHostSpec spec;
  spec.name = host.name();
  if (spec.name.empty()) place.At("name").Refuse("must be given");
  spec.domains.assign(host.domains().begin(), host.domains().end());
  if (spec.domains.empty()) place.At("domains").Refuse("must hold at least one");
  if (const auto tls = static_cast<size_t>(host.require_tls()); tls < kTls.size()) {
    spec.require_tls = kTls[tls];
  }
  Inherited inherited{.retry = nullptr,
                      .replay_limit_bytes = ReadReplayLimit(host),
                      .direct_response_limit_bytes = direct_response_limit_bytes};
  if (host.has_retry_policy()) {
    inherited.retry = std::make_shared<const route::RetryPolicy>(
        ReadRetryPolicy(host.retry_policy(), place.At("retry_policy")));
  }
  spec.routes.reserve(static_cast<size_t>(host.routes_size()));
  for (int i = 0; i < host.routes_size(); ++i) {
    spec.routes.push_back(
        ReadRoute(host.routes(i), host, inherited, context, place.At("routes", i)));
  }
  spec.request_edits = ReadRequestEdits(host, place);
  spec.response_edits = ReadResponseEdits(host, place);
  spec.filter_configs = ReadFilterOverrides(host.typed_per_filter_config(), context, place);
  spec.rate_limits = ReadRateLimits(host.rate_limits(), place);
  spec.include_attempt_count_in_request = host.include_request_attempt_count();
  spec.include_attempt_count_in_response = host.include_attempt_count_in_response();
  return spec;
}

}  // namespace

std::shared_ptr<const route::RouteTable> CompileRoutes(const RouteConfiguration& routes,
                                                       const RouteContext& context,
                                                       const Place& place) {
  constexpr size_t kDefaultDirectResponseBytes = 4096;
  const size_t findings_before = place.findings().size();
  const size_t direct_response_limit = routes.has_max_direct_response_body_size_bytes()
                                           ? routes.max_direct_response_body_size_bytes().value()
                                           : kDefaultDirectResponseBytes;
  route::RouteTableSpec spec;
  spec.name = routes.name();
  for (int i = 0; i < routes.virtual_hosts_size(); ++i) {
    spec.virtual_hosts.push_back(ReadVirtualHost(routes.virtual_hosts(i), direct_response_limit,
                                                 context, place.At("virtual_hosts", i)));
  }
  spec.request_edits = ReadRequestEdits(routes, place);
  spec.response_edits = ReadResponseEdits(routes, place);
  spec.filter_configs = ReadFilterOverrides(routes.typed_per_filter_config(), context, place);
  spec.ignore_port_in_host = routes.ignore_port_in_host_matching();
  spec.most_specific_edits_win = routes.most_specific_header_mutations_wins();
  if (place.findings().size() != findings_before) return nullptr;
  auto table = route::RouteTable::Compile(std::move(spec));
  if (table.ok()) return *std::move(table);
  place.Refuse(table.status());
  return nullptr;
}

}  // namespace outrigger::config
