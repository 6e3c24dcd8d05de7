#include "source/upstream/endpoint.h"

#include <algorithm>

#include "gtest/gtest.h"

namespace outrigger::upstream {
namespace {

std::shared_ptr<Endpoint> At(uint16_t port) {
  auto endpoint = std::make_shared<Endpoint>();
  endpoint->addresses = {*net::Address::Ip("127.0.0.1", port)};
  return endpoint;
}

TEST(Reconcile, GivesEveryEndpointOfAFirstSetATally) {
  const auto set = Reconcile(nullptr, {{At(1), At(2)}});
  ASSERT_EQ(set->endpoints.size(), 2);
  EXPECT_NE(set->endpoints[0]->tally, nullptr);
  EXPECT_NE(set->endpoints[0]->tally, set->endpoints[1]->tally);
}

TEST(Reconcile, CopiesAnEndpointThatAnotherClusterUses) {
  const auto shared = At(1);
  const auto a = Reconcile(nullptr, {{shared}});
  const auto b = Reconcile(nullptr, {{shared}});
  EXPECT_EQ(a->endpoints[0], shared);
  EXPECT_NE(b->endpoints[0]->tally, a->endpoints[0]->tally);
}

TEST(Reconcile, ReturnsTheCurrentSetWhenTheNextOneMeansTheSame) {
  const auto current = Reconcile(nullptr, {{At(1), At(2), At(3)}});
  EXPECT_EQ(Reconcile(current, {{At(3), At(1), At(2)}}), current);
  EXPECT_EQ(Reconcile(current, {{At(1), At(2), At(2), At(3)}}), current);
}

TEST(Reconcile, KeepsUnchangedEndpointsAsTheyAre) {
  const auto current = Reconcile(nullptr, {{At(1), At(2)}});
  const auto next = Reconcile(current, {{At(2), At(3)}});
  ASSERT_EQ(next->endpoints.size(), 2);
  EXPECT_EQ(next->endpoints[0], current->endpoints[1]);
  EXPECT_EQ(next->endpoints[1]->address().port(), 3);
}

TEST(Reconcile, KeepsTheTallyOfAnEndpointThatChanged) {
  const auto current = Reconcile(nullptr, {{At(1)}});
  auto heavier = At(1);
  heavier->weight = 7;
  const auto next = Reconcile(current, {{heavier}});
  ASSERT_NE(next, current);
  EXPECT_EQ(next->endpoints[0]->weight, 7);
  EXPECT_EQ(next->endpoints[0]->tally, current->endpoints[0]->tally);
}

TEST(Reconcile, TakesTheFirstOfEndpointsWithTheSameAddresses) {
  auto second = At(1);
  second->weight = 9;
  const auto set = Reconcile(nullptr, {{At(1), second}});
  ASSERT_EQ(set->endpoints.size(), 1);
  EXPECT_EQ(set->endpoints[0]->weight, 1);
}

TEST(Reconcile, SeesEachPropertyThatMakesADifference) {
  const auto current = Reconcile(nullptr, {{At(1)}});
  const auto differs = [&](auto change) {
    auto changed = At(1);
    change(*changed);
    return Reconcile(current, {{changed}}) != current;
  };
  EXPECT_FALSE(differs([](Endpoint&) {}));
  EXPECT_TRUE(differs([](Endpoint& e) { e.weight = 2; }));
  EXPECT_TRUE(differs([](Endpoint& e) { e.priority = 1; }));
  EXPECT_TRUE(differs([](Endpoint& e) { e.health = EndpointHealth::kDraining; }));
  EXPECT_TRUE(differs([](Endpoint& e) { e.hostname = "b"; }));
  EXPECT_TRUE(differs(
      [](Endpoint& e) { e.locality = std::make_shared<Locality>(Locality{.region = "r"}); }));
  EXPECT_TRUE(
      differs([](Endpoint& e) { e.addresses.push_back(*net::Address::Ip("127.0.0.2", 1)); }));
  EXPECT_NE(Reconcile(current, {}), current);
  EXPECT_NE(Reconcile(current, {{At(1)}, 200}), current);
}

TEST(EndpointTally, CountsResponsesByStatus) {
  const EndpointTally tally;
  tally.CountResponse(200);
  tally.CountResponse(404);
  tally.CountResponse(503);
  EXPECT_EQ(tally.rq_success().Value(), 2);
  EXPECT_EQ(tally.rq_error().Value(), 1);
}

}  // namespace
}  // namespace outrigger::upstream
