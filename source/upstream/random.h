#pragma once

#include <cstdint>

namespace outrigger::upstream {

// Random numbers for load balancing and jitter (SplitMix64): 8 bytes of state, a few instructions a
// number, nothing to do with secrets.
// Thread: one.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t Next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  // Evenly from 0 to bound - 1 (bound > 0; the bias of the multiplication is below 2^-32).
  uint32_t Below(uint32_t bound) { return static_cast<uint32_t>(((Next() >> 32) * bound) >> 32); }

 private:
  uint64_t state_;
};

}  // namespace outrigger::upstream
