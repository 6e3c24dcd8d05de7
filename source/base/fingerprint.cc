#include "source/base/fingerprint.h"

#include <xxhash.h>

namespace outrigger::base {

Fingerprint FingerprintOf(std::string_view text) {
  const XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
  return {hash.high64, hash.low64};
}

uint64_t XxHash64(std::string_view text) { return XXH64(text.data(), text.size(), 0); }

}  // namespace outrigger::base
