#include "source/upstream/priority_shares.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "source/upstream/random.h"

namespace outrigger::upstream {

void PrintTo(const PriorityShare& share, std::ostream* out) {
  *out << "P" << share.priority << "/" << static_cast<int>(share.kind) << ":" << share.percent
       << "%";
}

namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr auto kHealthy = ShareKind::kHealthy;
constexpr auto kDegraded = ShareKind::kDegraded;
constexpr auto kAll = ShareKind::kAll;

std::vector<PriorityShare> Spread(std::vector<PriorityHealth> priorities, double panic = 50) {
  return SpreadOverPriorities(priorities, 140, panic);
}

TEST(SpreadOverPriorities, UsesTheFirstPriorityWhileItCanServeEverything) {
  EXPECT_THAT(Spread({{10, 10}, {10, 10}}), ElementsAre(PriorityShare{0, kHealthy, 100}));
  // 72 % of the endpoints times 1.4 is enough.
  EXPECT_THAT(Spread({{100, 72}, {100, 100}}), ElementsAre(PriorityShare{0, kHealthy, 100}));
}

TEST(SpreadOverPriorities, SpillsWhatTheFirstCannotServeOverToTheNext) {
  // As in Envoy's documentation: 71 % of P0 is 99 % of the traffic.
  EXPECT_THAT(Spread({{100, 71}, {100, 100}}),
              ElementsAre(PriorityShare{0, kHealthy, 99}, PriorityShare{1, kHealthy, 1}));
  EXPECT_THAT(Spread({{100, 25}, {100, 100}}),
              ElementsAre(PriorityShare{0, kHealthy, 35}, PriorityShare{1, kHealthy, 65}));
  EXPECT_THAT(Spread({{100, 0}, {100, 100}}), ElementsAre(PriorityShare{1, kHealthy, 100}));
}

TEST(SpreadOverPriorities, SendsTrafficToDegradedEndpointsLast) {
  EXPECT_THAT(Spread({{10, 0, 10}, {10, 10, 0}}), ElementsAre(PriorityShare{1, kHealthy, 100}));
  EXPECT_THAT(Spread({{100, 50, 50}}),
              ElementsAre(PriorityShare{0, kHealthy, 70}, PriorityShare{0, kDegraded, 30}));
}

TEST(SpreadOverPriorities, ScalesUpWhatIsLeftWithoutPanicWhileEnoughIsUsable) {
  EXPECT_THAT(Spread({{100, 60}}), ElementsAre(PriorityShare{0, kHealthy, 100}));
}

TEST(SpreadOverPriorities, PanicsBelowTheThreshold) {
  EXPECT_THAT(Spread({{100, 49}}), ElementsAre(PriorityShare{0, kAll, 100}));
  EXPECT_THAT(Spread({{100, 49}}, 40), ElementsAre(PriorityShare{0, kHealthy, 100}));
  EXPECT_THAT(Spread({{4, 0}}), ElementsAre(PriorityShare{0, kAll, 100}));
}

TEST(SpreadOverPriorities, DoesNotPanicWhileAnotherPriorityMakesUpForIt) {
  EXPECT_THAT(Spread({{100, 20}, {100, 80}}),
              ElementsAre(PriorityShare{0, kHealthy, 28}, PriorityShare{1, kHealthy, 72}));
}

TEST(SpreadOverPriorities, SpreadsBySizeWhenAllPrioritiesPanic) {
  EXPECT_THAT(Spread({{30, 1}, {10, 0}}),
              ElementsAre(PriorityShare{0, kAll, 75}, PriorityShare{1, kAll, 25}));
}

TEST(SpreadOverPriorities, HasNoSharesWhenNothingIsUsableAndPanicIsOff) {
  EXPECT_THAT(Spread({{10, 0}}, 0), IsEmpty());
  EXPECT_THAT(Spread({}), IsEmpty());
  EXPECT_THAT(Spread({{0, 0}}), IsEmpty());
}

TEST(SpreadOverPriorities, AlwaysAddsUpToEverythingOrNothing) {
  Random random(7);
  for (int round = 0; round < 20000; ++round) {
    std::vector<PriorityHealth> priorities(1 + random.Below(4));
    bool any_usable = false;
    for (PriorityHealth& priority : priorities) {
      priority.total = random.Below(12);
      priority.healthy = random.Below(priority.total + 1);
      priority.degraded = random.Below(priority.total - priority.healthy + 1);
      any_usable |= priority.healthy + priority.degraded > 0;
    }
    const double panic = random.Below(3) * 50;
    uint32_t sum = 0;
    for (const PriorityShare& share : SpreadOverPriorities(priorities, 140, panic)) {
      const PriorityHealth& priority = priorities[share.priority];
      EXPECT_GT(share.percent, 0);
      const uint32_t served_by[] = {priority.healthy, priority.degraded, priority.total};
      EXPECT_GT(served_by[static_cast<int>(share.kind)], 0);
      sum += share.percent;
    }
    if (any_usable) {
      EXPECT_EQ(sum, 100);
    } else {
      EXPECT_TRUE(sum == 0 || (sum == 100 && panic > 0));
    }
  }
}

}  // namespace
}  // namespace outrigger::upstream
