#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "absl/time/time.h"
#include "source/stats/store.h"

namespace outrigger::xds {

// The statistics of one subscription, under `cluster_manager.cds.`, `listener_manager.lds.`,
// `http.<prefix>.rds.<name>.` or `cluster.<name>.`; config_apply_ms is ours.
inline constexpr std::array<stats::Metric, 9> kSubscriptionTable = {{
    {"update_attempt", stats::Kind::kCounter},
    {"update_success", stats::Kind::kCounter},
    {"update_rejected", stats::Kind::kCounter},
    {"update_failure", stats::Kind::kCounter},
    {"init_fetch_timeout", stats::Kind::kCounter},
    {"update_time", stats::Kind::kGauge},
    {"version", stats::Kind::kGauge},
    {"version_text", stats::Kind::kText},
    {"config_apply_ms", stats::Kind::kHistogram},
}};

// Handles on them. A default-constructed one counts nothing.
// Owner: a resource feed.  Thread: main.
class SubscriptionCounters final {
 public:
  SubscriptionCounters() = default;
  SubscriptionCounters(stats::Store& store, const stats::Scope& scope);

  stats::Counter attempt;
  stats::Counter success;
  stats::Counter rejected;
  stats::Counter failure;
  stats::Counter init_fetch_timeout;

  // A version was accepted, `apply_time` after it was received.
  void SetAccepted(std::string_view version, absl::Time now, absl::Duration apply_time) const;

 private:
  stats::GroupPtr group_;
};

}  // namespace outrigger::xds
