#include "source/stats/metric.h"

#include <cmath>
#include <latch>
#include <limits>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace outrigger::stats {
namespace {

void OnThreads(int count, const std::function<void(int)>& work) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back(work, i);
  for (std::thread& thread : threads) thread.join();
}

TEST(Counter, SumsWhatAllThreadsCounted) {
  const Counter counter(cells::Allocate(1));
  OnThreads(4, [&](int) {
    for (int i = 0; i < 10'000; ++i) counter.Increment();
  });
  EXPECT_EQ(counter.Value(), 40'000u);
}

TEST(Counter, IsReadableWhileThreadsCount) {
  const Counter counter(cells::Allocate(1));
  std::latch started(1);
  std::thread writer([&] {
    counter.Increment();
    started.count_down();
    for (int i = 1; i < 50'000; ++i) counter.Increment();
  });
  started.wait();
  uint64_t last = 1;
  for (int i = 0; i < 1'000; ++i) {
    const uint64_t now = counter.Value();
    EXPECT_GE(now, last);
    last = now;
  }
  writer.join();
  EXPECT_EQ(counter.Value(), 50'000u);
}

TEST(Counter, KeepsTheTotalsOfThreadsThatEnded) {
  const Counter counter(cells::Allocate(1));
  for (int i = 0; i < 20; ++i) OnThreads(1, [&](int) { counter.Add(5); });
  EXPECT_EQ(counter.Value(), 100u);
}

TEST(Counter, CountsInTheDestructorsOfAnEndingThread) {
  static Counter counter;
  counter = Counter(cells::Allocate(1));
  struct CountsLate {
    ~CountsLate() { counter.Increment(); }
  };
  OnThreads(3, [](int) {
    // Made before the thread's cells, so destroyed after them.
    thread_local CountsLate late;
    (void)&late;
    counter.Increment();
  });
  EXPECT_EQ(counter.Value(), 6u);
}

TEST(Counter, WorksOnIndexesFarApart) {
  const Counter near(cells::Allocate(1));
  const uint32_t first = cells::Allocate(100 * cells::kCellsPerPage);
  const Counter far(first + 100 * cells::kCellsPerPage - 1);
  near.Add(1);
  far.Add(2);
  near.Add(1);
  EXPECT_EQ(near.Value(), 2u);
  EXPECT_EQ(far.Value(), 2u);
}

TEST(Handles, AreHarmlessWhenDefaultConstructed) {
  Counter().Increment();
  Gauge().Add(3);
  Histogram().Record(7);
  CounterRange()[5].Increment();
  const Counter counter(cells::Allocate(1));
  EXPECT_EQ(counter.Value(), 0u);
}

TEST(Gauge, AddsOnOneThreadAndSubtractsOnAnother) {
  const Gauge gauge(cells::Allocate(1));
  gauge.Add(10);
  OnThreads(1, [&](int) { gauge.Sub(4); });
  EXPECT_EQ(gauge.Value(), 6u);
}

TEST(Gauge, ShowsZeroWhenCaughtBelowIt) {
  const Gauge gauge(cells::Allocate(1));
  gauge.Sub(2);
  EXPECT_EQ(gauge.Value(), 0u);
  gauge.Add(3);
  EXPECT_EQ(gauge.Value(), 1u);
}

TEST(Gauge, HoldsTheLastValueSet) {
  const Gauge gauge(cells::Allocate(1));
  gauge.Set(7);
  gauge.Set((uint64_t{1} << 62) - 1);
  EXPECT_EQ(gauge.Value(), (uint64_t{1} << 62) - 1);
  gauge.Set(0);
  EXPECT_EQ(gauge.Value(), 0u);
}

TEST(Cells, AreZeroAfterTheirRangeIsFreedAndTakenAgain) {
  const uint32_t first = cells::Allocate(7);
  OnThreads(2, [&](int) { Counter(first + 3).Add(9); });
  cells::Free(first, 7);
  EXPECT_EQ(cells::Allocate(7), first);
  EXPECT_EQ(Counter(first + 3).Value(), 0u);
}

TEST(Buckets, HoldEveryValueBetweenTheirBounds) {
  std::vector<uint64_t> values;
  for (uint64_t value = 0; value < 5'000; ++value) values.push_back(value);
  for (int shift = 12; shift <= 40; ++shift) {
    for (int delta = -1; delta <= 1; ++delta) values.push_back((uint64_t{1} << shift) + delta);
  }
  for (uint64_t value : values) {
    if (value > kHistogramMax) continue;
    const uint32_t bucket = BucketOf(value);
    EXPECT_LE(BucketLow(bucket), value);
    EXPECT_GT(BucketLow(bucket + 1), value);
    EXPECT_LE(BucketLow(bucket + 1) - BucketLow(bucket), std::max<uint64_t>(1, value / 8));
  }
  EXPECT_EQ(BucketOf(std::numeric_limits<uint64_t>::max()), BucketOf(kHistogramMax));
}

class HistogramTest : public testing::Test {
 protected:
  ~HistogramTest() override {
    cells::TakeEachThread(index_,
                          [](uint64_t cell) { delete reinterpret_cast<ThreadHistogram*>(cell); });
    cells::Free(index_, 1);
  }
  const uint32_t index_ = cells::Allocate(1);
  const Histogram histogram_{index_};
};

TEST_F(HistogramTest, MergesWhatAllThreadsRecorded) {
  OnThreads(4, [&](int) {
    for (uint64_t i = 1; i <= 1'000; ++i) histogram_.Record(i);
  });
  const HistogramTotals totals = histogram_.Totals();
  EXPECT_EQ(totals.count(), 4'000u);
  EXPECT_EQ(totals.sum(), 4u * 500'500);
}

TEST_F(HistogramTest, TellsQuantilesToSixPercent) {
  for (uint64_t i = 1; i <= 10'000; ++i) histogram_.Record(i);
  const HistogramTotals totals = histogram_.Totals();
  for (double q : {0.25, 0.5, 0.75, 0.9, 0.99, 0.999}) {
    EXPECT_NEAR(totals.Quantile(q), q * 10'000, q * 10'000 * 0.06) << q;
  }
}

TEST_F(HistogramTest, IsExactForSmallValues) {
  for (uint64_t value : {3, 3, 3, 11}) histogram_.Record(value);
  const HistogramTotals totals = histogram_.Totals();
  EXPECT_EQ(totals.Quantile(0), 3);
  EXPECT_EQ(totals.Quantile(0.75), 3);
  EXPECT_EQ(totals.Quantile(1), 11);
}

TEST_F(HistogramTest, HasNoQuantilesWhenNothingWasRecorded) {
  EXPECT_TRUE(std::isnan(histogram_.Totals().Quantile(0.5)));
  EXPECT_EQ(histogram_.Totals().CountUpTo(100), 0u);
}

TEST_F(HistogramTest, CountsUpToABoundIncludingIt) {
  for (uint64_t value : {0, 1, 5, 10, 100, 4'000}) histogram_.Record(value);
  const HistogramTotals totals = histogram_.Totals();
  EXPECT_EQ(totals.CountUpTo(0.5), 1u);
  EXPECT_EQ(totals.CountUpTo(5), 3u);
  EXPECT_EQ(totals.CountUpTo(100), 5u);
  EXPECT_EQ(totals.CountUpTo(5'000), 6u);
}

TEST_F(HistogramTest, TellsWhatCameSinceAnEarlierState) {
  histogram_.Record(5);
  const HistogramTotals before = histogram_.Totals();
  histogram_.Record(9);
  const HistogramTotals since = histogram_.Totals().Since(before);
  EXPECT_EQ(since.count(), 1u);
  EXPECT_EQ(since.Quantile(0.5), 9);
}

}  // namespace
}  // namespace outrigger::stats
