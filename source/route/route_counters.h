#pragma once

#include <string_view>

#include "source/stats/response_codes.h"
#include "source/stats/store.h"

namespace outrigger::route {

// The `vhost.<virtual host>.route.<stat_prefix>.*` statistics of one route, with Envoy's names:
// handles, and the groups that keep them valid. The router counts.
// Owner: the route.  Thread: any may count.
struct RouteCounters {
  static RouteCounters Declare(stats::Store& store, std::string_view virtual_host,
                               std::string_view stat_prefix);

  // How a request ended: upstream_rq_completed, upstream_rq_<code>, upstream_rq_<class>xx.
  void CountResponse(int status) const {
    upstream_rq_completed.Increment();
    codes.Count(static_cast<uint32_t>(status));
  }

  stats::GroupPtr group;
  stats::ResponseCodes codes;
  stats::Counter upstream_rq_total;  // attempts
  stats::Counter upstream_rq_completed;
  stats::Counter upstream_rq_timeout;
  stats::Counter upstream_rq_retry;
  stats::Counter upstream_rq_retry_success;
  stats::Counter upstream_rq_retry_overflow;
  stats::Counter upstream_rq_retry_limit_exceeded;
  stats::Histogram upstream_rq_time;
};

}  // namespace outrigger::route
