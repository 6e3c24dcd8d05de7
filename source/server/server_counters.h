#pragma once

#include "source/stats/store.h"

namespace outrigger::server {

// The `server.*` statistics, with Envoy's names.
struct ServerCounters {
  static ServerCounters Declare(stats::Store& store);

  stats::GroupPtr group;
  stats::Gauge live;   // 1 while serving
  stats::Gauge state;  // 0 LIVE, 1 DRAINING, 2 PRE_INITIALIZING, 3 INITIALIZING
  stats::Gauge uptime;
  stats::Gauge concurrency;
  stats::Gauge total_connections;
  stats::Gauge memory_allocated;
  stats::Gauge memory_heap_size;
  stats::Gauge memory_physical_size;
  stats::Gauge days_until_first_cert_expiring;  // never set while there are none
  stats::Histogram initialization_time_ms;
};

// Bytes of this process. Reads /proc; main thread only.
struct MemoryUse {
  uint64_t allocated = 0;  // handed out by malloc
  uint64_t heap = 0;       // taken by malloc from the kernel
  uint64_t resident = 0;
};
MemoryUse ReadMemoryUse();

}  // namespace outrigger::server
