#pragma once

#include <cstdint>
#include <optional>

#include "absl/functional/any_invocable.h"
#include "source/event/loop.h"
#include "source/net/socket.h"

namespace outrigger::net {

struct AcceptLimits {
  uint32_t max_per_event = 64;  // then the others of the loop get their turn
};

// Accepts connections of one listening socket on one worker's loop. Level-triggered: it takes one
// connection an event, and twice as many each time the queue was not emptied, so that a lone
// connection costs one accept4 and not a second one to learn that there is no other.
// Owner: the worker's listener.  Thread: that worker.
// Errors: EMFILE and ENFILE pause accepting for 100 ms and are counted through on_error; other
// errors of one connection are skipped.
class Acceptor final : private event::FdHandler {
 public:
  using OnAccept = absl::AnyInvocable<void(Socket socket, const Address& peer)>;
  // `fd` is borrowed: the listener keeps it open longer than us.
  Acceptor(event::Loop& loop, int fd, AcceptLimits limits, OnAccept on_accept,
           absl::AnyInvocable<void(int error)> on_error);

 private:
  void OnFdEvents(uint32_t events) override;
  void Watch() {
    watch_.emplace(loop_, fd_, static_cast<event::FdHandler&>(*this), uint32_t{EPOLLIN});
  }

  event::Loop& loop_;
  int fd_;
  AcceptLimits limits_;
  OnAccept on_accept_;
  absl::AnyInvocable<void(int error)> on_error_;
  event::Timer retry_;
  uint32_t burst_ = 1;
  std::optional<event::FdWatch> watch_;  // absent while accepting pauses
};

}  // namespace outrigger::net
