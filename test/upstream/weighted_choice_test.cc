#include "source/upstream/weighted_choice.h"

#include <cmath>
#include <numeric>

#include "gtest/gtest.h"

namespace outrigger::upstream {
namespace {

using Weights = std::vector<uint32_t>;

TEST(WeightedRotation, GivesEachItsShareInEveryRound) {
  Random random(1);
  for (const Weights& weights : {Weights{1, 2}, Weights{5, 1, 1}, Weights{3, 0xffff, 7, 100}}) {
    const uint32_t sum = std::accumulate(weights.begin(), weights.end(), 0u);
    WeightedRotation rotation(weights, random);
    for (int round = 0; round < 3; ++round) {
      std::vector<int> picks(weights.size());
      for (uint32_t i = 0; i < sum; ++i) ++picks[rotation.Next()];
      for (size_t i = 0; i < weights.size(); ++i) {
        EXPECT_NEAR(picks[i], weights[i], 1) << "round " << round << ", index " << i;
      }
    }
  }
}

TEST(WeightedRotation, SpreadsThePicksOfTheHeavyOne) {
  Random random(2);
  WeightedRotation rotation({4, 4}, random);
  uint32_t last = rotation.Next();
  for (int i = 0; i < 100; ++i) {
    const uint32_t next = rotation.Next();
    EXPECT_NE(next, last);
    last = next;
  }
}

TEST(WeightedRotation, BearsTheGreatestWeights) {
  Random random(3);
  WeightedRotation rotation({0xffffffff, 0x7fffffff, 1}, random);
  std::vector<int> picks(3);
  for (int i = 0; i < 3000; ++i) ++picks[rotation.Next()];
  EXPECT_NEAR(picks[0], 2000, 3);
  EXPECT_NEAR(picks[1], 1000, 3);
}

TEST(WeightedDraw, DrawsInProportion) {
  Random random(4);
  for (const Weights& weights :
       {Weights{1}, Weights{1, 1, 1}, Weights{1, 2, 3, 4}, Weights{1000, 1}, Weights{9, 1, 90}}) {
    const WeightedDraw draw(weights);
    const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
    constexpr int kDraws = 200'000;
    std::vector<int> drawn(weights.size());
    for (int i = 0; i < kDraws; ++i) ++drawn[draw.Draw(random)];
    for (size_t i = 0; i < weights.size(); ++i) {
      const double p = weights[i] / sum;
      // Five standard deviations.
      EXPECT_NEAR(drawn[i], kDraws * p, 5 * std::sqrt(kDraws * p * (1 - p)) + 1);
    }
  }
}

}  // namespace
}  // namespace outrigger::upstream
