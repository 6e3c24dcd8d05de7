#include "source/event/loop.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "source/base/check.h"

namespace outrigger::event {
namespace {

struct Turning {
  base::ManualClock clock;
  Loop loop{clock};
};

// One end of a socket pair that reports its events to a function.
class Watched final : public FdHandler {
 public:
  Watched(Loop& loop, absl::AnyInvocable<void(uint32_t)> on_events)
      : on_events_(std::move(on_events)) {
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds_) == 0);
    watch_ = std::make_unique<FdWatch>(loop, fds_[0], *this, FdWatch::kRead);
  }
  ~Watched() override {
    watch_.reset();
    close(fds_[0]);
    close(fds_[1]);
  }
  void Poke() { CHECK(write(fds_[1], "x", 1) == 1); }

 private:
  void OnFdEvents(uint32_t events) override { on_events_(events); }
  int fds_[2];
  absl::AnyInvocable<void(uint32_t)> on_events_;
  std::unique_ptr<FdWatch> watch_;
};

TEST(Loop, TellsOnceForEachEdge) {
  Turning t;
  int calls = 0;
  Watched watched(t.loop, [&](uint32_t events) {
    ++calls;
    EXPECT_NE(events & EPOLLIN, 0u);
  });
  EXPECT_FALSE(t.loop.RunOnce());
  watched.Poke();
  EXPECT_TRUE(t.loop.RunOnce());
  EXPECT_FALSE(t.loop.RunOnce());
  watched.Poke();
  EXPECT_TRUE(t.loop.RunOnce());
  EXPECT_EQ(calls, 2);
}

TEST(Loop, ForgetsTheEventsOfAWatchThatDiesInTheSameBatch) {
  Turning t;
  std::unique_ptr<Watched> a, b;
  int calls = 0;
  a = std::make_unique<Watched>(t.loop, [&](uint32_t) {
    ++calls;
    b.reset();
  });
  b = std::make_unique<Watched>(t.loop, [&](uint32_t) {
    ++calls;
    a.reset();
  });
  a->Poke();
  b->Poke();
  t.loop.RunOnce();
  EXPECT_EQ(calls, 1);
  EXPECT_NE(a == nullptr, b == nullptr);
}

TEST(Loop, LetsAHandlerDestroyItself) {
  Turning t;
  std::unique_ptr<Watched> watched;
  watched = std::make_unique<Watched>(t.loop, [&](uint32_t) {
    auto* const owner = &watched;  // what the closure holds dies with it
    owner->reset();
  });
  watched->Poke();
  t.loop.RunOnce();
  EXPECT_EQ(watched, nullptr);
}

TEST(Loop, RunsPostedWorkInOrderAndLater) {
  Turning t;
  std::string order;
  t.loop.Post([&] {
    order += 'a';
    t.loop.Post([&] { order += 'c'; });
  });
  t.loop.Post([&] { order += 'b'; });
  EXPECT_EQ(order, "");
  t.loop.RunOnce();
  EXPECT_EQ(order, "ab");
  t.loop.RunOnce(base::Milliseconds(10'000));  // must not wait
  EXPECT_EQ(order, "abc");
}

TEST(Loop, WakesUpForWorkFromAnotherThread) {
  base::SystemClock clock;
  Loop loop(clock);
  std::vector<int> seen;
  std::thread poster([&] {
    for (int i = 0; i < 1000; ++i) loop.Post([&seen, i] { seen.push_back(i); });
    loop.Post([&] { loop.Stop(); });
  });
  loop.Run();
  poster.join();
  ASSERT_EQ(seen.size(), 1000u);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(seen[i], i);
}

TEST(Loop, StopsFromAnotherThread) {
  base::SystemClock clock;
  Loop loop(clock);
  std::thread stopper([&] { loop.Stop(); });
  loop.Run();
  stopper.join();
}

struct Noting : Deferred, Turn {
  Noting(std::string& order, std::string deferred, std::string turn)
      : order(order), deferred(std::move(deferred)), turn(std::move(turn)) {}
  void RunDeferred() override { order += deferred; }
  void RunTurn() override {
    order += turn;
    if (on_turn) on_turn();
  }
  std::string& order;
  std::string deferred, turn;
  absl::AnyInvocable<void()> on_turn;
};

TEST(Loop, RunsDeferredWorkOnceAfterTheEventThatAskedForIt) {
  Turning t;
  std::string order;
  Noting noting(order, "d", "");
  const auto on_event = [&](uint32_t) {
    order += 'e';
    t.loop.Defer(noting);
    t.loop.Defer(noting);
  };
  Watched a(t.loop, on_event), b(t.loop, on_event);
  a.Poke();
  b.Poke();
  t.loop.RunOnce();
  EXPECT_EQ(order, "eded");
}

TEST(Loop, RunsWorkDeferredOutsideARoundWithoutWaiting) {
  Turning t;
  std::string order;
  Noting noting(order, "d", "");
  t.loop.Defer(noting);
  t.loop.RunOnce(base::Milliseconds(10'000));
  EXPECT_EQ(order, "d");
}

TEST(Loop, ForgetsDeferredWorkThatDies) {
  Turning t;
  std::string order;
  auto noting = std::make_unique<Noting>(order, "d", "t");
  t.loop.Defer(*noting);
  t.loop.TakeTurn(*noting);
  noting.reset();
  t.loop.RunOnce();
  EXPECT_EQ(order, "");
}

TEST(Loop, TakesTurnsBehindEventsAndPostedWork) {
  Turning t;
  std::string order;
  Noting noting(order, "d", "t");
  Watched a(t.loop, [&](uint32_t) {
    order += 'a';
    t.loop.TakeTurn(noting);
  });
  Watched b(t.loop, [&](uint32_t) { order += 'b'; });
  t.loop.Post([&] { order += 'p'; });
  a.Poke();
  b.Poke();
  t.loop.RunOnce();
  EXPECT_EQ(order, "abpt");
}

TEST(Loop, LetsGreedyTurnsWaitForTheNextRound) {
  Turning t;
  std::string order;
  Noting greedy(order, "", "g");
  greedy.on_turn = [&] { t.loop.TakeTurn(greedy); };
  t.loop.TakeTurn(greedy);
  t.loop.RunOnce(base::Milliseconds(10'000));
  EXPECT_EQ(order, std::string(Loop::kTurnsPerRound, 'g'));
  t.loop.RunOnce(base::Milliseconds(10'000));
  EXPECT_EQ(order, std::string(2 * Loop::kTurnsPerRound, 'g'));
}

TEST(Loop, DeletesLaterButBeforeTheNextEvent) {
  struct Dying : Deletable {
    explicit Dying(std::string& order) : order(order) {}
    ~Dying() override { order += 'x'; }
    std::string& order;
  };
  Turning t;
  std::string order;
  Noting noting(order, "d", "");
  const auto on_event = [&](uint32_t) {
    t.loop.DeleteLater(std::make_unique<Dying>(order));
    t.loop.Defer(noting);
    order += 'e';
  };
  Watched a(t.loop, on_event), b(t.loop, on_event);
  a.Poke();
  b.Poke();
  t.loop.RunOnce();
  EXPECT_EQ(order, "edxedx");
}

TEST(Loop, FiresTimersBehindEventsThatCameInTime) {
  Turning t;
  std::string order;
  Timer timer(t.loop, [&] { order += 't'; });
  Watched watched(t.loop, [&](uint32_t) {
    order += 'e';
    timer.Cancel();
  });
  timer.Arm(base::Milliseconds(5));
  t.clock.Advance(base::Milliseconds(50));
  watched.Poke();
  t.loop.RunOnce();
  EXPECT_EQ(order, "e");
}

TEST(Loop, TellsOneTimeForAWholeRoundAndTheClockOutside) {
  Turning t;
  const base::MonoTime before = t.loop.Now();
  t.clock.Advance(base::Milliseconds(5));
  EXPECT_EQ(t.loop.Now() - before, base::Milliseconds(5));
  t.loop.Post([&] {
    t.clock.Advance(base::Milliseconds(100));
    EXPECT_EQ(t.loop.Now() - before, base::Milliseconds(5));
  });
  t.loop.RunOnce();
  EXPECT_EQ(t.loop.Now() - before, base::Milliseconds(105));
}

TEST(Loop, WaitsForARealTimer) {
  base::SystemClock clock;
  Loop loop(clock);
  bool fired = false;
  Timer timer(loop, [&] { fired = true; });
  const base::MonoTime start = clock.Now();
  timer.Arm(base::Milliseconds(3));
  while (!fired) loop.RunOnce(base::Milliseconds(5000));
  EXPECT_GE(clock.Now() - start, base::Milliseconds(3));
}

TEST(Loop, HandsOutAFreshReadBlockWhileTheLastOneIsHeld) {
  Turning t;
  base::Block* first = &t.loop.ReadBlock();
  EXPECT_EQ(&t.loop.ReadBlock(), first);
  {
    const base::Slice held(first, first->begin(), 10);
    EXPECT_NE(&t.loop.ReadBlock(), first);
  }
}

}  // namespace
}  // namespace outrigger::event
