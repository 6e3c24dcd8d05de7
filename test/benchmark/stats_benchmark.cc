#include <string>
#include <vector>

#include "benchmark/benchmark.h"
#include "source/stats/envoy_scopes.h"
#include "source/stats/prometheus.h"
#include "source/stats/render.h"
#include "source/stats/response_codes.h"
#include "source/stats/store.h"

namespace outrigger::stats {
namespace {

void AddToACounter(benchmark::State& state) {
  const Counter counter(cells::Allocate(1));
  for (auto _ : state) counter.Increment();
}
// More threads cost nothing: no cache line is shared.
BENCHMARK(AddToACounter)->Threads(1)->Threads(2)->Threads(4);

void AddToAGauge(benchmark::State& state) {
  const Gauge gauge(cells::Allocate(1));
  for (auto _ : state) gauge.Increment();
}
BENCHMARK(AddToAGauge);

void RecordInAHistogram(benchmark::State& state) {
  const Histogram histogram(cells::Allocate(1));
  uint64_t value = 0;
  for (auto _ : state) histogram.Record(value++ & 1023);
}
BENCHMARK(RecordInAHistogram);

void CountAResponseCode(benchmark::State& state) {
  Store store;
  const ResponseCodes codes(store, ClusterScope("a"));
  for (auto _ : state) codes.Count(200);
}
BENCHMARK(CountAResponseCode);

constexpr Metric kTable[] = {{"upstream_rq_total"},
                             {"upstream_rq_timeout"},
                             {"upstream_cx_active", Kind::kGauge},
                             {"upstream_rq_time", Kind::kHistogram}};

std::vector<ResponseCodes> ManyClusters(Store& store, int64_t count,
                                        std::vector<GroupPtr>& groups) {
  std::vector<ResponseCodes> codes;
  for (int64_t i = 0; i < count; ++i) {
    const Scope scope = ClusterScope("service-" + std::to_string(i));
    codes.emplace_back(store, scope);
    groups.push_back(store.Declare(scope, kTable));
  }
  return codes;
}

void DeclareAndDropACluster(benchmark::State& state) {
  Store store;
  for (auto _ : state) {
    benchmark::DoNotOptimize(store.Declare(ClusterScope("a"), kTable));
  }
}
BENCHMARK(DeclareAndDropACluster);

template <typename Render>
void Scrape(benchmark::State& state, Render render) {
  Store store;
  std::vector<GroupPtr> groups;
  const auto codes = ManyClusters(store, state.range(0), groups);
  size_t bytes = 0;
  for (auto _ : state) render(store, [&](std::string_view chunk) { bytes += chunk.size(); });
  state.SetBytesProcessed(static_cast<int64_t>(bytes));
}
void ScrapeText(benchmark::State& state) {
  Scrape(state, [](const Store& store, Sink sink) {
    RenderText(store, {}, HistogramForm::kSummary, sink);
  });
}
void ScrapePrometheus(benchmark::State& state) {
  Scrape(state, [](const Store& store, Sink sink) { RenderPrometheus(store, {}, {}, sink); });
}
BENCHMARK(ScrapeText)->Arg(10)->Arg(1000);
BENCHMARK(ScrapePrometheus)->Arg(10)->Arg(1000);

}  // namespace
}  // namespace outrigger::stats
