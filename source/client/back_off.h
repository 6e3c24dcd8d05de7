#pragma once

#include <algorithm>
#include <functional>

#include "source/base/clock.h"

namespace outrigger::client {

// How long to wait before trying again: doubles with each failure up to a limit, half of it random,
// so that a thousand proxies do not come back to their control plane at once.
class BackOff final {
 public:
  // `random` gives numbers from 0 up to, not including, 1.
  BackOff(base::Milliseconds first, base::Milliseconds limit, std::function<double()> random)
      : first_(first), limit_(limit), random_(std::move(random)), next_(first) {}

  base::Milliseconds Next() {
    const base::Milliseconds most = next_;
    next_ = std::min(limit_, next_ * 2);
    const double share = 0.5 + random_() / 2;
    return base::Milliseconds(static_cast<int64_t>(static_cast<double>(most.count()) * share));
  }
  void Reset() { next_ = first_; }

 private:
  const base::Milliseconds first_;
  const base::Milliseconds limit_;
  const std::function<double()> random_;
  base::Milliseconds next_;
};

}  // namespace outrigger::client
