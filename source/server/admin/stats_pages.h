#pragma once

#include <functional>

#include "source/server/admin/admin.h"
#include "source/stats/store.h"

namespace outrigger::server {

// /stats, /stats/prometheus and /reset_counters. `update_gauges` sets the gauges that are only
// current when somebody looks (circuit breakers, uptime); it runs before each page.
void AddStatsPages(Admin& admin, stats::Store& store, std::function<void()> update_gauges);

}  // namespace outrigger::server
