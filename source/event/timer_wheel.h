#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "source/base/clock.h"
#include "source/base/intrusive_list.h"

namespace outrigger::event {

class Timer;

// A hierarchical wheel of 1 ms ticks: four levels of 256 slots (49 days; longer deadlines wait in
// the last slot and are placed again). Insert, cancel and expiry are O(1) a timer.
// Owner: its loop.  Thread: the loop's.
class TimerWheel final {
 public:
  explicit TimerWheel(base::MonoTime start);

  void Insert(Timer& timer, base::MonoTime now, base::Nanoseconds after);
  // Fires everything due at `now`, in order of deadline. Timers armed meanwhile with 0 wait for
  // the next round.
  size_t Advance(base::MonoTime now);
  // How long until something may be due; nullopt when nothing is armed.
  std::optional<base::Milliseconds> UntilNext(base::MonoTime now) const;

 private:
  static constexpr int kLevels = 4;
  static constexpr int kSlotBits = 8;
  static constexpr int kSlots = 1 << kSlotBits;
  using Slot = base::IntrusiveList<Timer, Timer>;

  void Place(Timer& timer);
  void Cascade(int level);

  base::MonoTime start_;
  uint64_t tick_ = 0;
  std::array<std::array<Slot, kSlots>, kLevels> slots_;
  std::array<std::array<uint64_t, kSlots / 64>, kLevels> occupied_{};  // may be set for an emptied slot
};

}  // namespace outrigger::event
