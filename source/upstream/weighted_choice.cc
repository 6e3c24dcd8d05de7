#include "source/upstream/weighted_choice.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace outrigger::upstream {

WeightedRotation::WeightedRotation(std::vector<uint32_t> weights, Random& random) {
  // A period is 2^40 / weight: weights up to 2^20 lose less than a millionth by rounding.
  constexpr uint32_t kMaxWeight = 1 << 20;
  const uint32_t greatest = *std::max_element(weights.begin(), weights.end());
  heap_.reserve(weights.size());
  for (uint32_t i = 0; i < weights.size(); ++i) {
    uint64_t weight = weights[i];
    if (greatest > kMaxWeight) weight = std::max<uint64_t>(1, weight * kMaxWeight / greatest);
    const uint64_t period = (uint64_t{1} << 40) / weight;
    heap_.push_back({random.Next() % period, period, i});
  }
  for (size_t at = heap_.size() / 2; at-- > 0;) SiftDown(at);
}

uint32_t WeightedRotation::Next() {
  Entry& first = heap_.front();
  const uint32_t index = first.index;
  first.deadline += first.period;
  SiftDown(0);
  return index;
}

void WeightedRotation::SiftDown(size_t at) {
  const Entry moving = heap_[at];
  for (;;) {
    size_t child = 2 * at + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && IsBefore(heap_[child + 1], heap_[child])) ++child;
    if (!IsBefore(heap_[child], moving)) break;
    heap_[at] = heap_[child];
    at = child;
  }
  heap_[at] = moving;
}

WeightedDraw::WeightedDraw(const std::vector<uint32_t>& weights) : slots_(weights.size()) {
  constexpr uint32_t kAlways = std::numeric_limits<uint32_t>::max();
  double sum = 0;
  for (const uint32_t weight : weights) sum += weight;
  // Each slot is one unit high; those with less than a unit are filled up by one with more.
  std::vector<double> height(weights.size());
  std::vector<uint32_t> low, high;
  for (uint32_t i = 0; i < weights.size(); ++i) {
    height[i] = weights[i] * static_cast<double>(weights.size()) / sum;
    (height[i] < 1 ? low : high).push_back(i);
  }
  while (!low.empty() && !high.empty()) {
    const uint32_t filled = low.back();
    const uint32_t from = high.back();
    low.pop_back();
    slots_[filled] = {static_cast<uint32_t>(height[filled] * kAlways), from};
    height[from] -= 1 - height[filled];
    if (height[from] < 1) {
      high.pop_back();
      low.push_back(from);
    }
  }
  for (const uint32_t whole : high) slots_[whole] = {kAlways, whole};
  for (const uint32_t whole : low) slots_[whole] = {kAlways, whole};  // by rounding
}

}  // namespace outrigger::upstream
