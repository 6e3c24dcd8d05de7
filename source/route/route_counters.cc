#include "source/route/route_counters.h"

#include <array>

#include "source/stats/envoy_scopes.h"

namespace outrigger::route {
namespace {

using stats::Kind;

constexpr std::array kTable = {
    stats::Metric{"upstream_rq_total", Kind::kCounter},
    stats::Metric{"upstream_rq_completed", Kind::kCounter},
    stats::Metric{"upstream_rq_timeout", Kind::kCounter},
    stats::Metric{"upstream_rq_retry", Kind::kCounter},
    stats::Metric{"upstream_rq_retry_success", Kind::kCounter},
    stats::Metric{"upstream_rq_retry_overflow", Kind::kCounter},
    stats::Metric{"upstream_rq_retry_limit_exceeded", Kind::kCounter},
    stats::Metric{"upstream_rq_time", Kind::kHistogram},
};

}  // namespace

RouteCounters RouteCounters::Declare(stats::Store& store, std::string_view virtual_host,
                                     std::string_view stat_prefix) {
  const stats::Scope scope = stats::RouteScope(virtual_host, stat_prefix);
  stats::GroupPtr group = store.Declare(scope, kTable);
  return {.group = group,
          .codes = stats::ResponseCodes(store, scope),
          .upstream_rq_total = group->counter(0),
          .upstream_rq_completed = group->counter(1),
          .upstream_rq_timeout = group->counter(2),
          .upstream_rq_retry = group->counter(3),
          .upstream_rq_retry_success = group->counter(4),
          .upstream_rq_retry_overflow = group->counter(5),
          .upstream_rq_retry_limit_exceeded = group->counter(6),
          .upstream_rq_time = group->histogram(7)};
}

}  // namespace outrigger::route
