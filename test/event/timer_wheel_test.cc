#include "source/event/timer_wheel.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "source/event/loop.h"

namespace outrigger::event {
namespace {

using base::Milliseconds;
using base::Nanoseconds;
using std::chrono::hours;
using std::chrono::microseconds;

// Timers on a loop whose clock is turned by hand; `fired` names them in order.
struct Timers {
  Timer& New(std::string name) {
    all.push_back(std::make_unique<Timer>(loop, [this, name] { fired += name; }));
    return *all.back();
  }
  void Pass(Nanoseconds time) {
    clock.Advance(time);
    loop.RunOnce();
  }
  base::ManualClock clock;
  Loop loop{clock};
  std::string fired;
  std::vector<std::unique_ptr<Timer>> all;
};

TEST(Timer, FiresOnceAtItsDeadline) {
  Timers timers;
  Timer& a = timers.New("a");
  a.Arm(Milliseconds(10));
  EXPECT_TRUE(a.is_armed());
  timers.Pass(Milliseconds(9));
  EXPECT_EQ(timers.fired, "");
  timers.Pass(Milliseconds(1));
  EXPECT_EQ(timers.fired, "a");
  EXPECT_FALSE(a.is_armed());
  timers.Pass(Milliseconds(100));
  EXPECT_EQ(timers.fired, "a");
}

TEST(Timer, IsNeverEarlyByAFractionOfATick) {
  Timers timers;
  timers.Pass(microseconds(700));
  timers.New("a").Arm(microseconds(500));
  timers.Pass(microseconds(499));
  EXPECT_EQ(timers.fired, "");
  timers.Pass(microseconds(1000));
  EXPECT_EQ(timers.fired, "a");
}

TEST(Timer, ArmedAgainForgetsTheEarlierDeadline) {
  Timers timers;
  Timer& a = timers.New("a");
  a.Arm(Milliseconds(5));
  a.Arm(Milliseconds(20));
  timers.Pass(Milliseconds(19));
  EXPECT_EQ(timers.fired, "");
  timers.Pass(Milliseconds(1));
  EXPECT_EQ(timers.fired, "a");
}

TEST(Timer, DoesNotFireOnceCancelledOrDestroyed) {
  Timers timers;
  Timer& a = timers.New("a");
  a.Arm(Milliseconds(5));
  timers.New("b").Arm(Milliseconds(5));
  a.Cancel();
  timers.all.pop_back();
  timers.Pass(Milliseconds(5));
  EXPECT_EQ(timers.fired, "");
}

TEST(Timer, FiresInOrderOfDeadline) {
  Timers timers;
  timers.New("d").Arm(hours(30));
  timers.New("c").Arm(Milliseconds(70'000));
  timers.New("b").Arm(Milliseconds(300));
  timers.New("a").Arm(Milliseconds(3));
  timers.Pass(hours(31));
  EXPECT_EQ(timers.fired, "abcd");
}

TEST(Timer, ArmedWithZeroFiresInTheNextRound) {
  Timers timers;
  timers.Pass(microseconds(300));
  timers.New("a").Arm(Milliseconds(0));
  EXPECT_EQ(timers.fired, "");
  timers.loop.RunOnce();
  EXPECT_EQ(timers.fired, "a");
}

TEST(Timer, ArmedWithZeroFromItsCallbackWaitsForTheNextRound) {
  Timers timers;
  int count = 0;
  Timer* self = nullptr;
  Timer timer(timers.loop, [&] {
    ++count;
    self->Arm(Milliseconds(0));
  });
  self = &timer;
  timer.Arm(Milliseconds(0));
  for (int round = 1; round <= 3; ++round) {
    timers.loop.RunOnce();
    EXPECT_EQ(count, round);
  }
}

TEST(Timer, MayCancelAnotherThatIsDueAsWell) {
  Timers timers;
  Timer* other = nullptr;
  Timer first(timers.loop, [&] { other->Cancel(); });
  other = &timers.New("other");
  first.Arm(Milliseconds(5));
  other->Arm(Milliseconds(5));
  timers.Pass(Milliseconds(5));
  EXPECT_EQ(timers.fired, "");
}

TEST(Timer, WaitsLongerThanTheWheelTurns) {
  Timers timers;
  timers.New("a").Arm(hours(24 * 60));
  for (int day = 0; day < 59; ++day) timers.Pass(hours(24));
  EXPECT_EQ(timers.fired, "");
  timers.Pass(hours(24));
  EXPECT_EQ(timers.fired, "a");
}

TEST(TimerWheel, KnowsHowLongToWait) {
  Timers timers;
  const auto until = [&] { return timers.loop.timers().UntilNext(timers.clock.Now()); };
  EXPECT_EQ(until(), std::nullopt);
  Timer& a = timers.New("a");
  a.Arm(Milliseconds(200));
  EXPECT_EQ(until(), Milliseconds(200));
  timers.clock.Advance(Milliseconds(150));
  EXPECT_EQ(until(), Milliseconds(50));
  timers.clock.Advance(Milliseconds(150));
  EXPECT_EQ(until(), Milliseconds(0));
  a.Cancel();
  EXPECT_EQ(until(), std::nullopt);
}

TEST(TimerWheel, NeverSleepsPastATimer) {
  Timers timers;
  timers.New("a").Arm(Milliseconds(1'000'000));
  int waits = 0;
  while (timers.fired.empty()) {
    const auto wait = timers.loop.timers().UntilNext(timers.clock.Now());
    ASSERT_TRUE(wait.has_value());
    ASSERT_LE(++waits, 4) << "more wake-ups than levels";
    timers.Pass(*wait);
  }
  EXPECT_EQ(timers.clock.Now() - base::MonoTime(hours(1)), Milliseconds(1'000'000));
}

// The wheel and an ordered map, fed the same random commands, agree on what fires when.
TEST(TimerWheel, AgreesWithAnOrderedMap) {
  std::mt19937_64 random(11);
  base::ManualClock clock;
  Loop loop(clock);
  constexpr int kTimers = 200;
  std::vector<std::unique_ptr<Timer>> timers;
  std::vector<int64_t> deadline(kTimers, -1);  // as a tick, of those armed
  const base::MonoTime start = clock.Now();
  std::vector<int> fired;
  for (int i = 0; i < kTimers; ++i) {
    timers.push_back(std::make_unique<Timer>(loop, [&fired, i] { fired.push_back(i); }));
  }
  for (int step = 0; step < 60'000; ++step) {
    const int i = static_cast<int>(random() % kTimers);
    const int64_t ranges[] = {1, 2'000'000, 400'000'000, 80'000'000'000, 30'000'000'000'000};
    const int64_t range = ranges[random() % 5];
    switch (random() % 4) {
      case 0:
      case 1: {
        const int64_t after = static_cast<int64_t>(random() % range);
        timers[i]->Arm(Nanoseconds(after));
        const int64_t now = (clock.Now() - start).count();
        deadline[i] = (now + (after == 0 ? 0 : after + 999'999)) / 1'000'000;
        break;
      }
      case 2:
        timers[i]->Cancel();
        deadline[i] = -1;
        break;
      case 3: {
        clock.Advance(Nanoseconds(random() % std::min<int64_t>(range, 900'000'000'000)));
        fired.clear();
        loop.RunOnce();
        const int64_t now = (clock.Now() - start).count() / 1'000'000;
        std::multimap<int64_t, int> due;
        for (int t = 0; t < kTimers; ++t) {
          if (deadline[t] >= 0 && deadline[t] <= now) due.emplace(deadline[t], t);
        }
        std::vector<bool> seen(kTimers);
        int64_t last = -1;
        for (const int t : fired) {
          ASSERT_FALSE(seen[t]);
          seen[t] = true;
          ASSERT_GE(deadline[t], 0) << "not armed";
          ASSERT_LE(deadline[t], now) << "early";
          ASSERT_GE(deadline[t], last) << "out of order";
          last = deadline[t];
        }
        for (const auto& [tick, t] : due) ASSERT_TRUE(seen[t]) << "late";
        ASSERT_EQ(fired.size(), due.size());
        for (const int t : fired) deadline[t] = -1;
        break;
      }
    }
  }
}

}  // namespace
}  // namespace outrigger::event
