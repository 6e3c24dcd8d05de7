#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/clock.h"
#include "source/http/access_logger.h"
#include "source/route/header_edits.h"
#include "source/stats/store.h"
#include "source/upstream/cluster_names.h"
#include "source/upstream/weighted_choice.h"

namespace outrigger::tcp_proxy {

// The `tcp.<stat_prefix>.*` statistics, with Envoy's names.
struct Counters {
  static Counters Declare(stats::Store& store, std::string_view stat_prefix);

  stats::GroupPtr group;
  stats::Counter downstream_cx_total;
  stats::Gauge downstream_cx_active;  // ours
  stats::Counter downstream_cx_no_route;
  stats::Counter downstream_cx_tx_bytes_total;
  stats::Counter downstream_cx_rx_bytes_total;
  stats::Counter downstream_flow_control_paused_reading_total;
  stats::Counter downstream_flow_control_resumed_reading_total;
  stats::Counter idle_timeout;
  stats::Counter max_downstream_connection_duration;
  stats::Counter upstream_flush_total;
  stats::Gauge upstream_flush_active;
};

// tunneling_config, compiled.
struct TunnelOptions {
  std::string hostname;  // where the tunnel leads, as CONNECT says it
  route::HeaderEdits added_headers;
};

// One tcp_proxy, compiled. Immutable; shared by all workers; a connection keeps the one it began
// with.
struct Options {
  std::vector<upstream::ClusterNameRef> clusters;  // at least one
  std::optional<upstream::WeightedDraw> draw;      // among several
  std::optional<base::Milliseconds> idle_timeout = base::Milliseconds(3'600'000);
  std::optional<base::Milliseconds> max_duration;
  uint32_t max_connect_attempts = 1;
  std::optional<TunnelOptions> tunnel;  // nullopt: plain TCP to the endpoint
  std::vector<std::shared_ptr<const http::AccessLogger>> access_loggers;
  Counters counters;
};

}  // namespace outrigger::tcp_proxy
