#include <memory>
#include <vector>

#include "benchmark/benchmark.h"
#include "source/upstream/circuit_breakers.h"
#include "source/upstream/cluster_counters.h"
#include "source/upstream/load_balancer.h"
#include "source/upstream/worker_endpoint.h"

namespace outrigger::upstream {
namespace {

// range(0): the policy; range(1): how many endpoints; range(2): the greatest weight.
void Pick(benchmark::State& state) {
  ClusterSpec spec;
  spec.lb_policy = static_cast<LbPolicy>(state.range(0));
  std::vector<std::unique_ptr<WorkerEndpoint>> endpoints;
  std::vector<WorkerEndpoint*> row;
  for (int i = 0; i < state.range(1); ++i) {
    auto endpoint = std::make_shared<Endpoint>();
    endpoint->addresses = {*net::Address::Ip("127.0.0.1", static_cast<uint16_t>(i))};
    endpoint->weight = static_cast<uint32_t>(1 + i % state.range(2));
    endpoints.push_back(std::make_unique<WorkerEndpoint>(std::move(endpoint)));
    row.push_back(endpoints.back().get());
  }
  Random random(1);
  LoadBalancer balancer(spec, 140, row, random);
  for (auto _ : state) benchmark::DoNotOptimize(balancer.Pick().endpoint);
}
constexpr auto kRoundRobin = static_cast<int64_t>(LbPolicy::kRoundRobin);
constexpr auto kLeastRequest = static_cast<int64_t>(LbPolicy::kLeastRequest);
BENCHMARK(Pick)
    ->Args({kRoundRobin, 1, 1})
    ->Args({kRoundRobin, 100, 1})
    ->Args({kRoundRobin, 100, 5})
    ->Args({kRoundRobin, 10'000, 5})
    ->Args({kLeastRequest, 100, 1})
    ->Args({kLeastRequest, 10'000, 5});

// What a request costs in circuit breakers and statistics.
void CountARequest(benchmark::State& state) {
  static CircuitBreakers breakers;
  BreakerCounts& counts = breakers.by_priority[0];
  const CircuitBreakerLimits limits;
  const ClusterCounters counters;
  const EndpointTally tally;
  for (auto _ : state) {
    if (!counts.requests.Fits(limits.max_requests)) break;
    counts.requests.Add();
    tally.rq_total().Increment();
    tally.rq_active().Increment();
    counters.upstream_rq_total.Increment();
    counters.upstream_rq_active.Increment();
    benchmark::ClobberMemory();
    counts.requests.Sub();
    tally.rq_active().Decrement();
    counters.upstream_rq_active.Decrement();
  }
}
BENCHMARK(CountARequest)->Threads(1)->Threads(2);

}  // namespace
}  // namespace outrigger::upstream
