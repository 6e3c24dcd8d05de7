#pragma once

#include <cstdint>
#include <string_view>

#include "source/stats/store.h"

namespace outrigger::router {

// The router's part of `http.<stat_prefix>.*`, with Envoy's names (no_route is counted where routes
// are looked for).
#define OUTRIGGER_ROUTER_COUNTERS(COUNTER) \
  COUNTER(rq_total)                        \
  COUNTER(rq_direct_response)              \
  COUNTER(rq_redirect)                     \
  COUNTER(no_cluster)                      \
  COUNTER(rq_reset_after_downstream_response_started)

struct RouterCounters {
  static RouterCounters Declare(stats::Store& store, std::string_view stat_prefix);

  stats::GroupPtr group;
#define OUTRIGGER_COUNTER(name) stats::Counter name;
  OUTRIGGER_ROUTER_COUNTERS(OUTRIGGER_COUNTER)
#undef OUTRIGGER_COUNTER
};

// envoy.extensions.filters.http.router.v3.Router, compiled. Immutable; shared by all workers.
struct RouterOptions {
  RouterCounters counters;
  // No x-envoy-* header is added to requests or responses.
  bool suppress_envoy_headers = false;
  // The timeout that a proxy before us wrote into x-envoy-expected-rq-timeout-ms is ours too.
  bool respect_expected_timeout = false;
  // StrictHeaderBit of the request headers that must be well-formed.
  uint32_t strict_headers = 0;
  // Count responses by status and time for each cluster.
  bool counts_responses = true;
  // Count gRPC responses by their HTTP status, not by what their grpc-status means.
  bool counts_grpc_by_http_status = false;
};

}  // namespace outrigger::router
