#pragma once

#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace outrigger::upstream {

// The endpoints of one priority, counted.
struct PriorityHealth {
  uint32_t total = 0;
  uint32_t healthy = 0;
  uint32_t degraded = 0;
};

enum class ShareKind : uint8_t {
  kHealthy,
  kDegraded,
  kAll,  // panic: so few are usable that health is not asked
};

// A part of the traffic, and which endpoints of which priority serve it.
struct PriorityShare {
  uint32_t priority = 0;
  ShareKind kind = ShareKind::kHealthy;
  uint32_t percent = 0;
  friend bool operator==(const PriorityShare&, const PriorityShare&) = default;
};

// How traffic spreads over priorities as Envoy does it: a priority takes what its usable endpoints,
// times the overprovisioning factor, can serve; the rest spills over to the next one; degraded
// endpoints come after all healthy ones. When all priorities together cannot serve everything,
// those whose usable part is below the panic threshold use all their endpoints. Shares of 0 % are
// left out; the others add up to 100, or there are none because nothing is usable.
std::vector<PriorityShare> SpreadOverPriorities(absl::Span<const PriorityHealth> priorities,
                                                uint32_t overprovisioning_factor_percent,
                                                double panic_threshold_percent);

}  // namespace outrigger::upstream
