#pragma once

#include <chrono>

#include "source/event/loop.h"

namespace outrigger::test {

// Turns `loop` until `is_done()`; false: that did not happen in half a minute of real time, which
// only a failing test waits for. The loop's own clock is the test's to turn.
template <typename Done>
[[nodiscard]] bool TurnUntil(event::Loop& loop, Done is_done) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!is_done()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    loop.RunOnce(base::Milliseconds(5));
  }
  return true;
}

}  // namespace outrigger::test
