#include "source/extensions/http_filters/local_ratelimit/token_bucket.h"

#include <algorithm>

#include "source/base/check.h"

namespace outrigger::local_ratelimit {

bool TokenBucket::CanHold(uint32_t max_tokens, uint32_t per_fill, base::Nanoseconds interval) {
  return static_cast<__int128>(interval.count()) * max_tokens / per_fill <= kLongestFill.count();
}

TokenBucket::TokenBucket(uint32_t max_tokens, uint32_t per_fill, base::Nanoseconds interval)
    : max_tokens_(max_tokens),
      token_ns_(std::max<int64_t>(1, interval.count() / per_fill)),
      full_ns_(token_ns_ * max_tokens) {
  DCHECK(CanHold(max_tokens, per_fill, interval));
}

int64_t TokenBucket::EmptyAt(base::MonoTime now) const {
  const int64_t full_since = now.time_since_epoch().count() - full_ns_;
  return std::max(empty_at_.load(std::memory_order_relaxed), full_since);
}

bool TokenBucket::Take(base::MonoTime now) {
  const int64_t now_ns = now.time_since_epoch().count();
  int64_t seen = empty_at_.load(std::memory_order_relaxed);
  while (true) {
    const int64_t next = std::max(seen, now_ns - full_ns_) + token_ns_;
    if (next > now_ns) return false;
    if (empty_at_.compare_exchange_weak(seen, next, std::memory_order_relaxed)) return true;
  }
}

uint32_t TokenBucket::Remaining(base::MonoTime now) const {
  const int64_t tokens = (now.time_since_epoch().count() - EmptyAt(now)) / token_ns_;
  return static_cast<uint32_t>(std::clamp<int64_t>(tokens, 0, max_tokens_));
}

base::Nanoseconds TokenBucket::UntilFull(base::MonoTime now) const {
  return base::Nanoseconds(EmptyAt(now) + full_ns_ - now.time_since_epoch().count());
}

}  // namespace outrigger::local_ratelimit
