#include "source/extensions/http_filters/local_ratelimit/token_bucket.h"

#include <atomic>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace outrigger::local_ratelimit {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

class TokenBucketTest : public testing::Test {
 protected:
  int TakeAll(TokenBucket& bucket, int most = 10'000) {
    int taken = 0;
    while (taken < most && bucket.Take(clock_.Now())) ++taken;
    return taken;
  }
  base::ManualClock clock_;
};

TEST_F(TokenBucketTest, StartsFull) {
  TokenBucket bucket(5, 1, seconds(1));
  EXPECT_EQ(bucket.Remaining(clock_.Now()), 5);
  EXPECT_EQ(bucket.UntilFull(clock_.Now()), nanoseconds(0));
  EXPECT_EQ(TakeAll(bucket), 5);
  EXPECT_EQ(bucket.Remaining(clock_.Now()), 0);
  EXPECT_EQ(bucket.UntilFull(clock_.Now()), seconds(5));
}

TEST_F(TokenBucketTest, RefillsEvenly) {
  TokenBucket bucket(10, 10, seconds(1));
  TakeAll(bucket);
  clock_.Advance(milliseconds(99));
  EXPECT_EQ(TakeAll(bucket), 0);
  clock_.Advance(milliseconds(1));
  EXPECT_EQ(TakeAll(bucket), 1);
  clock_.Advance(milliseconds(350));
  EXPECT_EQ(TakeAll(bucket), 3);
  clock_.Advance(milliseconds(50));
  EXPECT_EQ(TakeAll(bucket), 1);  // the half token was not lost
}

TEST_F(TokenBucketTest, NeverHoldsMoreThanItsMost) {
  TokenBucket bucket(3, 100, milliseconds(50));
  TakeAll(bucket);
  clock_.Advance(hours(24 * 365));
  EXPECT_EQ(bucket.Remaining(clock_.Now()), 3);
  EXPECT_EQ(TakeAll(bucket), 3);
}

TEST_F(TokenBucketTest, HoldsItsRateOverALongTime) {
  TokenBucket bucket(1, 7, seconds(1));
  int taken = TakeAll(bucket);
  for (int i = 0; i < 100'000; ++i) {
    clock_.Advance(milliseconds(1));
    taken += bucket.Take(clock_.Now()) ? 1 : 0;
  }
  // 7 a second for 100 s; one token holds, so up to 1 ms of each is lost.
  EXPECT_GE(taken, 693);
  EXPECT_LE(taken, 701);
}

TEST_F(TokenBucketTest, TakesTheLargestNumbers) {
  TokenBucket slow(1, 1, TokenBucket::kLongestFill);
  EXPECT_EQ(TakeAll(slow), 1);
  clock_.Advance(TokenBucket::kLongestFill);
  EXPECT_EQ(TakeAll(slow), 1);
  TokenBucket fast(UINT32_MAX, UINT32_MAX, milliseconds(50));
  EXPECT_EQ(fast.Remaining(clock_.Now()), UINT32_MAX);
  EXPECT_EQ(TakeAll(fast, 1000), 1000);
}

TEST_F(TokenBucketTest, CannotHoldWhatTakesTooLongToCome) {
  EXPECT_TRUE(TokenBucket::CanHold(50, 1, hours(24 * 365)));
  EXPECT_FALSE(TokenBucket::CanHold(51, 1, hours(24 * 365)));
  EXPECT_FALSE(TokenBucket::CanHold(UINT32_MAX, 1, hours(24 * 365 * 100)));
}

TEST_F(TokenBucketTest, GivesEachTokenToOneThreadOnly) {
  constexpr int kThreads = 4;
  constexpr uint32_t kTokens = 20'000;
  TokenBucket bucket(kTokens, 1, hours(1));
  std::atomic<uint32_t> taken{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, now = clock_.Now()] {
      uint32_t mine = 0;
      while (bucket.Take(now)) ++mine;
      taken += mine;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(taken, kTokens);
}

}  // namespace
}  // namespace outrigger::local_ratelimit
