#include "source/http/http2/counters.h"

#include <array>

namespace outrigger::http::http2 {
namespace {

using stats::Kind;

constexpr std::array kTable = {
#define OUTRIGGER_COUNTER(name) stats::Metric{"http2." #name, Kind::kCounter},
#define OUTRIGGER_GAUGE(name) stats::Metric{"http2." #name, Kind::kGauge},
    OUTRIGGER_HTTP2_COUNTERS(OUTRIGGER_COUNTER, OUTRIGGER_GAUGE)
#undef OUTRIGGER_COUNTER
#undef OUTRIGGER_GAUGE
};

}  // namespace

Counters Counters::Declare(stats::Store& store, const stats::Scope& scope) {
  Counters counters;
  counters.group = store.Declare(scope, kTable);
#define OUTRIGGER_COUNTER(name) \
  counters.name = counters.group->counter(stats::IndexOf(kTable, "http2." #name));
#define OUTRIGGER_GAUGE(name) \
  counters.name = counters.group->gauge(stats::IndexOf(kTable, "http2." #name));
  OUTRIGGER_HTTP2_COUNTERS(OUTRIGGER_COUNTER, OUTRIGGER_GAUGE)
#undef OUTRIGGER_COUNTER
#undef OUTRIGGER_GAUGE
  return counters;
}

}  // namespace outrigger::http::http2
