#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "source/base/clock.h"
#include "source/event/timer.h"

namespace outrigger::event {

// A hierarchical wheel of 1 ms ticks: four levels of 256 slots (49 days; longer deadlines wait in
// the last slot and are placed again). Insert, cancel and expiry are O(1) a timer.
// Owner: its loop.  Thread: the loop's.
class TimerWheel final {
 public:
  explicit TimerWheel(base::MonoTime start) : start_(start) {}

  void Insert(Timer& timer, base::MonoTime now, base::Nanoseconds after);
  // Fires everything due at `now`, in order of deadline. Timers armed meanwhile with 0 wait for
  // the next round.
  size_t Advance(base::MonoTime now);
  // How long until something may be due; nullopt when nothing is armed.
  std::optional<base::Milliseconds> UntilNext(base::MonoTime now);

 private:
  static constexpr int kLevels = 4;
  static constexpr int kSlotBits = 8;
  static constexpr uint64_t kSlots = 1 << kSlotBits;
  using Slot = base::IntrusiveList<Timer, Timer>;
  struct Level {
    std::array<Slot, kSlots> slots;
    std::array<uint64_t, kSlots / 64> occupied{};  // may be set for a slot that cancels emptied
  };

  void Place(Timer& timer);
  void CollectDue(uint64_t target);
  void Cascade(int level);
  std::optional<uint64_t> NextTick();

  base::MonoTime start_;
  uint64_t tick_ = 0;  // everything due up to here has left the levels
  std::array<Level, kLevels> levels_;
  Slot due_;  // fires at the next Advance
};

}  // namespace outrigger::event
