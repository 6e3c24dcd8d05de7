#include "source/downstream/http_counters.h"

#include <array>

#include "source/stats/envoy_scopes.h"

namespace outrigger::downstream {
namespace {

using stats::Kind;

constexpr std::array kTable = {
#define OUTRIGGER_COUNTER(name) stats::Metric{#name, Kind::kCounter},
#define OUTRIGGER_GAUGE(name) stats::Metric{#name, Kind::kGauge},
#define OUTRIGGER_HISTOGRAM(name) stats::Metric{#name, Kind::kHistogram},
    OUTRIGGER_HTTP_COUNTERS(OUTRIGGER_COUNTER, OUTRIGGER_GAUGE, OUTRIGGER_HISTOGRAM)
#undef OUTRIGGER_COUNTER
#undef OUTRIGGER_GAUGE
#undef OUTRIGGER_HISTOGRAM
#define OUTRIGGER_CLASS(digit)                                                                    \
  stats::Metric {                                                                                 \
    "downstream_rq_" digit "xx", Kind::kCounter, "downstream_rq_xx", "envoy_response_code_class", \
        digit                                                                                     \
  }
        OUTRIGGER_CLASS("1"),
    OUTRIGGER_CLASS("2"),
    OUTRIGGER_CLASS("3"),
    OUTRIGGER_CLASS("4"),
    OUTRIGGER_CLASS("5"),
#undef OUTRIGGER_CLASS
};

}  // namespace

HttpCounters HttpCounters::Declare(stats::Store& store, std::string_view stat_prefix) {
  HttpCounters counters;
  counters.group = store.Declare(stats::HttpScope(stat_prefix), kTable);
#define OUTRIGGER_COUNTER(name) \
  counters.name = counters.group->counter(stats::IndexOf(kTable, #name));
#define OUTRIGGER_GAUGE(name) counters.name = counters.group->gauge(stats::IndexOf(kTable, #name));
#define OUTRIGGER_HISTOGRAM(name) \
  counters.name = counters.group->histogram(stats::IndexOf(kTable, #name));
  OUTRIGGER_HTTP_COUNTERS(OUTRIGGER_COUNTER, OUTRIGGER_GAUGE, OUTRIGGER_HISTOGRAM)
#undef OUTRIGGER_COUNTER
#undef OUTRIGGER_GAUGE
#undef OUTRIGGER_HISTOGRAM
  constexpr size_t kFirstClass = stats::IndexOf(kTable, "downstream_rq_1xx");
  for (size_t i = 0; i < 5; ++i) {
    counters.downstream_rq_xx[i] = counters.group->counter(kFirstClass + i);
  }
  return counters;
}

}  // namespace outrigger::downstream
