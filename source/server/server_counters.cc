#include "source/server/server_counters.h"

#include <malloc.h>
#include <unistd.h>

#include <array>
#include <fstream>

#include "source/stats/envoy_scopes.h"

namespace outrigger::server {
namespace {

using stats::Kind;

constexpr std::array kTable = {
    stats::Metric{"live", Kind::kGauge},
    stats::Metric{"state", Kind::kGauge},
    stats::Metric{"uptime", Kind::kGauge},
    stats::Metric{"concurrency", Kind::kGauge},
    stats::Metric{"total_connections", Kind::kGauge},
    stats::Metric{"memory_allocated", Kind::kGauge},
    stats::Metric{"memory_heap_size", Kind::kGauge},
    stats::Metric{"memory_physical_size", Kind::kGauge},
    stats::Metric{"days_until_first_cert_expiring", Kind::kGauge},
    stats::Metric{"initialization_time_ms", Kind::kHistogram},
};

}  // namespace

ServerCounters ServerCounters::Declare(stats::Store& store) {
  stats::GroupPtr group = store.Declare(stats::PlainScope("server."), kTable);
  return {
      .group = group,
      .live = group->gauge(stats::IndexOf(kTable, "live")),
      .state = group->gauge(stats::IndexOf(kTable, "state")),
      .uptime = group->gauge(stats::IndexOf(kTable, "uptime")),
      .concurrency = group->gauge(stats::IndexOf(kTable, "concurrency")),
      .total_connections = group->gauge(stats::IndexOf(kTable, "total_connections")),
      .memory_allocated = group->gauge(stats::IndexOf(kTable, "memory_allocated")),
      .memory_heap_size = group->gauge(stats::IndexOf(kTable, "memory_heap_size")),
      .memory_physical_size = group->gauge(stats::IndexOf(kTable, "memory_physical_size")),
      .days_until_first_cert_expiring =
          group->gauge(stats::IndexOf(kTable, "days_until_first_cert_expiring")),
      .initialization_time_ms = group->histogram(stats::IndexOf(kTable, "initialization_time_ms")),
  };
}

MemoryUse ReadMemoryUse() {
  const struct mallinfo2 heap = mallinfo2();
  uint64_t pages = 0, resident_pages = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident_pages;
  return {.allocated = heap.uordblks + heap.hblkhd,
          .heap = heap.arena + heap.hblkhd,
          .resident = resident_pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE))};
}

}  // namespace outrigger::server
