#include "source/event/timer.h"

#include "source/event/loop.h"

namespace outrigger::event {

void Timer::Arm(base::Nanoseconds after) { loop_.timers().Insert(*this, loop_.Now(), after); }

void Timer::Cancel() { Unlink(); }

}  // namespace outrigger::event
