#pragma once

#include "source/stats/response_codes.h"
#include "source/stats/store.h"

namespace outrigger::upstream {

// The `cluster.<name>.*` statistics of traffic, with Envoy's names.
#define OUTRIGGER_CLUSTER_COUNTERS(COUNTER, GAUGE, HISTOGRAM) \
  COUNTER(upstream_cx_total)                                  \
  COUNTER(upstream_cx_http1_total)                            \
  COUNTER(upstream_cx_http2_total)                            \
  GAUGE(upstream_cx_active)                                   \
  COUNTER(upstream_cx_connect_fail)                           \
  COUNTER(upstream_cx_connect_timeout)                        \
  COUNTER(upstream_cx_connect_attempts_exceeded)              \
  COUNTER(upstream_cx_idle_timeout)                           \
  COUNTER(upstream_cx_outdated)                               \
  COUNTER(upstream_cx_max_duration_reached)                   \
  COUNTER(upstream_cx_max_requests)                           \
  COUNTER(upstream_cx_close_notify)                           \
  COUNTER(upstream_cx_none_healthy)                           \
  COUNTER(upstream_cx_overflow)                               \
  COUNTER(upstream_cx_destroy)                                \
  COUNTER(upstream_cx_destroy_local)                          \
  COUNTER(upstream_cx_destroy_remote)                         \
  COUNTER(upstream_cx_destroy_with_active_rq)                 \
  COUNTER(upstream_cx_destroy_local_with_active_rq)           \
  COUNTER(upstream_cx_destroy_remote_with_active_rq)          \
  COUNTER(upstream_cx_protocol_error)                         \
  COUNTER(upstream_cx_rx_bytes_total)                         \
  COUNTER(upstream_cx_tx_bytes_total)                         \
  HISTOGRAM(upstream_cx_connect_ms)                           \
  HISTOGRAM(upstream_cx_length_ms)                            \
  COUNTER(upstream_rq_total)                                  \
  GAUGE(upstream_rq_active)                                   \
  COUNTER(upstream_rq_completed)                              \
  COUNTER(upstream_rq_cancelled)                              \
  COUNTER(upstream_rq_pending_total)                          \
  GAUGE(upstream_rq_pending_active)                           \
  COUNTER(upstream_rq_pending_overflow)                       \
  COUNTER(upstream_rq_pending_failure_eject)                  \
  COUNTER(upstream_rq_maintenance_mode)                       \
  COUNTER(upstream_rq_timeout)                                \
  COUNTER(upstream_rq_per_try_timeout)                        \
  COUNTER(upstream_rq_per_try_idle_timeout)                   \
  COUNTER(upstream_rq_max_duration_reached)                   \
  COUNTER(upstream_rq_rx_reset)                               \
  COUNTER(upstream_rq_tx_reset)                               \
  COUNTER(upstream_rq_retry)                                  \
  COUNTER(upstream_rq_retry_success)                          \
  COUNTER(upstream_rq_retry_overflow)                         \
  COUNTER(upstream_rq_retry_limit_exceeded)                   \
  COUNTER(upstream_rq_retry_backoff_exponential)              \
  COUNTER(upstream_rq_replayed)                               \
  COUNTER(retry_or_shadow_abandoned)                          \
  COUNTER(upstream_flow_control_paused_reading_total)         \
  COUNTER(upstream_flow_control_resumed_reading_total)        \
  COUNTER(upstream_flow_control_backed_up_total)              \
  COUNTER(upstream_flow_control_drained_total)                \
  COUNTER(lb_healthy_panic)                                   \
  HISTOGRAM(upstream_rq_time)

// One worker's handles, taken on the cluster's first use there, and the groups that keep them
// valid.
//
// Pools and load balancers count upstream_cx_*, upstream_rq_{total,active,cancelled,pending_*} and
// lb_*. The router counts the rest: how requests end, retries, flow control, time, and (told by
// OnResponseError) upstream_cx_protocol_error.
struct ClusterCounters {
  // `stat_name` as ClusterSpec has it.
  static ClusterCounters Declare(stats::Store& store, std::string_view stat_name);

  // How a request ended: upstream_rq_completed, upstream_rq_<code>, upstream_rq_<class>xx.
  void CountResponse(int status) const {
    upstream_rq_completed.Increment();
    codes.Count(static_cast<uint32_t>(status));
  }

  stats::GroupPtr group;
  stats::ResponseCodes codes;
  stats::Counter upstream_context_secrets_not_ready;  // client_ssl_socket_factory.<that>
#define OUTRIGGER_COUNTER(name) stats::Counter name;
#define OUTRIGGER_GAUGE(name) stats::Gauge name;
#define OUTRIGGER_HISTOGRAM(name) stats::Histogram name;
  OUTRIGGER_CLUSTER_COUNTERS(OUTRIGGER_COUNTER, OUTRIGGER_GAUGE, OUTRIGGER_HISTOGRAM)
#undef OUTRIGGER_COUNTER
#undef OUTRIGGER_GAUGE
#undef OUTRIGGER_HISTOGRAM
};

// The `cluster.<name>.*` statistics of what the cluster consists of; the main thread's, there for
// every cluster.
struct MembershipCounters {
  static MembershipCounters Declare(stats::Store& store, std::string_view stat_name);
  stats::GroupPtr group;
  stats::Counter membership_change;
  stats::Gauge membership_total;
  stats::Gauge membership_healthy;
  stats::Gauge membership_degraded;
  stats::Gauge membership_excluded;
  stats::Gauge max_host_weight;
  stats::Counter update_attempt;
  stats::Counter update_success;
  stats::Counter update_failure;
  stats::Counter update_empty;
  stats::Counter update_no_rebuild;
};

// The `cluster.<name>.circuit_breakers.<priority>.*` gauges, set by the main thread before
// statistics are shown.
struct BreakerGauges {
  // `tracks_remaining`: the remaining_* gauges too; otherwise they count into the void.
  static BreakerGauges Declare(stats::Store& store, std::string_view stat_name, int priority,
                               bool tracks_remaining);
  stats::GroupPtr group, remaining_group;
  stats::Gauge cx_open, rq_pending_open, rq_open, rq_retry_open;
  stats::Gauge remaining_cx, remaining_pending, remaining_rq, remaining_retries;
};

// The `cluster_manager.*` statistics.
struct ClusterSetCounters {
  static ClusterSetCounters Declare(stats::Store& store);
  stats::GroupPtr group;
  stats::Counter cluster_added;
  stats::Counter cluster_modified;
  stats::Counter cluster_removed;
  stats::Counter cluster_updated;
  stats::Gauge active_clusters;
  stats::Gauge warming_clusters;
};

}  // namespace outrigger::upstream
