#include "source/upstream/cluster_counters.h"

#include <array>

#include "source/stats/envoy_scopes.h"

namespace outrigger::upstream {
namespace {

using stats::IndexOf;
using stats::Kind;
using stats::Metric;

constexpr std::string_view kSecretsNotReady =
    "client_ssl_socket_factory.upstream_context_secrets_not_ready";

constexpr std::array kTraffic = {
#define OUTRIGGER_COUNTER(name) Metric{#name, Kind::kCounter},
#define OUTRIGGER_GAUGE(name) Metric{#name, Kind::kGauge},
#define OUTRIGGER_HISTOGRAM(name) Metric{#name, Kind::kHistogram},
    OUTRIGGER_CLUSTER_COUNTERS(OUTRIGGER_COUNTER, OUTRIGGER_GAUGE, OUTRIGGER_HISTOGRAM)
#undef OUTRIGGER_COUNTER
#undef OUTRIGGER_GAUGE
#undef OUTRIGGER_HISTOGRAM
        Metric{kSecretsNotReady, Kind::kCounter},
};

constexpr std::array kMembership = {
    Metric{"membership_change", Kind::kCounter}, Metric{"membership_total", Kind::kGauge},
    Metric{"membership_healthy", Kind::kGauge},  Metric{"membership_degraded", Kind::kGauge},
    Metric{"membership_excluded", Kind::kGauge}, Metric{"max_host_weight", Kind::kGauge},
    Metric{"update_attempt", Kind::kCounter},    Metric{"update_success", Kind::kCounter},
    Metric{"update_failure", Kind::kCounter},    Metric{"update_empty", Kind::kCounter},
    Metric{"update_no_rebuild", Kind::kCounter},
};

constexpr std::array kBreakers = {
    Metric{"cx_open", Kind::kGauge},
    Metric{"rq_pending_open", Kind::kGauge},
    Metric{"rq_open", Kind::kGauge},
    Metric{"rq_retry_open", Kind::kGauge},
};

constexpr std::array kRemaining = {
    Metric{"remaining_cx", Kind::kGauge},
    Metric{"remaining_pending", Kind::kGauge},
    Metric{"remaining_rq", Kind::kGauge},
    Metric{"remaining_retries", Kind::kGauge},
};

constexpr std::array kClusterSet = {
    Metric{"cluster_added", Kind::kCounter},   Metric{"cluster_modified", Kind::kCounter},
    Metric{"cluster_removed", Kind::kCounter}, Metric{"cluster_updated", Kind::kCounter},
    Metric{"active_clusters", Kind::kGauge},   Metric{"warming_clusters", Kind::kGauge},
};

}  // namespace

ClusterCounters ClusterCounters::Declare(stats::Store& store, std::string_view stat_name) {
  ClusterCounters counters;
  const stats::Scope scope = stats::ClusterScope(stat_name);
  counters.group = store.Declare(scope, kTraffic);
  counters.codes = stats::ResponseCodes(store, scope);
  counters.upstream_context_secrets_not_ready =
      counters.group->counter(IndexOf(kTraffic, kSecretsNotReady));
#define OUTRIGGER_COUNTER(name) counters.name = counters.group->counter(IndexOf(kTraffic, #name));
#define OUTRIGGER_GAUGE(name) counters.name = counters.group->gauge(IndexOf(kTraffic, #name));
#define OUTRIGGER_HISTOGRAM(name) \
  counters.name = counters.group->histogram(IndexOf(kTraffic, #name));
  OUTRIGGER_CLUSTER_COUNTERS(OUTRIGGER_COUNTER, OUTRIGGER_GAUGE, OUTRIGGER_HISTOGRAM)
#undef OUTRIGGER_COUNTER
#undef OUTRIGGER_GAUGE
#undef OUTRIGGER_HISTOGRAM
  return counters;
}

// The handle of the line of the same name.
#define OUTRIGGER_COUNTER_OF(table, name) .name = group->counter(IndexOf(table, #name))
#define OUTRIGGER_GAUGE_OF(table, name) .name = group->gauge(IndexOf(table, #name))

MembershipCounters MembershipCounters::Declare(stats::Store& store, std::string_view stat_name) {
  stats::GroupPtr group = store.Declare(stats::ClusterScope(stat_name), kMembership);
  return {
      .group = group,
      OUTRIGGER_COUNTER_OF(kMembership, membership_change),
      OUTRIGGER_GAUGE_OF(kMembership, membership_total),
      OUTRIGGER_GAUGE_OF(kMembership, membership_healthy),
      OUTRIGGER_GAUGE_OF(kMembership, membership_degraded),
      OUTRIGGER_GAUGE_OF(kMembership, membership_excluded),
      OUTRIGGER_GAUGE_OF(kMembership, max_host_weight),
      OUTRIGGER_COUNTER_OF(kMembership, update_attempt),
      OUTRIGGER_COUNTER_OF(kMembership, update_success),
      OUTRIGGER_COUNTER_OF(kMembership, update_failure),
      OUTRIGGER_COUNTER_OF(kMembership, update_empty),
      OUTRIGGER_COUNTER_OF(kMembership, update_no_rebuild),
  };
}

BreakerGauges BreakerGauges::Declare(stats::Store& store, std::string_view stat_name, int priority,
                                     bool tracks_remaining) {
  const std::string_view prefix =
      priority == 0 ? "circuit_breakers.default." : "circuit_breakers.high.";
  const stats::Scope scope = stats::ClusterScope(stat_name).Child(prefix, prefix);
  stats::GroupPtr group = store.Declare(scope, kBreakers);
  BreakerGauges gauges = {
      .group = group,
      OUTRIGGER_GAUGE_OF(kBreakers, cx_open),
      OUTRIGGER_GAUGE_OF(kBreakers, rq_pending_open),
      OUTRIGGER_GAUGE_OF(kBreakers, rq_open),
      OUTRIGGER_GAUGE_OF(kBreakers, rq_retry_open),
  };
  if (!tracks_remaining) return gauges;
  group = gauges.remaining_group = store.Declare(scope, kRemaining);
  gauges.remaining_cx = group->gauge(IndexOf(kRemaining, "remaining_cx"));
  gauges.remaining_pending = group->gauge(IndexOf(kRemaining, "remaining_pending"));
  gauges.remaining_rq = group->gauge(IndexOf(kRemaining, "remaining_rq"));
  gauges.remaining_retries = group->gauge(IndexOf(kRemaining, "remaining_retries"));
  return gauges;
}

ClusterSetCounters ClusterSetCounters::Declare(stats::Store& store) {
  stats::GroupPtr group = store.Declare(stats::PlainScope("cluster_manager."), kClusterSet);
  return {
      .group = group,
      OUTRIGGER_COUNTER_OF(kClusterSet, cluster_added),
      OUTRIGGER_COUNTER_OF(kClusterSet, cluster_modified),
      OUTRIGGER_COUNTER_OF(kClusterSet, cluster_removed),
      OUTRIGGER_COUNTER_OF(kClusterSet, cluster_updated),
      OUTRIGGER_GAUGE_OF(kClusterSet, active_clusters),
      OUTRIGGER_GAUGE_OF(kClusterSet, warming_clusters),
  };
}

#undef OUTRIGGER_COUNTER_OF
#undef OUTRIGGER_GAUGE_OF

}  // namespace outrigger::upstream
