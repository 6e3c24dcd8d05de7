#include "source/server/drain.h"

#include <utility>

#include "source/base/log.h"

namespace outrigger::server {
namespace {

constexpr base::Milliseconds kLookEvery{20};

}  // namespace

Drain::Drain(event::Loop& loop, ListenerSet& listeners, const ConnectionBudget& budget,
             base::Milliseconds drain_time, std::function<void(bool)> on_done)
    : loop_(loop),
      listeners_(listeners),
      budget_(budget),
      drain_time_(drain_time),
      on_done_(std::move(on_done)),
      timer_(loop, [this] { Look(); }) {}

void Drain::Begin() {
  if (std::exchange(has_begun_, true)) return;
  began_ = loop_.Now();
  listeners_.StopAccepting(ListenerSet::Which::kAll);
  listeners_.Drain(ListenerSet::Which::kAll, false);
  timer_.Arm(kLookEvery);
}

void Drain::Look() {
  const base::Nanoseconds passed = loop_.Now() - began_;
  const int64_t open = budget_.used.load(std::memory_order_relaxed);
  if (passed >= drain_time_ || open == 0) {
    if (open > 0) {
      LOG(kWarning, kMain, "drain time is over, cutting off ", open, " connections");
    }
    return std::exchange(on_done_, nullptr)(open == 0);
  }
  if (passed >= kIdleGrace && !std::exchange(has_closed_idle_, true)) {
    listeners_.Drain(ListenerSet::Which::kAll, true);
  }
  timer_.Arm(kLookEvery);
}

}  // namespace outrigger::server
