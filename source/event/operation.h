#pragma once

#include <utility>

#include "absl/functional/any_invocable.h"

namespace outrigger::event {

// Work in progress that its holder started. Destroying it cancels the work, and then the callback
// never runs. Completed work leaves an Operation that does nothing when destroyed.
// Thread: the one that started the work.
class [[nodiscard]] Operation {
 public:
  Operation() = default;
  explicit Operation(absl::AnyInvocable<void()> cancel) : cancel_(std::move(cancel)) {}
  Operation(Operation&& other) noexcept : cancel_(std::exchange(other.cancel_, nullptr)) {}
  Operation& operator=(Operation&& other) noexcept {
    if (this != &other) {
      Cancel();
      cancel_ = std::exchange(other.cancel_, nullptr);
    }
    return *this;
  }
  ~Operation() { Cancel(); }

  void Cancel() {
    if (auto cancel = std::exchange(cancel_, nullptr)) cancel();
  }

 private:
  absl::AnyInvocable<void()> cancel_;
};

}  // namespace outrigger::event
