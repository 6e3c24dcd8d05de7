#include "source/config/listener_counters.h"

#include <array>

#include "source/stats/envoy_scopes.h"

namespace outrigger::config {
namespace {

using stats::Kind;

constexpr std::array kTable = {
    stats::Metric{"downstream_cx_total", Kind::kCounter},
    stats::Metric{"downstream_cx_active", Kind::kGauge},
    stats::Metric{"downstream_cx_destroy", Kind::kCounter},
    stats::Metric{"downstream_cx_overflow", Kind::kCounter},
    stats::Metric{"downstream_global_cx_overflow", Kind::kCounter},
    stats::Metric{"accept_error", Kind::kCounter},
};

}  // namespace

ListenerCounters ListenerCounters::Declare(stats::Store& store, std::string_view stat_name) {
  stats::GroupPtr group = store.Declare(stats::ListenerScope(stat_name), kTable);
  return {
      .group = group,
      .downstream_cx_total = group->counter(stats::IndexOf(kTable, "downstream_cx_total")),
      .downstream_cx_active = group->gauge(stats::IndexOf(kTable, "downstream_cx_active")),
      .downstream_cx_destroy = group->counter(stats::IndexOf(kTable, "downstream_cx_destroy")),
      .downstream_cx_overflow = group->counter(stats::IndexOf(kTable, "downstream_cx_overflow")),
      .downstream_global_cx_overflow =
          group->counter(stats::IndexOf(kTable, "downstream_global_cx_overflow")),
      .accept_error = group->counter(stats::IndexOf(kTable, "accept_error")),
  };
}

}  // namespace outrigger::config
