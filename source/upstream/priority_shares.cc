#include "source/upstream/priority_shares.h"

#include <algorithm>
#include <numeric>

namespace outrigger::upstream {
namespace {

uint32_t PercentServed(uint32_t usable, uint32_t total, uint32_t factor_percent) {
  if (total == 0) return 0;
  return static_cast<uint32_t>(std::min<uint64_t>(100, uint64_t{factor_percent} * usable / total));
}

bool IsBelow(const PriorityHealth& priority, double panic_threshold_percent) {
  const double usable = priority.healthy + priority.degraded;
  return priority.total == 0 ? panic_threshold_percent > 0
                             : 100.0 * usable / priority.total < panic_threshold_percent;
}

// Every priority panics: each takes its part of all endpoints.
std::vector<PriorityShare> SpreadBySize(absl::Span<const PriorityHealth> priorities) {
  uint64_t total = 0;
  for (const PriorityHealth& priority : priorities) total += priority.total;
  std::vector<PriorityShare> shares;
  uint32_t left = 100;
  for (uint32_t i = 0; i < priorities.size(); ++i) {
    if (priorities[i].total == 0) continue;
    const auto percent = static_cast<uint32_t>(uint64_t{100} * priorities[i].total / total);
    shares.push_back({i, ShareKind::kAll, percent});
    left -= percent;
  }
  if (!shares.empty()) shares.front().percent += left;
  std::erase_if(shares, [](const PriorityShare& share) { return share.percent == 0; });
  return shares;
}

}  // namespace

std::vector<PriorityShare> SpreadOverPriorities(absl::Span<const PriorityHealth> priorities,
                                                uint32_t overprovisioning_factor_percent,
                                                double panic_threshold_percent) {
  std::vector<uint32_t> served[2];  // by ShareKind, for each priority
  for (const PriorityHealth& priority : priorities) {
    served[0].push_back(
        PercentServed(priority.healthy, priority.total, overprovisioning_factor_percent));
    served[1].push_back(
        PercentServed(priority.degraded, priority.total, overprovisioning_factor_percent));
  }
  uint32_t sum = 0;
  for (const auto& each : served) sum = std::accumulate(each.begin(), each.end(), sum);
  const uint32_t all = std::min<uint32_t>(100, sum);

  std::vector<bool> panics(priorities.size(), false);
  if (all < 100) {
    for (size_t i = 0; i < priorities.size(); ++i) {
      panics[i] = IsBelow(priorities[i], panic_threshold_percent);
    }
    if (std::find(panics.begin(), panics.end(), false) == panics.end()) {
      return SpreadBySize(priorities);
    }
  }
  if (all == 0) return {};

  std::vector<PriorityShare> shares;
  uint32_t left = 100;
  for (const ShareKind kind : {ShareKind::kHealthy, ShareKind::kDegraded}) {
    for (uint32_t i = 0; i < priorities.size() && left > 0; ++i) {
      const uint32_t percent = std::min(left, served[static_cast<int>(kind)][i] * 100 / all);
      if (percent == 0) continue;
      left -= percent;
      shares.push_back({i, panics[i] ? ShareKind::kAll : kind, percent});
    }
  }
  // What rounding left over.
  if (!shares.empty()) shares.front().percent += left;
  return shares;
}

}  // namespace outrigger::upstream
