#pragma once

#include <string_view>

#include "source/stats/store.h"

namespace outrigger::config {

// The `listener.<address>.*` statistics, with Envoy's names.
struct ListenerCounters {
  static ListenerCounters Declare(stats::Store& store, std::string_view stat_name);

  stats::GroupPtr group;
  stats::Counter downstream_cx_total;
  stats::Gauge downstream_cx_active;
  stats::Counter downstream_cx_destroy;
  stats::Counter downstream_cx_overflow;
  stats::Counter downstream_global_cx_overflow;
  stats::Counter accept_error;  // ours: out of descriptors, or the like
};

}  // namespace outrigger::config
