#include "source/base/clock.h"

#include "absl/time/clock.h"

namespace outrigger::base {

MonoTime SystemClock::Now() const { return std::chrono::steady_clock::now(); }

absl::Time SystemClock::WallNow() const { return absl::Now(); }

}  // namespace outrigger::base
