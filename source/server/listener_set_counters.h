#pragma once

#include "source/stats/store.h"

namespace outrigger::server {

// The `listener_manager.*` statistics, with Envoy's names.
struct ListenerSetCounters {
  static ListenerSetCounters Declare(stats::Store& store);

  stats::GroupPtr group;
  stats::Counter listener_added;
  stats::Counter listener_modified;
  stats::Counter listener_removed;
  stats::Counter listener_create_success;
  stats::Counter listener_create_failure;
  stats::Counter listener_in_place_updated;
  stats::Counter listener_stopped;
  stats::Gauge total_listeners_active;
  stats::Gauge total_listeners_warming;
  stats::Gauge total_listeners_draining;
  stats::Gauge workers_started;
};

}  // namespace outrigger::server
