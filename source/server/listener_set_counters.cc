#include "source/server/listener_set_counters.h"

#include <array>

#include "source/stats/envoy_scopes.h"

namespace outrigger::server {
namespace {

using stats::Kind;

constexpr std::array kTable = {
    stats::Metric{"listener_added", Kind::kCounter},
    stats::Metric{"listener_modified", Kind::kCounter},
    stats::Metric{"listener_removed", Kind::kCounter},
    stats::Metric{"listener_create_success", Kind::kCounter},
    stats::Metric{"listener_create_failure", Kind::kCounter},
    stats::Metric{"listener_in_place_updated", Kind::kCounter},
    stats::Metric{"listener_stopped", Kind::kCounter},
    stats::Metric{"total_listeners_active", Kind::kGauge},
    stats::Metric{"total_listeners_warming", Kind::kGauge},
    stats::Metric{"total_listeners_draining", Kind::kGauge},
    stats::Metric{"workers_started", Kind::kGauge},
};

}  // namespace

ListenerSetCounters ListenerSetCounters::Declare(stats::Store& store) {
  stats::GroupPtr group = store.Declare(stats::PlainScope("listener_manager."), kTable);
  const auto counter = [&](size_t at) { return group->counter(at); };
  const auto gauge = [&](size_t at) { return group->gauge(at); };
  return {
      .group = group,
      .listener_added = counter(stats::IndexOf(kTable, "listener_added")),
      .listener_modified = counter(stats::IndexOf(kTable, "listener_modified")),
      .listener_removed = counter(stats::IndexOf(kTable, "listener_removed")),
      .listener_create_success = counter(stats::IndexOf(kTable, "listener_create_success")),
      .listener_create_failure = counter(stats::IndexOf(kTable, "listener_create_failure")),
      .listener_in_place_updated = counter(stats::IndexOf(kTable, "listener_in_place_updated")),
      .listener_stopped = counter(stats::IndexOf(kTable, "listener_stopped")),
      .total_listeners_active = gauge(stats::IndexOf(kTable, "total_listeners_active")),
      .total_listeners_warming = gauge(stats::IndexOf(kTable, "total_listeners_warming")),
      .total_listeners_draining = gauge(stats::IndexOf(kTable, "total_listeners_draining")),
      .workers_started = gauge(stats::IndexOf(kTable, "workers_started")),
  };
}

}  // namespace outrigger::server
