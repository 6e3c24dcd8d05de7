#include "source/event/signals.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <utility>

#include "source/base/check.h"

namespace outrigger::event {
namespace {

int BlockAndOpen(std::initializer_list<int> signals, sigset_t* previous) {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : signals) sigaddset(&set, signal);
  CHECK(pthread_sigmask(SIG_BLOCK, &set, previous) == 0);
  signal(SIGPIPE, SIG_IGN);
  const int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  CHECK(fd >= 0);
  return fd;
}

}  // namespace

Signals::Signals(Loop& loop, std::initializer_list<int> signals,
                 absl::AnyInvocable<void(int signal)> on_signal)
    : on_signal_(std::move(on_signal)),
      fd_(BlockAndOpen(signals, &previous_mask_)),
      // Level-triggered: a signal that comes while one is handled is reported in the next round.
      watch_(loop, fd_, *this, EPOLLIN) {}

Signals::~Signals() {
  pthread_sigmask(SIG_SETMASK, &previous_mask_, nullptr);
  close(fd_);
}

void Signals::OnFdEvents(uint32_t /*events*/) {
  signalfd_siginfo info;
  if (read(fd_, &info, sizeof(info)) != sizeof(info)) return;
  on_signal_(static_cast<int>(info.ssi_signo));
}

}  // namespace outrigger::event
