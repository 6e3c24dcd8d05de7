#pragma once

#include <atomic>
#include <cstdint>

#include "source/base/clock.h"

namespace outrigger::local_ratelimit {

// A bucket that all workers draw on: it starts full, refills evenly, and holds at most
// `max_tokens`. The state is one number, the moment at which the bucket was (or will be) empty, so
// drawing is one compare-and-swap and needs no timer. Thread: any.
class TokenBucket {
 public:
  // `per_fill` tokens come each `interval`; both positive, and filling an empty bucket takes at
  // most kLongestFill.
  TokenBucket(uint32_t max_tokens, uint32_t per_fill, base::Nanoseconds interval);
  static constexpr base::Nanoseconds kLongestFill = std::chrono::hours(24 * 365 * 50);
  static bool CanHold(uint32_t max_tokens, uint32_t per_fill, base::Nanoseconds interval);

  // Takes a token; false when there is none.
  bool Take(base::MonoTime now);
  // Whole tokens in the bucket.
  uint32_t Remaining(base::MonoTime now) const;
  // How long until the bucket is full again.
  base::Nanoseconds UntilFull(base::MonoTime now) const;
  uint32_t max_tokens() const { return max_tokens_; }
  // How long one token takes to come.
  base::Nanoseconds token_interval() const { return base::Nanoseconds(token_ns_); }

 private:
  int64_t EmptyAt(base::MonoTime now) const;

  const uint32_t max_tokens_;
  const int64_t token_ns_;  // what one token takes to come, at least 1
  const int64_t full_ns_;   // what a full bucket takes to come
  // In nanoseconds of the monotonic clock; far in the past while the bucket is full.
  std::atomic<int64_t> empty_at_{INT64_MIN};
};

}  // namespace outrigger::local_ratelimit
