#pragma once

#include <array>
#include <cstdint>

#include "source/stats/store.h"

namespace outrigger::stats {

// Counts final responses by class and by code as Envoy does: `upstream_rq_2xx` and
// `upstream_rq_200`, for Prometheus `..._upstream_rq_xx{envoy_response_code_class="2"}` and
// `..._upstream_rq{envoy_response_code="200"}`. The codes are the registered ones and those that
// servers in the field are known to use; any other counts in its class alone.
// Owner: whatever lives as long as the scope, a cluster say.  Thread: any may Count.
class ResponseCodes {
 public:
  // Counts into nothing.
  ResponseCodes() = default;
  // Below `scope`: a cluster's, or one of its `canary.`, `internal.`, `external.` children.
  ResponseCodes(Store& store, const Scope& scope);

  void Count(uint32_t status) const {
    if (status < 100 || status > 599) return;
    counters_[status / 100 - 1].Increment();
    const uint8_t line = kLineOf[status - 100];
    if (line != 0) counters_[line].Increment();
  }

 private:
  // For each of 100..599 its line in the table, 0 for none.
  static const std::array<uint8_t, 500> kLineOf;

  GroupPtr group_;
  CounterRange counters_;
};

}  // namespace outrigger::stats
