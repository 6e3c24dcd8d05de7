#include "source/stats/metric.h"

namespace outrigger::stats {

uint64_t Counter::Value() const {
  uint64_t sum = 0;
  cells::ForEachThread(index_, [&](uint64_t cell) { sum += cell; });
  return sum;
}

uint64_t Gauge::Value() const {
  int64_t sum = 0;
  cells::ForEachThread(index_, [&](uint64_t cell) { sum += static_cast<int64_t>(cell) >> 1; });
  return sum < 0 ? 0 : static_cast<uint64_t>(sum);
}

HistogramTotals Histogram::Totals() const {
  HistogramTotals totals;
  cells::ForEachThread(
      index_, [&](uint64_t cell) { totals.Add(*reinterpret_cast<const ThreadHistogram*>(cell)); });
  return totals;
}

}  // namespace outrigger::stats
