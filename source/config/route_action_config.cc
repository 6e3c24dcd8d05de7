#include "source/config/route_action_config.h"

#include <array>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "source/base/text.h"
#include "source/config/field_values.h"
#include "source/config/filter_overrides_config.h"
#include "source/config/header_edits_config.h"
#include "source/config/matcher_config.h"
#include "source/config/rate_limit_config.h"
#include "source/config/retry_config.h"
#include "source/config/upgrade_config.h"

namespace outrigger::config {
namespace {

using envoy::config::core::v3::ProxyProtocolConfig;
using envoy::config::route::v3::DirectResponseAction;
using envoy::config::route::v3::Route;
using envoy::config::route::v3::RouteAction;
using envoy::config::route::v3::WeightedCluster;
using ProtoRedirect = envoy::config::route::v3::RedirectAction;

route::ClusterTarget ReadTarget(const std::string& name, const RouteContext& context,
                                const Place& place) {
  if (name.empty()) {
    place.Refuse("must be given");
    return {};
  }
  if (context.cluster_exists != nullptr && !(*context.cluster_exists)(name)) {
    place.Refuse(
        base::StrCat("unknown cluster \"", name, "\"; validate_clusters: false allows it"));
  }
  upstream::ClusterNameRef number = context.names.Intern(name);
  const uint32_t id = number->id();
  return {.name = name, .name_holder = std::move(number), .id = id};
}

uint32_t ReadWeight(const WeightedCluster& clusters, const WeightedCluster::ClusterWeight& from,
                    const RouteContext& context) {
  const std::string key = clusters.runtime_key_prefix().empty()
                              ? ""
                              : base::StrCat(clusters.runtime_key_prefix(), ".", from.name());
  const std::optional<double> value = context.environment.runtime.Number(key);
  if (!value) return from.weight().value();
  constexpr double kMost = std::numeric_limits<uint32_t>::max();
  return static_cast<uint32_t>(std::clamp(*value, 0.0, kMost));
}

void ReadWeighted(const WeightedCluster& clusters, const RouteContext& context,
                  route::ForwardAction& forward, const Place& place) {
  if (clusters.clusters().empty()) place.At("clusters").Refuse("must hold at least one");
  uint64_t sum = 0;
  for (int i = 0; i < clusters.clusters_size(); ++i) {
    const auto& from = clusters.clusters(i);
    const Place at = place.At("clusters", i);
    route::WeightedTarget target;
    target.weight = ReadWeight(clusters, from, context);
    sum += target.weight;
    if (from.cluster_header().empty()) {
      target.cluster = ReadTarget(from.name(), context, at.At("name"));
    } else {
      target.cluster_header = from.cluster_header();
      if (!from.name().empty()) at.At("cluster_header").Refuse("must not stand beside name");
    }
    target.request_edits = ReadRequestEdits(from, at);
    target.response_edits = ReadResponseEdits(from, at);
    target.host_rewrite = from.host_rewrite_literal();
    target.filter_configs = ReadFilterOverrides(from.typed_per_filter_config(), context, at);
    forward.weighted.push_back(std::move(target));
  }
  if (sum == 0 || sum > std::numeric_limits<uint32_t>::max()) {
    place.At("clusters")
        .Refuse(base::StrCat("the weights must add up to 1 to 4294967295, got ", sum));
  } else if (clusters.has_total_weight() && clusters.total_weight().value() != sum) {
    place.At("total_weight")
        .Refuse(base::StrCat("must be the sum of the weights, ", sum, ", got ",
                             clusters.total_weight().value(), "; leave it out"));
  }
  forward.weight_header = clusters.header_name();
}

void ReadClusters(const RouteAction& action, const RouteContext& context,
                  route::ForwardAction& forward, const Place& place) {
  switch (action.cluster_specifier_case()) {
    case RouteAction::kCluster: {
      route::WeightedTarget target{.weight = 1};
      target.cluster = ReadTarget(action.cluster(), context, place.At("cluster"));
      forward.weighted.push_back(std::move(target));
      return;
    }
    case RouteAction::kClusterHeader:
      forward.cluster_header = action.cluster_header();
      if (forward.cluster_header.empty()) place.At("cluster_header").Refuse("must be given");
      return;
    case RouteAction::kWeightedClusters:
      return ReadWeighted(action.weighted_clusters(), context, forward,
                          place.At("weighted_clusters"));
    case RouteAction::kClusterSpecifierPlugin:  // refused by the schema
      return;
    case RouteAction::CLUSTER_SPECIFIER_NOT_SET:
      place.Refuse("must hold one of cluster, cluster_header, weighted_clusters");
  }
}

void ReadRewrites(const RouteAction& action, route::ForwardAction& forward, const Place& place) {
  if (!action.prefix_rewrite().empty()) forward.path_rewrite.prefix = action.prefix_rewrite();
  if (action.has_regex_rewrite()) {
    if (forward.path_rewrite.prefix) {
      place.At("regex_rewrite").Refuse("must not stand beside prefix_rewrite");
    }
    forward.path_rewrite.regex =
        ReadSubstitution(action.regex_rewrite(), place.At("regex_rewrite"));
  }
  route::HostRewrite& host = forward.host_rewrite;
  host.literal = action.host_rewrite_literal();
  host.from_header = action.host_rewrite_header();
  host.from_endpoint = action.auto_host_rewrite().value();
  if (action.has_host_rewrite_path_regex()) {
    host.from_path =
        ReadSubstitution(action.host_rewrite_path_regex(), place.At("host_rewrite_path_regex"));
  }
  host.append_x_forwarded_host = action.append_x_forwarded_host();
}

void ReadTimeouts(const RouteAction& action, route::ForwardAction& forward, const Place& place) {
  if (action.has_timeout()) forward.timeout = ReadLimit(action.timeout(), place.At("timeout"));
  if (action.has_idle_timeout()) {
    forward.idle_timeout = ReadDuration(action.idle_timeout(), place.At("idle_timeout"));
  }
  if (action.has_max_grpc_timeout()) {
    forward.max_grpc_timeout =
        ReadDuration(action.max_grpc_timeout(), place.At("max_grpc_timeout"));
  }
  if (action.has_grpc_timeout_offset()) {
    forward.grpc_timeout_offset =
        ReadDuration(action.grpc_timeout_offset(), place.At("grpc_timeout_offset"));
  }
  if (!action.has_max_stream_duration()) return;
  // As in Envoy, it stands in the place of both older limits.
  forward.timeout = std::nullopt;
  forward.max_grpc_timeout = std::nullopt;
  const auto& limits = action.max_stream_duration();
  const Place at = place.At("max_stream_duration");
  if (limits.has_max_stream_duration()) {
    forward.max_stream_duration =
        ReadDuration(limits.max_stream_duration(), at.At("max_stream_duration"));
  }
  if (limits.has_grpc_timeout_header_max()) {
    forward.grpc_timeout_header_max =
        ReadDuration(limits.grpc_timeout_header_max(), at.At("grpc_timeout_header_max"));
  }
  if (limits.has_grpc_timeout_header_offset()) {
    forward.grpc_timeout_header_offset =
        ReadDuration(limits.grpc_timeout_header_offset(), at.At("grpc_timeout_header_offset"));
  }
}

std::optional<route::ConnectEnd> ReadConnectEnd(const RouteAction& action, const Place& place) {
  std::optional<route::ConnectEnd> end;
  for (int i = 0; i < action.upgrade_configs_size(); ++i) {
    const auto& config = action.upgrade_configs(i);
    if (!config.has_connect_config()) continue;
    if (!http::EqualsIgnoreCase(config.upgrade_type(), http::kConnectUpgrade)) {
      const Place at = place.At("upgrade_configs", i);
      at.At("connect_config")
          .Refuse(base::StrCat("must stand with upgrade_type CONNECT, got \"",
                               config.upgrade_type(), "\"; leave it out"));
      continue;
    }
    end.emplace();
    const auto& connect = config.connect_config();
    if (!connect.has_proxy_protocol_config()) continue;
    end->proxy_protocol = connect.proxy_protocol_config().version() == ProxyProtocolConfig::V2
                              ? net::ProxyVersion::kV2
                              : net::ProxyVersion::kV1;
  }
  return end;
}

route::ForwardAction ReadForward(const RouteAction& action, const RouteContext& context,
                                 const Place& place) {
  static constexpr std::array kNotFoundStatus = {503, 404, 500};
  route::ForwardAction forward;
  ReadClusters(action, context, forward, place);
  const auto code = static_cast<size_t>(action.cluster_not_found_response_code());
  if (code < kNotFoundStatus.size()) forward.cluster_not_found_status = kNotFoundStatus[code];
  ReadRewrites(action, forward, place);
  ReadTimeouts(action, forward, place);
  if (action.has_retry_policy()) {
    forward.retry = std::make_shared<const route::RetryPolicy>(
        ReadRetryPolicy(action.retry_policy(), place.At("retry_policy")));
  }
  forward.rate_limits = ReadRateLimits(action.rate_limits(), place);
  forward.includes_host_rate_limits = action.include_vh_rate_limits().value();
  forward.priority = action.priority() == envoy::config::core::v3::HIGH ? 1 : 0;
  forward.upgrades = ReadUpgrades(action.upgrade_configs(), place);
  forward.connect_end = ReadConnectEnd(action, place);
  return forward;
}

route::RedirectAction ReadRedirect(const ProtoRedirect& from, const Place& place) {
  static constexpr std::array kStatus = {301, 302, 303, 307, 308};
  constexpr uint32_t kMaxPort = 65535;
  route::RedirectAction redirect;
  redirect.host = from.host_redirect();
  redirect.path = from.path_redirect();
  redirect.scheme = from.scheme_redirect();
  redirect.https = from.https_redirect();
  redirect.strip_query = from.strip_query();
  if (from.port_redirect() > kMaxPort) {
    place.At("port_redirect")
        .Refuse(base::StrCat("must be from 0 to 65535, got ", from.port_redirect()));
  }
  if (from.port_redirect() != 0) redirect.port = static_cast<uint16_t>(from.port_redirect());
  if (!from.prefix_rewrite().empty()) redirect.prefix_rewrite = from.prefix_rewrite();
  if (from.has_regex_rewrite()) {
    redirect.regex_rewrite = ReadSubstitution(from.regex_rewrite(), place.At("regex_rewrite"));
  }
  const auto code = static_cast<size_t>(from.response_code());
  if (code < kStatus.size()) redirect.status = kStatus[code];
  return redirect;
}

route::DirectResponse ReadDirectResponse(const DirectResponseAction& from, size_t bytes_limit,
                                         const Place& place) {
  if (from.status() < 200 || from.status() > 599) {
    place.At("status").Refuse(base::StrCat("must be from 200 to 599, got ", from.status()));
  }
  route::DirectResponse response{.status = static_cast<int>(from.status())};
  if (!from.has_body()) return response;
  const Place body = place.At("body");
  response.body = ReadDataSource(from.body(), body);
  if (response.body.size() > bytes_limit) {
    body.Refuse(base::StrCat("must have at most ", bytes_limit, " bytes, got ",
                             response.body.size(),
                             "; raise max_direct_response_body_size_bytes of the route table"));
  }
  return response;
}

}  // namespace

route::Action ReadAction(const Route& route, size_t bytes_limit, const RouteContext& context,
                         const Place& place) {
  switch (route.action_case()) {
    case Route::kRoute:
      return ReadForward(route.route(), context, place.At("route"));
    case Route::kRedirect:
      return ReadRedirect(route.redirect(), place.At("redirect"));
    case Route::kDirectResponse:
      return ReadDirectResponse(route.direct_response(), bytes_limit, place.At("direct_response"));
    case Route::ACTION_NOT_SET:
      place.Refuse("must hold one of route, redirect, direct_response");
      break;
    default:  // refused by the schema
      break;
  }
  return route::DirectResponse();
}

}  // namespace outrigger::config
