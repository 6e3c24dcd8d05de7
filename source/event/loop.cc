#include "source/event/loop.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "source/base/check.h"

namespace outrigger::event {
namespace {

// The loop that runs on this thread: work that it posts to itself needs no wake-up.
constinit thread_local const Loop* current_loop = nullptr;

}  // namespace

FdWatch::FdWatch(Loop& loop, int fd, FdHandler& handler, uint32_t events)
    : loop_(loop), fd_(fd), handler_(handler) {
  epoll_event event{.events = events, .data = {.ptr = this}};
  CHECK(epoll_ctl(loop_.epoll_fd_, EPOLL_CTL_ADD, fd_, &event) == 0);
}

FdWatch::~FdWatch() {
  if (!is_close_next_) epoll_ctl(loop_.epoll_fd_, EPOLL_CTL_DEL, fd_, nullptr);
  loop_.ForgetPending(*this);
}

void FdWatch::Change(uint32_t events) {
  epoll_event event{.events = events, .data = {.ptr = this}};
  CHECK(epoll_ctl(loop_.epoll_fd_, EPOLL_CTL_MOD, fd_, &event) == 0);
}

Loop::Loop(const base::Clock& clock)
    : clock_(clock),
      now_(clock.Now()),
      epoll_fd_(epoll_create1(EPOLL_CLOEXEC)),
      wake_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      timers_(now_) {
  CHECK(epoll_fd_ >= 0 && wake_fd_ >= 0);
  // Edge-triggered, so that waking up costs no read. A null pointer tells it from the watches.
  epoll_event event{.events = EPOLLIN | EPOLLET, .data = {.ptr = nullptr}};
  CHECK(epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, wake_fd_, &event) == 0);
}

Loop::~Loop() {
  // Objects may hand over others while they die.
  while (!deleted_.empty()) {
    const auto dying = std::exchange(deleted_, {});
  }
  if (read_block_ != nullptr) read_block_->Unref();
  close(wake_fd_);
  close(epoll_fd_);
}

void Loop::Run() {
  while (!stopped_.load(std::memory_order_acquire)) RunOnce(base::Milliseconds::max());
}

void Loop::Stop() {
  stopped_.store(true, std::memory_order_release);
  Wake();
}

void Loop::Wake() {
  const uint64_t one = 1;
  // It can only fail when the counter is full, and then the loop is awake.
  [[maybe_unused]] const ssize_t written = write(wake_fd_, &one, sizeof(one));
}

bool Loop::RunOnce(base::Milliseconds max_wait) {
  const Loop* outer = std::exchange(current_loop, this);
  const int ready =
      epoll_wait(epoll_fd_, ready_.data(), static_cast<int>(ready_.size()), WaitMillis(max_wait));
  CHECK(ready >= 0 || errno == EINTR);
  now_ = clock_.Now();
  in_round_ = true;
  handshakes.BeginRound();
  ready_at_ = 0;
  ready_count_ = static_cast<size_t>(std::max(ready, 0));
  size_t done = RunReady();
  // Timers come after descriptors: what has arrived in time is seen before a timeout, even when
  // this thread was held up.
  done += timers_.Advance(now_);
  EndEvent();
  done += RunPosted();
  EndRound();
  done += RunTurns();
  EndRound();
  in_round_ = false;
  current_loop = outer;
  return done > 0;
}

int Loop::WaitMillis(base::Milliseconds max_wait) {
  if (!turns_.empty() || !deferred_.empty() || !deleted_.empty() || !round_end_.empty()) return 0;
  if (has_posted_.load(std::memory_order_acquire)) return 0;
  constexpr base::Milliseconds kLongest(std::chrono::hours(1));
  base::Milliseconds wait = std::min(max_wait, kLongest);
  if (wait.count() > 0) {
    if (const auto until = timers_.UntilNext(clock_.Now())) wait = std::min(wait, *until);
  }
  return static_cast<int>(wait.count());
}

size_t Loop::RunReady() {
  EndEvent();  // what was deferred outside a round
  size_t done = 0;
  while (ready_at_ < ready_count_) {
    const epoll_event& event = ready_[ready_at_++];
    auto* watch = static_cast<FdWatch*>(event.data.ptr);
    if (watch == nullptr) continue;
    ++done;
    watch->handler_.OnFdEvents(event.events);
    EndEvent();
  }
  return done;
}

// A watch that is destroyed takes its events of this batch with it.
void Loop::ForgetPending(const FdWatch& watch) {
  for (size_t i = ready_at_; i < ready_count_; ++i) {
    if (ready_[i].data.ptr == &watch) ready_[i].data.ptr = nullptr;
  }
}

void Loop::Post(Work work) {
  bool is_first;
  {
    base::MutexLock lock(post_mutex_);
    is_first = posted_.empty();
    posted_.push_back(std::move(work));
    has_posted_.store(true, std::memory_order_release);
  }
  if (is_first && current_loop != this) Wake();
}

size_t Loop::RunPosted() {
  if (!has_posted_.load(std::memory_order_acquire)) return 0;
  {
    base::MutexLock lock(post_mutex_);
    running_.swap(posted_);
    has_posted_.store(false, std::memory_order_release);
  }
  for (Work& work : running_) {
    work();
    work = nullptr;  // its captures die in order, too
    EndEvent();
  }
  const size_t done = running_.size();
  running_.clear();
  return done;
}

// Each runs at most once here: who asks again has its turn in the next round.
void Loop::EndRound() {
  base::IntrusiveList<Deferred> now;
  now.Append(round_end_);
  while (!now.empty()) {
    Deferred& next = now.front();
    next.Unlink();
    next.RunDeferred();
    EndEvent();
  }
}

size_t Loop::RunTurns() {
  size_t done = 0;
  for (int i = 0; i < kTurnsPerRound && !turns_.empty(); ++i) {
    base::IntrusiveList<Turn, Turn> now;
    now.Append(turns_);
    while (!now.empty()) {
      Turn& turn = now.front();
      turn.Unlink();
      turn.RunTurn();
      EndEvent();
      ++done;
    }
  }
  return done;
}

void Loop::RunDeferredAndDeleted() {
  while (!deferred_.empty() || !deleted_.empty()) {
    while (!deferred_.empty()) {
      Deferred& next = deferred_.front();
      next.Unlink();
      next.RunDeferred();
    }
    const auto dying = std::exchange(deleted_, {});
  }
}

void Loop::DeleteLater(std::unique_ptr<Deletable> object) { deleted_.push_back(std::move(object)); }

base::Block& Loop::ReadBlock() {
  if (read_block_ != nullptr && read_block_->is_shared()) {
    read_block_->Unref();
    read_block_ = nullptr;
  }
  if (read_block_ == nullptr) read_block_ = base::Block::New(base::Block::kReadBytes);
  return *read_block_;
}

}  // namespace outrigger::event
