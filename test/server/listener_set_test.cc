#include "source/server/listener_set.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace outrigger::server {
namespace {

using ::testing::HasSubstr;

// A set on a loop of its own, with one worker that never runs.
class Listeners {
 public:
  Listeners() { workers.push_back(std::make_unique<Worker>(0, clock)); }

  absl::Status Add(std::string name, const net::Address& address, uint64_t fingerprint = 1) {
    auto spec = std::make_shared<config::ListenerSpec>();
    spec->name = std::move(name);
    spec->addresses = {address};
    spec->fingerprint = fingerprint;
    spec->socket_fingerprint = absl::Hash<net::Address>()(address);
    config::FilterChainSpec chain;
    chain.http = std::make_shared<downstream::HttpOptions>();
    config::SetOnlyChain(*spec, std::move(chain));
    return set.Add(std::move(spec), false);
  }
  uint64_t Count(std::string_view name) {
    return store.Value("listener_manager." + std::string(name)).value_or(999);
  }

  base::ManualClock clock;
  event::Loop loop{clock};
  stats::Store store;
  std::vector<std::unique_ptr<Worker>> workers;
  ConnectionBudget budget;
  RouteSet routes{loop, workers, [](const std::string&, bool) {}};
  ListenerSet set{loop, workers, routes, budget, base::Milliseconds(1000), store};
};

net::Address FreeAddress() {
  auto socket = net::Listen(*net::Address::Ip("127.0.0.1", 0), {});
  return net::LocalAddress(socket->fd());
}

TEST(ListenerSet, RefusesAnAddressThatAnotherListenerHas) {
  Listeners listeners;
  const net::Address address = FreeAddress();
  ASSERT_TRUE(listeners.Add("a", address).ok());
  EXPECT_THAT(std::string(listeners.Add("b", address).message()),
              HasSubstr("is taken by listener \"a\""));
  listeners.set.Remove("a");
  EXPECT_TRUE(listeners.Add("b", address).ok());
}

TEST(ListenerSet, ChangesNothingForAVersionThatMeansTheSame) {
  Listeners listeners;
  const net::Address address = FreeAddress();
  ASSERT_TRUE(listeners.Add("a", address, 1).ok());
  ASSERT_TRUE(listeners.Add("a", address, 1).ok());
  EXPECT_EQ(listeners.Count("listener_modified"), 0u);
  ASSERT_TRUE(listeners.Add("a", address, 2).ok());
  EXPECT_EQ(listeners.Count("listener_modified"), 1u);
  EXPECT_EQ(listeners.Count("listener_in_place_updated"), 1u);
}

TEST(ListenerSet, TakesNoListenerWhileTheProxyDrains) {
  Listeners listeners;
  listeners.set.StopAccepting(ListenerSet::Which::kAll);
  EXPECT_EQ(listeners.Add("a", FreeAddress()).code(), absl::StatusCode::kUnavailable);
}

TEST(ListenerSet, KeepsTheOldVersionWhenTheNewAddressCannotBeBound) {
  Listeners listeners;
  const net::Address address = FreeAddress();
  ASSERT_TRUE(listeners.Add("a", address, 1).ok());
  // Not an address of this machine (RFC 5737).
  EXPECT_FALSE(listeners.Add("a", *net::Address::Ip("192.0.2.1", 80), 2).ok());
  EXPECT_EQ(listeners.set.List()[0].active->fingerprint, 1u);
  EXPECT_EQ(listeners.Count("listener_create_failure"), 1u);
}

}  // namespace
}  // namespace outrigger::server
