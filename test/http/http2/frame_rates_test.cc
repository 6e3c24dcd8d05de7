#include "source/http/http2/frame_rates.h"

#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include "source/base/clock.h"

namespace outrigger::http::http2 {
namespace {

class Rates {
 public:
  // How many of `count` WINDOW_UPDATE frames may come.
  int WindowUpdates(int count) {
    const FrameHead update{.length = 4, .type = NGHTTP2_WINDOW_UPDATE, .flags = 0, .stream = 1};
    for (int i = 0; i < count; ++i) {
      if (rates.OnFrame(update) != nullptr) return i;
    }
    return count;
  }

  base::ManualClock clock;
  event::Loop loop{clock};
  Options options{.max_idle_frames = 1000};
  Counters counters;
  FrameRates rates{loop, options, counters};
};

TEST(FrameRates, LimitFramesThatAchieveNothing) { EXPECT_EQ(Rates().WindowUpdates(5000), 1000); }

TEST(FrameRates, ABurstOfResponsesExcusesTheBurstOfUpdatesThatAnswersIt) {
  Rates seen;
  for (int i = 0; i < 1000; ++i) seen.rates.OnMovement();
  seen.clock.Advance(std::chrono::milliseconds(1500));
  EXPECT_EQ(seen.WindowUpdates(2000), 2000);
}

TEST(FrameRates, CreditHasAnEnd) {
  Rates seen;
  for (int i = 0; i < 1'000'000; ++i) seen.rates.OnMovement();
  EXPECT_LT(seen.WindowUpdates(1'000'000), 30'000);
}

}  // namespace
}  // namespace outrigger::http::http2
