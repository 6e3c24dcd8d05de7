#pragma once

#include <cstdint>

#include "source/stats/metric.h"

namespace outrigger::upstream {

// What is counted for one endpoint of a cluster, as /clusters shows it. The numbers are cells of
// each thread (stats/cells.h), so workers count without disturbing each other.
// Owner: shared by the versions of its endpoint.  Thread: any may count and read.
class EndpointTally {
 public:
  EndpointTally();
  ~EndpointTally();
  EndpointTally(const EndpointTally&) = delete;
  EndpointTally& operator=(const EndpointTally&) = delete;

  stats::Gauge cx_active() const { return stats::Gauge(first_); }
  stats::Counter cx_total() const { return stats::Counter(first_ + 1); }
  stats::Counter cx_connect_fail() const { return stats::Counter(first_ + 2); }
  stats::Gauge rq_active() const { return stats::Gauge(first_ + 3); }
  stats::Counter rq_total() const { return stats::Counter(first_ + 4); }
  // The router's: by status (5xx is an error), resets are errors, and timeouts.
  stats::Counter rq_success() const { return stats::Counter(first_ + 5); }
  stats::Counter rq_error() const { return stats::Counter(first_ + 6); }
  stats::Counter rq_timeout() const { return stats::Counter(first_ + 7); }

  void CountResponse(int status) const { (status < 500 ? rq_success() : rq_error()).Increment(); }

 private:
  static constexpr uint32_t kCells = 8;
  const uint32_t first_;
};

}  // namespace outrigger::upstream
