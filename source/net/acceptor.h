#pragma once

#include <cstdint>

#include "absl/functional/any_invocable.h"
#include "source/event/loop.h"
#include "source/net/socket.h"

namespace outrigger::net {

struct AcceptLimits {
  uint32_t max_per_event = 64;  // then the others of the loop get their turn
};

// Accepts connections of one listening socket on one worker's loop.
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

  event::Loop& loop_;
  int fd_;
  AcceptLimits limits_;
  OnAccept on_accept_;
  absl::AnyInvocable<void(int error)> on_error_;
  event::Timer retry_;
  event::FdWatch watch_;
};

}  // namespace outrigger::net
