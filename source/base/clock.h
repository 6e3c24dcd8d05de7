#pragma once

#include <chrono>

#include "absl/time/time.h"

namespace outrigger::base {

// Time inside the process is integer nanoseconds of the monotonic clock: comparing and adding are
// one instruction. Configuration arrives as absl::Duration and is converted once, when it is
// compiled (docs/decisions/0001).
using MonoTime = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;
using Nanoseconds = std::chrono::nanoseconds;
using Milliseconds = std::chrono::milliseconds;

// The seam to time. Thread: Now and WallNow may be called from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual MonoTime Now() const = 0;
  virtual absl::Time WallNow() const = 0;
};

// The system's clocks.
class SystemClock final : public Clock {
 public:
  MonoTime Now() const override;
  absl::Time WallNow() const override;
};

// A clock that a test turns by hand. Thread: one.
class ManualClock final : public Clock {
 public:
  MonoTime Now() const override { return now_; }
  absl::Time WallNow() const override { return wall_; }
  void Advance(Nanoseconds by) {
    now_ += by;
    wall_ += absl::FromChrono(by);
  }

 private:
  MonoTime now_{std::chrono::hours(1)};
  absl::Time wall_ = absl::FromUnixSeconds(1'700'000'000);
};

}  // namespace outrigger::base
