#pragma once

#include <cstdint>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "source/base/clock.h"
#include "source/base/intrusive_list.h"

namespace outrigger::event {

class Loop;

// A one-shot timer of a loop, to the millisecond (it never fires early; it may fire a little late).
// Owner: a member of the object that it calls back.  Thread: the loop's.
// Arm and Cancel are O(1) and allocate nothing, so a timer may be moved on every request; what
// moves on every byte should keep a deadline and re-arm when the timer fires.
class Timer final : private base::ListLink<Timer> {
 public:
  Timer(Loop& loop, absl::AnyInvocable<void()> on_fire)
      : loop_(loop), on_fire_(std::move(on_fire)) {}

  // Fires once, `after` from the loop's Now(); replaces an earlier deadline.
  void Arm(base::Nanoseconds after);
  void Cancel();
  bool is_armed() const { return is_linked(); }

 private:
  friend class TimerWheel;
  template <typename T, typename Tag>
  friend class base::IntrusiveList;

  Loop& loop_;
  uint64_t deadline_tick_ = 0;
  absl::AnyInvocable<void()> on_fire_;  // may destroy the timer
};

}  // namespace outrigger::event
