#include "source/upstream/load_balancer.h"

#include <cmath>
#include <map>

#include "gtest/gtest.h"
#include "source/upstream/worker_endpoint.h"

namespace outrigger::upstream {
namespace {

// A row of endpoints, known by the last digit of their port, and a balancer over them.
class Row {
 public:
  explicit Row(LbPolicy policy) { spec_.lb_policy = policy; }

  Row& Add(Endpoint like) {
    like.addresses = {*net::Address::Ip("127.0.0.1", static_cast<uint16_t>(endpoints_.size()))};
    endpoints_.push_back(
        std::make_unique<WorkerEndpoint>(std::make_shared<const Endpoint>(std::move(like))));
    balancer_.reset();
    return *this;
  }
  Row& Add(uint32_t weight) { return Add(Endpoint{.weight = weight}); }

  WorkerEndpoint& operator[](size_t i) { return *endpoints_[i]; }
  ClusterSpec& spec() { return spec_; }
  int Pick(std::vector<const Endpoint*> avoid = {}) {
    if (balancer_ == nullptr) Build();
    const LoadBalancer::Picked picked = balancer_->Pick(avoid);
    saw_panic |= picked.is_panic;
    return picked.endpoint == nullptr ? -1 : picked.endpoint->endpoint->address().port();
  }
  std::map<int, int> Picks(int count) {
    std::map<int, int> picks;
    for (int i = 0; i < count; ++i) ++picks[Pick()];
    return picks;
  }
  bool saw_panic = false;

 private:
  void Build() {
    std::vector<WorkerEndpoint*> row;
    for (const auto& each : endpoints_) row.push_back(each.get());
    balancer_ = std::make_unique<LoadBalancer>(spec_, 140, row, random_);
  }
  ClusterSpec spec_;
  Random random_{42};
  std::vector<std::unique_ptr<WorkerEndpoint>> endpoints_;
  std::unique_ptr<LoadBalancer> balancer_;
};

using PickCounts = std::map<int, int>;

TEST(LoadBalancer, PicksNothingFromNothing) {
  for (const LbPolicy policy :
       {LbPolicy::kRoundRobin, LbPolicy::kLeastRequest, LbPolicy::kRandom}) {
    EXPECT_EQ(Row(policy).Pick(), -1);
  }
}

TEST(RoundRobin, TakesEachInTurn) {
  Row row(LbPolicy::kRoundRobin);
  row.Add(1).Add(1).Add(1);
  EXPECT_EQ(row.Picks(300), (PickCounts{{0, 100}, {1, 100}, {2, 100}}));
  const int first = row.Pick();
  EXPECT_EQ(row.Pick(), (first + 1) % 3);
}

TEST(RoundRobin, FollowsWeights) {
  Row row(LbPolicy::kRoundRobin);
  row.Add(1).Add(3);
  const PickCounts picks = row.Picks(400);
  EXPECT_NEAR(picks.at(0), 100, 1);
  EXPECT_NEAR(picks.at(1), 300, 1);
}

TEST(RandomPolicy, SpreadsByWeightInNoOrder) {
  Row even(LbPolicy::kRandom), uneven(LbPolicy::kRandom);
  even.Add(1).Add(1);
  uneven.Add(1).Add(3);
  EXPECT_NEAR(even.Picks(10'000).at(0), 5000, 300);
  EXPECT_NEAR(uneven.Picks(10'000).at(0), 2500, 300);
  int repeats = 0;
  for (int i = 0, last = -1; i < 1000; ++i) {
    const int picked = even.Pick();
    repeats += picked == last ? 1 : 0;
    last = picked;
  }
  EXPECT_NEAR(repeats, 500, 100);
}

TEST(LeastRequest, TakesTheLessBusyOfTwo) {
  Row row(LbPolicy::kLeastRequest);
  row.Add(1).Add(1);
  row[0].active_requests = 1;
  EXPECT_EQ(row.Picks(100), (PickCounts{{1, 100}}));
}

TEST(LeastRequest, SpreadsEvenlyOverIdleEndpoints) {
  Row row(LbPolicy::kLeastRequest);
  for (int i = 0; i < 4; ++i) row.Add(1);
  for (const auto& [index, picks] : row.Picks(40'000)) {
    EXPECT_NEAR(picks, 10'000, 500) << index;
  }
}

TEST(LeastRequest, KeepsEndpointsEvenlyBusy) {
  Row row(LbPolicy::kLeastRequest);
  for (int i = 0; i < 10; ++i) row.Add(1);
  for (int i = 0; i < 1000; ++i) ++row[row.Pick()].active_requests;
  for (int i = 0; i < 10; ++i) EXPECT_NEAR(row[i].active_requests, 100, 3);
}

TEST(LeastRequest, FollowsWeightsWhenIdle) {
  Row row(LbPolicy::kLeastRequest);
  row.Add(1).Add(3);
  EXPECT_NEAR(row.Picks(40'000).at(0), 10'000, 500);
}

TEST(LeastRequest, FillsEndpointsInProportionToTheirWeights) {
  Row row(LbPolicy::kLeastRequest);
  row.Add(1).Add(3).Add(6);
  for (int i = 0; i < 1000; ++i) ++row[row.Pick()].active_requests;
  EXPECT_NEAR(row[0].active_requests, 100, 15);
  EXPECT_NEAR(row[1].active_requests, 300, 30);
  EXPECT_NEAR(row[2].active_requests, 600, 30);
}

TEST(LeastRequest, LooksAtAsManyAsToldTo) {
  Row row(LbPolicy::kLeastRequest);
  for (int i = 0; i < 8; ++i) row.Add(1);
  for (int i = 0; i < 7; ++i) row[i].active_requests = 5;
  row.spec().least_request_choices = 2;
  const int with_two = row.Picks(10'000)[7];
  row.spec().least_request_choices = 8;
  row.Add(Endpoint{.health = EndpointHealth::kUnhealthy});  // builds it anew
  const int with_eight = row.Picks(10'000)[7];
  EXPECT_NEAR(with_two, 2500, 250);
  EXPECT_GT(with_eight, 5500);
}

TEST(LoadBalancer, LeavesOutWhatIsNotUsable) {
  for (const LbPolicy policy : {LbPolicy::kRoundRobin, LbPolicy::kLeastRequest}) {
    Row row(policy);
    row.Add({.health = EndpointHealth::kHealthy}).Add({.health = EndpointHealth::kUnknown});
    row.Add({.health = EndpointHealth::kHealthy}).Add({.health = EndpointHealth::kDraining});
    row.Add({.health = EndpointHealth::kUnhealthy}).Add({.health = EndpointHealth::kTimeout});
    const PickCounts picks = row.Picks(1000);
    EXPECT_EQ(picks.size(), 3);
    EXPECT_FALSE(picks.contains(3) || picks.contains(4) || picks.contains(5));
    EXPECT_FALSE(row.saw_panic);
  }
}

TEST(LoadBalancer, UsesEverythingInPanic) {
  Row row(LbPolicy::kRoundRobin);
  row.Add({.health = EndpointHealth::kHealthy}).Add({.health = EndpointHealth::kUnhealthy});
  row.Add({.health = EndpointHealth::kDraining});
  EXPECT_EQ(row.Picks(30), (PickCounts{{0, 10}, {1, 10}, {2, 10}}));
  EXPECT_TRUE(row.saw_panic);
}

TEST(LoadBalancer, HasNothingWhenNothingIsUsableAndPanicIsOff) {
  Row row(LbPolicy::kRoundRobin);
  row.spec().panic_threshold_percent = 0;
  row.Add({.health = EndpointHealth::kUnhealthy});
  EXPECT_EQ(row.Pick(), -1);
}

TEST(LoadBalancer, SpillsOverToTheNextPriority) {
  Row row(LbPolicy::kRoundRobin);
  row.Add({.priority = 0}).Add({.priority = 0, .health = EndpointHealth::kUnhealthy});
  row.Add({.priority = 1}).Add({.priority = 1});
  const PickCounts picks = row.Picks(10'000);
  EXPECT_NEAR(picks.at(0), 7000, 250);  // half of the endpoints, times 1.4
  EXPECT_NEAR(picks.at(2) + picks.at(3), 3000, 250);
}

TEST(LoadBalancer, AvoidsEndpointsWhileThereAreOthers) {
  for (const LbPolicy policy : {LbPolicy::kRoundRobin, LbPolicy::kLeastRequest}) {
    Row row(policy);
    row.Add(1).Add(1).Add(1);
    for (int i = 0; i < 100; ++i) {
      EXPECT_EQ(row.Pick({row[0].endpoint.get(), row[2].endpoint.get()}), 1);
    }
    EXPECT_NE(row.Pick({row[0].endpoint.get(), row[1].endpoint.get(), row[2].endpoint.get()}), -1);
  }
}

}  // namespace
}  // namespace outrigger::upstream
