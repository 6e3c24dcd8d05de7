#include "source/extensions/http_filters/router/options.h"

#include <array>

#include "source/stats/envoy_scopes.h"

namespace outrigger::router {
namespace {

constexpr std::array kTable = {
#define OUTRIGGER_COUNTER(name) stats::Metric{#name, stats::Kind::kCounter},
    OUTRIGGER_ROUTER_COUNTERS(OUTRIGGER_COUNTER)
#undef OUTRIGGER_COUNTER
};

}  // namespace

RouterCounters RouterCounters::Declare(stats::Store& store, std::string_view stat_prefix) {
  RouterCounters counters;
  counters.group = store.Declare(stats::HttpScope(stat_prefix), kTable);
#define OUTRIGGER_COUNTER(name) \
  counters.name = counters.group->counter(stats::IndexOf(kTable, #name));
  OUTRIGGER_ROUTER_COUNTERS(OUTRIGGER_COUNTER)
#undef OUTRIGGER_COUNTER
  return counters;
}

}  // namespace outrigger::router
