#pragma once

#include "source/stats/store.h"

namespace outrigger::downstream {

// The `http.<stat_prefix>.*` statistics, with Envoy's names. X(member, type)
#define OUTRIGGER_HTTP_COUNTERS(COUNTER, GAUGE, HISTOGRAM) \
  COUNTER(downstream_cx_total)                             \
  GAUGE(downstream_cx_active)                              \
  COUNTER(downstream_cx_http1_total)                       \
  GAUGE(downstream_cx_http1_active)                        \
  COUNTER(downstream_cx_http2_total)                       \
  GAUGE(downstream_cx_http2_active)                        \
  COUNTER(downstream_cx_upgrades_total)                    \
  GAUGE(downstream_cx_upgrades_active)                     \
  COUNTER(downstream_cx_destroy)                           \
  COUNTER(downstream_cx_destroy_local)                     \
  COUNTER(downstream_cx_destroy_remote)                    \
  COUNTER(downstream_cx_destroy_active_rq)                 \
  COUNTER(downstream_cx_destroy_local_active_rq)           \
  COUNTER(downstream_cx_destroy_remote_active_rq)          \
  COUNTER(downstream_cx_protocol_error)                    \
  COUNTER(downstream_cx_idle_timeout)                      \
  COUNTER(downstream_cx_max_duration_reached)              \
  COUNTER(downstream_cx_max_requests_reached)              \
  COUNTER(downstream_cx_drain_close)                       \
  COUNTER(downstream_cx_rx_bytes_total)                    \
  COUNTER(downstream_cx_tx_bytes_total)                    \
  HISTOGRAM(downstream_cx_length_ms)                       \
  COUNTER(downstream_flow_control_paused_reading_total)    \
  COUNTER(downstream_flow_control_resumed_reading_total)   \
  COUNTER(downstream_rq_total)                             \
  GAUGE(downstream_rq_active)                              \
  COUNTER(downstream_rq_http1_total)                       \
  COUNTER(downstream_rq_http2_total)                       \
  COUNTER(downstream_rq_completed)                         \
  COUNTER(downstream_rq_rx_reset)                          \
  COUNTER(downstream_rq_tx_reset)                          \
  COUNTER(downstream_rq_timeout)                           \
  COUNTER(downstream_rq_header_timeout)                    \
  COUNTER(downstream_rq_idle_timeout)                      \
  COUNTER(downstream_rq_max_duration_reached)              \
  COUNTER(downstream_rq_too_large)                         \
  COUNTER(downstream_rq_overload_close)                    \
  COUNTER(downstream_rq_non_relative_path)                 \
  COUNTER(downstream_rq_ws_on_non_ws_route)                \
  COUNTER(downstream_rq_response_before_rq_complete)       \
  HISTOGRAM(downstream_rq_time)                            \
  COUNTER(no_route)                                        \
  COUNTER(dropped_headers_with_underscores)                \
  COUNTER(requests_rejected_with_underscores_in_headers)

// The handles of one connection manager, and the group that keeps them valid. Copied into its
// options; a default-made one counts into the void.
struct HttpCounters {
  static HttpCounters Declare(stats::Store& store, std::string_view stat_prefix);

  stats::GroupPtr group;
#define OUTRIGGER_COUNTER(name) stats::Counter name;
#define OUTRIGGER_GAUGE(name) stats::Gauge name;
#define OUTRIGGER_HISTOGRAM(name) stats::Histogram name;
  OUTRIGGER_HTTP_COUNTERS(OUTRIGGER_COUNTER, OUTRIGGER_GAUGE, OUTRIGGER_HISTOGRAM)
#undef OUTRIGGER_COUNTER
#undef OUTRIGGER_GAUGE
#undef OUTRIGGER_HISTOGRAM
  stats::Counter downstream_rq_xx[5];  // 1xx to 5xx

  void CountStatus(int status) const {
    if (status >= 100 && status < 600) downstream_rq_xx[status / 100 - 1].Increment();
  }
};

}  // namespace outrigger::downstream
