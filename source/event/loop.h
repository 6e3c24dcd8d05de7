#pragma once

#include <sys/epoll.h>

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/synchronization/mutex.h"
#include "source/base/buffer.h"
#include "source/base/clock.h"
#include "source/base/intrusive_list.h"
#include "source/event/timer.h"
#include "source/event/timer_wheel.h"

namespace outrigger::event {

// What a watched descriptor tells its owner. Edge-triggered: read or write until the kernel says
// "would block" (or a short count) before expecting another call.
class FdHandler {
 public:
  virtual ~FdHandler() = default;
  // Any number of times; `events` are EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLHUP, EPOLLERR. The
  // handler may destroy its watch and itself from inside.
  virtual void OnFdEvents(uint32_t events) = 0;
};

// Keeps one descriptor registered with a loop for reading and writing, with a single epoll_ctl for
// its whole life. Does not own the descriptor; destroy the watch before closing it.
class FdWatch final {
 public:
  // `events` as for epoll_ctl, EPOLLET is added.
  FdWatch(Loop& loop, int fd, FdHandler& handler, uint32_t events = EPOLLIN | EPOLLOUT | EPOLLRDHUP);
  ~FdWatch();
  FdWatch(const FdWatch&) = delete;
  FdWatch& operator=(const FdWatch&) = delete;

 private:
  friend class Loop;
  Loop& loop_;
  int fd_;
  FdHandler& handler_;
};

// Work put off to the end of the current event, run once however often it was asked for: a
// connection flushes its output here, so that a head and its body leave in one writev.
class Deferred : public base::ListLink<> {
 public:
  virtual ~Deferred() = default;
  virtual void RunDeferred() = 0;
};

// An object that asked to die later; see Loop::DeleteLater.
class Deletable {
 public:
  virtual ~Deletable() = default;
};

// One epoll loop: descriptors, timers, posted work.
// Owner: a worker, the main thread, or a test (which turns it by RunOnce with a ManualClock).
// Thread: all methods but Post and Stop belong to the thread that runs it.
class Loop final {
 public:
  explicit Loop(const base::Clock& clock);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Runs until Stop.
  void Run();
  // Handles what is ready, waiting at most `max_wait` for it (bounded by the next timer). With a
  // ManualClock, due timers fire and the wait is never longer than max_wait. Returns whether
  // anything was done.
  bool RunOnce(base::Milliseconds max_wait = base::Milliseconds(0));
  // Any thread; Run returns after the current round.
  void Stop();

  // The time this round began: one clock call per round, not per event.
  base::MonoTime Now() const { return now_; }
  const base::Clock& clock() const { return clock_; }

  // Any thread: runs `work` on the loop's thread, in order, never from inside Post.
  void Post(absl::AnyInvocable<void()> work);
  // Runs before the next descriptor's event is handled. Asking twice runs it once.
  void Defer(Deferred& deferred) {
    if (!deferred.is_linked()) deferred_.PushBack(deferred);
  }
  // Destroys `object` when the current event is done: nothing deletes itself.
  void DeleteLater(std::unique_ptr<Deletable> object);

  // The block that sockets of this loop read into. A reader fills it, hands out slices of it, and
  // calls this again for the next read: while a slice of the block is still held somewhere, the
  // next call returns a fresh one.
  base::Block& ReadBlock();

  TimerWheel& timers() { return timers_; }

 private:
  friend class FdWatch;
  void RunPosted();
  void RunDeferredAndDeleted();
  void ForgetPending(const FdWatch& watch);

  const base::Clock& clock_;
  base::MonoTime now_;
  int epoll_fd_;
  int wake_fd_;
  TimerWheel timers_;
  base::IntrusiveList<Deferred> deferred_;
  std::vector<std::unique_ptr<Deletable>> deleted_;
  base::Block* read_block_ = nullptr;
  std::vector<epoll_event> ready_;
  size_t ready_at_ = 0;
  size_t ready_count_ = 0;
  std::atomic<bool> stopped_{false};
  // The one lock of a loop: Post comes from other threads, and posting is how everything else
  // avoids locks.
  absl::Mutex post_mutex_;
  std::vector<absl::AnyInvocable<void()>> posted_ ABSL_GUARDED_BY(post_mutex_);
};

}  // namespace outrigger::event
