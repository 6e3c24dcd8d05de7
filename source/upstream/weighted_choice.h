#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "source/upstream/random.h"

namespace outrigger::upstream {

// Picks 0..n-1 in turns, each as often as its weight says and as evenly spread as can be: whoever
// has waited longest in units of 1/weight is next (earliest deadline first). O(log n), no
// allocation.
class WeightedRotation {
 public:
  // Weights above 0. The rotation starts at a random place, so that workers are out of step.
  WeightedRotation(std::vector<uint32_t> weights, Random& random);
  uint32_t Next();

 private:
  // Deadlines wrap around; the difference of two is always less than a period.
  struct Entry {
    uint64_t deadline;
    uint64_t period;
    uint32_t index;
  };
  static bool IsBefore(const Entry& a, const Entry& b) {
    const auto difference = static_cast<int64_t>(a.deadline - b.deadline);
    return difference != 0 ? difference < 0 : a.index < b.index;
  }
  void SiftDown(size_t at);

  std::vector<Entry> heap_;  // the earliest first
};

// Picks 0..n-1 at random, each with a probability in proportion to its weight, in O(1) (Walker's
// alias method).
class WeightedDraw {
 public:
  explicit WeightedDraw(const std::vector<uint32_t>& weights);  // above 0
  uint32_t Draw(Random& random) const {
    const uint64_t bits = random.Next();
    const auto slot = static_cast<uint32_t>(((bits >> 32) * slots_.size()) >> 32);
    return static_cast<uint32_t>(bits) < slots_[slot].keep ? slot : slots_[slot].other;
  }

 private:
  struct Slot {
    uint32_t keep;  // of 2^32: how often the slot stands for itself
    uint32_t other;
  };
  std::vector<Slot> slots_;
};

}  // namespace outrigger::upstream
