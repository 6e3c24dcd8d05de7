#pragma once

#include <cstdint>
#include <string_view>

namespace outrigger::base {

// 128 bits that stand for a text; two texts with the same are taken for equal. Not a secret and not
// proof against somebody who looks for collisions.
struct Fingerprint {
  uint64_t high = 0;
  uint64_t low = 0;
  bool operator==(const Fingerprint&) const = default;
};

Fingerprint FingerprintOf(std::string_view text);

// xxHash64 with seed 0: what Envoy shows as the hash of a version.
uint64_t XxHash64(std::string_view text);

}  // namespace outrigger::base
