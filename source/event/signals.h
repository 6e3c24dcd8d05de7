#pragma once

#include <signal.h>

#include <initializer_list>

#include "absl/functional/any_invocable.h"
#include "source/event/loop.h"

namespace outrigger::event {

// Turns signals of the process into calls on a loop.
// Owner: main().  Thread: made on the main thread before any other is started: it blocks the
// signals there, and threads inherit that, so that only this loop sees them. SIGPIPE is ignored for
// the process: a write to a closed peer is an error of that write.
class Signals final : private FdHandler {
 public:
  Signals(Loop& loop, std::initializer_list<int> signals,
          absl::AnyInvocable<void(int signal)> on_signal);
  // The signals get back what they did before.
  ~Signals() override;
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

 private:
  void OnFdEvents(uint32_t events) override;

  absl::AnyInvocable<void(int signal)> on_signal_;
  sigset_t previous_mask_;
  int fd_;
  FdWatch watch_;
};

}  // namespace outrigger::event
