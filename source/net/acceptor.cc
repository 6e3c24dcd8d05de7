#include "source/net/acceptor.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace outrigger::net {
namespace {

constexpr base::Milliseconds kPauseWithoutDescriptors{100};

}  // namespace

Acceptor::Acceptor(event::Loop& loop, int fd, AcceptLimits limits, OnAccept on_accept,
                   absl::AnyInvocable<void(int error)> on_error)
    : loop_(loop),
      fd_(fd),
      limits_(limits),
      on_accept_(std::move(on_accept)),
      on_error_(std::move(on_error)),
      retry_(loop, [this] { Watch(); }) {
  Watch();
}

void Acceptor::OnFdEvents(uint32_t /*events*/) {
  for (uint32_t i = 0; i < burst_; ++i) {
    sockaddr_storage storage;
    socklen_t size = sizeof(storage);
    auto* raw = reinterpret_cast<sockaddr*>(&storage);
    const int fd = accept4(fd_, raw, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      on_accept_(Socket(fd), Address::FromSockaddr(raw, size));
      continue;
    }
    const int error = errno;
    if (error == EAGAIN || error == EWOULDBLOCK) {
      burst_ = 1;
      return;
    }
    if (error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM) {
      watch_.reset();
      retry_.Arm(kPauseWithoutDescriptors);
      on_error_(error);
      return;
    }
    // The others, such as ECONNABORTED, concern the one connection that is gone (accept(2)).
  }
  burst_ = std::clamp(burst_ * 2, 1u, std::max(limits_.max_per_event, 1u));
}

}  // namespace outrigger::net
