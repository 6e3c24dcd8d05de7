#include <benchmark/benchmark.h>

#include <memory>
#include <vector>

#include "source/event/loop.h"

namespace outrigger::event {
namespace {

using base::Milliseconds;

std::vector<std::unique_ptr<Timer>> IdleTimers(Loop& loop, int count) {
  std::vector<std::unique_ptr<Timer>> timers;
  for (int i = 0; i < count; ++i) {
    timers.push_back(std::make_unique<Timer>(loop, [] {}));
    timers.back()->Arm(Milliseconds(60'000 + i));
  }
  return timers;
}

// A deadline that moves with each request, beside many idle connections.
void ArmAgain(benchmark::State& state) {
  base::ManualClock clock;
  Loop loop(clock);
  const auto idle = IdleTimers(loop, static_cast<int>(state.range(0)));
  Timer timer(loop, [] {});
  for (auto _ : state) timer.Arm(Milliseconds(15'000));
}
BENCHMARK(ArmAgain)->Arg(0)->Arg(100'000);

void ArmAndFire(benchmark::State& state) {
  base::ManualClock clock;
  Loop loop(clock);
  Timer timer(loop, [] {});
  for (auto _ : state) {
    timer.Arm(Milliseconds(1));
    clock.Advance(Milliseconds(1));
    loop.timers().Advance(clock.Now());
  }
}
BENCHMARK(ArmAndFire);

// What each round of a loop pays for its timers.
void RoundWithIdleTimers(benchmark::State& state) {
  base::ManualClock clock;
  Loop loop(clock);
  const auto idle = IdleTimers(loop, static_cast<int>(state.range(0)));
  for (auto _ : state) {
    benchmark::DoNotOptimize(loop.timers().Advance(clock.Now()));
    benchmark::DoNotOptimize(loop.timers().UntilNext(clock.Now()));
  }
}
BENCHMARK(RoundWithIdleTimers)->Arg(0)->Arg(100'000);

}  // namespace
}  // namespace outrigger::event
