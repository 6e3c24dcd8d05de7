#pragma once

#include <sys/epoll.h>

#include <array>
#include <atomic>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "source/base/buffer.h"
#include "source/base/clock.h"
#include "source/base/intrusive_list.h"
#include "source/base/mutex.h"
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

// Keeps one descriptor registered with a loop. Does not own the descriptor; destroy the watch
// before closing it.
class FdWatch final {
 public:
  static constexpr uint32_t kRead = EPOLLIN | EPOLLRDHUP | EPOLLET;
  static constexpr uint32_t kReadWrite = kRead | EPOLLOUT;

  // `events` as for epoll_ctl; without EPOLLET the watch is level-triggered.
  FdWatch(Loop& loop, int fd, FdHandler& handler, uint32_t events = kReadWrite);
  ~FdWatch();
  FdWatch(const FdWatch&) = delete;
  FdWatch& operator=(const FdWatch&) = delete;

  // Watches for other events from now on; what is ready among them is reported again.
  void Change(uint32_t events);
  // The owner closes the descriptor right after destroying the watch, and no other descriptor
  // shares its file: the kernel then forgets it without an epoll_ctl.
  void CloseFollows() { is_close_next_ = true; }

 private:
  friend class Loop;
  Loop& loop_;
  int fd_;
  bool is_close_next_ = false;
  FdHandler& handler_;
};

// Work put off to the end of the current event or round, run once however often it was asked for:
// a connection flushes its output here, so that a head and its body leave in one writev.
class Deferred : public base::ListLink<> {
 public:
  virtual ~Deferred() = default;
  virtual void RunDeferred() = 0;
};

// Work that goes on after everyone else of the loop had a turn, such as reading on from a peer that
// sends faster than we read.
class Turn : public base::ListLink<Turn> {
 public:
  virtual ~Turn() = default;
  virtual void RunTurn() = 0;
};

// How often something dear may be done in one round of a loop.
class RoundBudget {
 public:
  explicit RoundBudget(int per_round) : per_round_(per_round), left_(per_round) {}
  // False: not in this round. Take a turn, and ask again.
  bool Take() { return left_ > 0 && left_-- > 0; }
  void BeginRound() { left_ = per_round_; }

 private:
  const int per_round_;
  int left_;
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

  // The time this round began: one clock call per round, not per event. Outside a round: now.
  base::MonoTime Now() const { return in_round_ ? now_ : clock_.Now(); }
  const base::Clock& clock() const { return clock_; }

  // Any thread: runs `work` on the loop's thread, in order, never from inside Post.
  void Post(absl::AnyInvocable<void()> work);
  // Runs before the next descriptor's event is handled. Asking twice runs it once.
  void Defer(Deferred& deferred) {
    if (!deferred.is_linked()) deferred_.PushBack(deferred);
  }
  // Runs when everything that was ready in this round has been handled: what many connections have
  // for one leaves it together. In one list at a time: Defer or this.
  void DeferToRoundEnd(Deferred& deferred) {
    if (!deferred.is_linked()) round_end_.PushBack(deferred);
  }
  // Runs behind the other work of this round, and again up to kTurnsPerRound times when the turn
  // asks for another.
  static constexpr int kTurnsPerRound = 4;
  void TakeTurn(Turn& turn) {
    if (!turn.is_linked()) turns_.PushBack(turn);
  }
  // Destroys `object` when the current event is done: nothing deletes itself.
  void DeleteLater(std::unique_ptr<Deletable> object);

  // The block that sockets of this loop read into. A reader fills it, hands out slices of it, and
  // calls this again for the next read: while a slice of the block is still held somewhere, the
  // next call returns a fresh one.
  base::Block& ReadBlock();

  TimerWheel& timers() { return timers_; }

  // Steps of handshakes, each of which costs as much as a hundred requests: a flood of them leaves
  // the others their turn.
  RoundBudget handshakes{8};

 private:
  friend class FdWatch;
  using Work = absl::AnyInvocable<void()>;

  int WaitMillis(base::Milliseconds max_wait);
  size_t RunReady();
  size_t RunPosted();
  size_t RunTurns();
  void EndRound();
  // After each event: deferred work first, then what asked to die.
  void EndEvent() {
    if (!deferred_.empty() || !deleted_.empty()) RunDeferredAndDeleted();
  }
  void RunDeferredAndDeleted();
  void ForgetPending(const FdWatch& watch);
  void Wake();

  const base::Clock& clock_;
  base::MonoTime now_;
  bool in_round_ = false;
  int epoll_fd_;
  int wake_fd_;
  TimerWheel timers_;
  base::IntrusiveList<Deferred> deferred_;
  base::IntrusiveList<Deferred> round_end_;
  base::IntrusiveList<Turn, Turn> turns_;
  std::vector<std::unique_ptr<Deletable>> deleted_;
  base::Block* read_block_ = nullptr;
  std::array<epoll_event, 256> ready_;
  size_t ready_at_ = 0;
  size_t ready_count_ = 0;
  std::atomic<bool> stopped_{false};
  std::atomic<bool> has_posted_{false};
  // The one lock of a loop: Post comes from other threads, and posting is how everything else
  // avoids locks.
  base::Mutex post_mutex_;
  std::vector<Work> posted_ ABSL_GUARDED_BY(post_mutex_);
  std::vector<Work> running_;  // what RunPosted took; kept for its capacity
};

}  // namespace outrigger::event
