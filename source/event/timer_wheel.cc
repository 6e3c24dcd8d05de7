#include "source/event/timer_wheel.h"

#include <algorithm>
#include <bit>

namespace outrigger::event {
namespace {

constexpr int64_t kNanosPerTick = 1'000'000;

// The first set bit at or behind `from`, going round, as a distance from `from`; 256 if none is
// set.
uint64_t DistanceToBit(const std::array<uint64_t, 4>& bits, uint64_t from) {
  const uint64_t word = from / 64;
  const uint64_t shift = from % 64;
  if (const uint64_t rest = bits[word] >> shift) return std::countr_zero(rest);
  for (uint64_t i = 1; i <= 4; ++i) {
    if (const uint64_t next = bits[(word + i) % 4]) {
      return std::min<uint64_t>(256, i * 64 - shift + std::countr_zero(next));
    }
  }
  return 256;
}

}  // namespace

void TimerWheel::Insert(Timer& timer, base::MonoTime now, base::Nanoseconds after) {
  timer.Unlink();
  if (after.count() <= 0) {
    timer.deadline_tick_ = tick_;
  } else {
    // Rounded up: a timer is never early.
    const int64_t nanos = (now - start_ + after).count() + kNanosPerTick - 1;
    timer.deadline_tick_ = static_cast<uint64_t>(nanos / kNanosPerTick);
  }
  Place(timer);
}

void TimerWheel::Place(Timer& timer) {
  if (timer.deadline_tick_ <= tick_) {
    due_.PushBack(timer);
    return;
  }
  constexpr uint64_t kFarthest = (uint64_t{1} << (kSlotBits * kLevels)) - kSlots;
  const uint64_t away = std::min(timer.deadline_tick_ - tick_, kFarthest);
  const int level = (std::bit_width(away) - 1) / kSlotBits;
  const uint64_t slot = ((tick_ + away) >> (kSlotBits * level)) % kSlots;
  levels_[level].slots[slot].PushBack(timer);
  levels_[level].occupied[slot / 64] |= uint64_t{1} << (slot % 64);
}

size_t TimerWheel::Advance(base::MonoTime now) {
  const uint64_t target = static_cast<uint64_t>((now - start_).count() / kNanosPerTick);
  Slot firing;
  firing.Append(due_);
  if (target > tick_) {
    CollectDue(target);
    firing.Append(due_);
  }
  size_t count = 0;
  while (!firing.empty()) {
    Timer& timer = firing.front();
    timer.Unlink();
    ++count;
    timer.on_fire_();
  }
  return count;
}

// Turns the wheel to `target`, moving what is due to due_ in order of deadline.
void TimerWheel::CollectDue(uint64_t target) {
  Level& ticks = levels_[0];
  while (tick_ < target) {
    // The next tick with timers, or the next turn of this level, where the level above has a say.
    const uint64_t to_turn = kSlots - tick_ % kSlots;
    const uint64_t to_slot = 1 + DistanceToBit(ticks.occupied, (tick_ + 1) % kSlots);
    const uint64_t step = std::min(to_turn, to_slot);
    if (tick_ + step > target) {
      tick_ = target;
      return;
    }
    tick_ += step;
    if (step == to_turn) Cascade(1);
    const uint64_t slot = tick_ % kSlots;
    due_.Append(ticks.slots[slot]);
    ticks.occupied[slot / 64] &= ~(uint64_t{1} << (slot % 64));
  }
}

// Places the timers of the slot that `level` has just reached again, closer to their deadline.
void TimerWheel::Cascade(int level) {
  const uint64_t slot = (tick_ >> (kSlotBits * level)) % kSlots;
  if (slot == 0 && level + 1 < kLevels) Cascade(level + 1);
  Slot moving;
  moving.Append(levels_[level].slots[slot]);
  levels_[level].occupied[slot / 64] &= ~(uint64_t{1} << (slot % 64));
  while (!moving.empty()) {
    Timer& timer = moving.front();
    timer.Unlink();
    Place(timer);
  }
}

std::optional<base::Milliseconds> TimerWheel::UntilNext(base::MonoTime now) {
  if (!due_.empty()) return base::Milliseconds(0);
  const std::optional<uint64_t> tick = NextTick();
  if (!tick) return std::nullopt;
  const base::Nanoseconds left = start_ + base::Milliseconds(*tick) - now;
  return std::max(base::Milliseconds(0), std::chrono::ceil<base::Milliseconds>(left));
}

// The tick at which a slot must be looked at next: exact on the first level, the cascade above.
std::optional<uint64_t> TimerWheel::NextTick() {
  std::optional<uint64_t> best;
  for (int i = 0; i < kLevels; ++i) {
    Level& level = levels_[i];
    const uint64_t at = tick_ >> (kSlotBits * i);
    while (true) {
      const uint64_t distance = DistanceToBit(level.occupied, (at + 1) % kSlots);
      if (distance == kSlots) break;
      const uint64_t slot = (at + 1 + distance) % kSlots;
      if (level.slots[slot].empty()) {
        level.occupied[slot / 64] &= ~(uint64_t{1} << (slot % 64));
        continue;
      }
      const uint64_t tick = (at + 1 + distance) << (kSlotBits * i);
      if (!best || tick < *best) best = tick;
      break;
    }
  }
  return best;
}

}  // namespace outrigger::event
