#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>

#include "source/upstream/cluster_spec.h"

namespace outrigger::upstream {

// How many of something a cluster has in the whole process. Relaxed: limits are not barriers. The
// two atomic operations of a request cost about 1 ns more than plain ones, and no more with two
// threads (test/benchmark/upstream_benchmark.cc).
class SharedCount {
 public:
  uint32_t value() const { return value_.load(std::memory_order_relaxed); }
  void Add() { value_.fetch_add(1, std::memory_order_relaxed); }
  void Sub(uint32_t amount = 1) { value_.fetch_sub(amount, std::memory_order_relaxed); }
  // Whether one more fits under `limit`. Workers that ask in the same moment may pass it by one
  // each, as in Envoy.
  bool Fits(uint32_t limit) const { return value() < limit; }

 private:
  std::atomic<uint32_t> value_{0};
};

// What the circuit breakers of one routing priority look at.
struct BreakerCounts {
  uint32_t MaxRetries(const CircuitBreakerLimits& limits) const {
    if (!limits.retry_budget_percent) return limits.max_retries;
    const double running = static_cast<double>(requests.value()) + pending.value();
    return std::max(limits.retry_budget_min_concurrency,
                    static_cast<uint32_t>(running * *limits.retry_budget_percent / 100));
  }

  SharedCount connections, pending, requests, retries;
};

// The counts of one cluster; they outlive its versions, for the requests of an old version load its
// endpoints as well.
// Owner: shared by the cluster's snapshots.  Thread: any.
struct CircuitBreakers {
  std::array<BreakerCounts, 2> by_priority;  // by RoutingPriority
  std::atomic<bool> was_used{false};         // a worker works with the cluster, or did
};

}  // namespace outrigger::upstream
