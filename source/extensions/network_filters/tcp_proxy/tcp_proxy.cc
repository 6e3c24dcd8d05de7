#include "source/extensions/network_filters/tcp_proxy/tcp_proxy.h"

#include <array>
#include <limits>
#include <memory>
#include <utility>

#include "source/base/text.h"
#include "source/config/access_log_config.h"
#include "source/config/field_values.h"
#include "source/config/header_edits_config.h"
#include "source/extensions/network_filters/tcp_proxy/options.h"
#include "source/extensions/network_filters/tcp_proxy/proxy_session.h"
#include "source/stats/envoy_scopes.h"

namespace outrigger::tcp_proxy {
namespace {

using config::Place;
using stats::IndexOf;
using stats::Kind;

constexpr std::array kTable = {
    stats::Metric{"downstream_cx_total", Kind::kCounter},
    stats::Metric{"downstream_cx_active", Kind::kGauge},
    stats::Metric{"downstream_cx_no_route", Kind::kCounter},
    stats::Metric{"downstream_cx_tx_bytes_total", Kind::kCounter},
    stats::Metric{"downstream_cx_rx_bytes_total", Kind::kCounter},
    stats::Metric{"downstream_flow_control_paused_reading_total", Kind::kCounter},
    stats::Metric{"downstream_flow_control_resumed_reading_total", Kind::kCounter},
    stats::Metric{"idle_timeout", Kind::kCounter},
    stats::Metric{"max_downstream_connection_duration", Kind::kCounter},
    stats::Metric{"upstream_flush_total", Kind::kCounter},
    stats::Metric{"upstream_flush_active", Kind::kGauge},
};

void ReadWeighted(const Config::WeightedCluster& weighted, upstream::ClusterNames& names,
                  Options& options, const Place& place) {
  if (weighted.clusters_size() == 0) return place.At("clusters").Refuse("must hold one");
  std::vector<uint32_t> weights;
  uint64_t sum = 0;
  for (int i = 0; i < weighted.clusters_size(); ++i) {
    const auto& each = weighted.clusters(i);
    const Place at = place.At("clusters", i);
    if (each.name().empty()) at.At("name").Refuse("must be given");
    if (each.weight() == 0) at.At("weight").Refuse("must be at least 1, got 0");
    sum += each.weight();
    weights.push_back(each.weight());
    options.clusters.push_back(names.Intern(each.name()));
  }
  if (sum > std::numeric_limits<uint32_t>::max()) {
    place.At("clusters")
        .Refuse(base::StrCat("weights must sum up to at most 4294967295, got ", sum));
  }
  if (place.findings().size() == 0 && weights.size() > 1) options.draw.emplace(weights);
}

void ReadClusters(const Config& config, upstream::ClusterNames& names, Options& options,
                  const Place& place) {
  switch (config.cluster_specifier_case()) {
    case Config::kWeightedClusters:
      return ReadWeighted(config.weighted_clusters(), names, options,
                          place.At("weighted_clusters"));
    case Config::kCluster:
      if (config.cluster().empty()) place.At("cluster").Refuse("must be given");
      options.clusters.push_back(names.Intern(config.cluster()));
      return;
    case Config::CLUSTER_SPECIFIER_NOT_SET:
      return place.Refuse("must hold one of cluster, weighted_clusters");
  }
}

void ReadLimits(const Config& config, Options& options, const Place& place) {
  if (config.has_idle_timeout()) {
    options.idle_timeout = config::ReadLimit(config.idle_timeout(), place.At("idle_timeout"));
  }
  if (config.has_max_downstream_connection_duration()) {
    options.max_duration =
        config::ReadPositiveDuration(config.max_downstream_connection_duration(),
                                     place.At("max_downstream_connection_duration"));
  }
  if (config.has_max_connect_attempts()) {
    options.max_connect_attempts = config.max_connect_attempts().value();
    if (options.max_connect_attempts == 0) {
      place.At("max_connect_attempts").Refuse("must be at least 1, got 0");
    }
  }
}

// Where CONNECT leads to, as it stands in the request line.
bool IsAuthority(std::string_view text) {
  return !text.empty() && text.find_first_not_of(
                              "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                              "0123456789.-_:[]") == std::string_view::npos;
}

TunnelOptions ReadTunnel(const Config::TunnelingConfig& config, const Place& place) {
  TunnelOptions tunnel{.hostname = config.hostname()};
  const Place at = place.At("hostname");
  if (tunnel.hostname.find('%') != std::string::npos) {
    at.Refuse(base::StrCat("operators are not implemented, got \"", tunnel.hostname,
                           "\"; write a host and a port, example.com:443"));
  } else if (!IsAuthority(tunnel.hostname)) {
    at.Refuse(
        base::StrCat("must be a host and a port, example.com:443, got \"", tunnel.hostname, "\""));
  }
  tunnel.added_headers =
      config::ReadHeaderEdits(config.headers_to_add(), "headers_to_add", {}, "", place);
  return tunnel;
}

}  // namespace

Counters Counters::Declare(stats::Store& store, std::string_view stat_prefix) {
  stats::GroupPtr group = store.Declare(stats::TcpScope(stat_prefix), kTable);
  const auto counter = [&](size_t at) { return group->counter(at); };
  return {
      .group = group,
      .downstream_cx_total = counter(IndexOf(kTable, "downstream_cx_total")),
      .downstream_cx_active = group->gauge(IndexOf(kTable, "downstream_cx_active")),
      .downstream_cx_no_route = counter(IndexOf(kTable, "downstream_cx_no_route")),
      .downstream_cx_tx_bytes_total = counter(IndexOf(kTable, "downstream_cx_tx_bytes_total")),
      .downstream_cx_rx_bytes_total = counter(IndexOf(kTable, "downstream_cx_rx_bytes_total")),
      .downstream_flow_control_paused_reading_total =
          counter(IndexOf(kTable, "downstream_flow_control_paused_reading_total")),
      .downstream_flow_control_resumed_reading_total =
          counter(IndexOf(kTable, "downstream_flow_control_resumed_reading_total")),
      .idle_timeout = counter(IndexOf(kTable, "idle_timeout")),
      .max_downstream_connection_duration =
          counter(IndexOf(kTable, "max_downstream_connection_duration")),
      .upstream_flush_total = counter(IndexOf(kTable, "upstream_flush_total")),
      .upstream_flush_active = group->gauge(IndexOf(kTable, "upstream_flush_active")),
  };
}

absl::StatusOr<config::MadeNetworkFilter> Create(const Config& config,
                                                 config::NetworkContext& context) {
  config::Findings findings;
  const Place place(findings);
  auto options = std::make_shared<Options>();
  if (config.stat_prefix().empty()) place.At("stat_prefix").Refuse("must be given");
  ReadClusters(config, context.names, *options, place);
  ReadLimits(config, *options, place);
  if (config.has_tunneling_config()) {
    options->tunnel = ReadTunnel(config.tunneling_config(), place.At("tunneling_config"));
  }
  options->access_loggers =
      config::ReadAccessLogs(config.access_log(), "access_log", context.registry, context.factories,
                             context.factories.runtime(), place);
  if (absl::Status status = findings.ToStatus(); !status.ok()) return status;
  options->counters = Counters::Declare(context.factories.stats(), config.stat_prefix());
  config::MadeNetworkFilter made;
  for (const upstream::ClusterNameRef& name : options->clusters) {
    made.clusters.push_back(name->text());
  }
  made.session = [options = std::shared_ptr<const Options>(std::move(options))](
                     tcp::SessionWorker& worker, net::Accepted connection,
                     const tcp::SessionLimits& limits, tcp::SessionOwner& owner) {
    return ProxySession::Begin(worker, std::move(connection), limits, owner, options);
  };
  return made;
}

}  // namespace outrigger::tcp_proxy
