#include "source/server/listener_set.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "source/server/secret_set.h"
#include "test/server/plans.h"

namespace outrigger::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A set on a loop of its own, with one worker that never runs.
class Listeners {
 public:
  Listeners() {
    workers.push_back(std::make_unique<Worker>(0, clock));
    set.set_plan_builder(secrets);
  }

  absl::Status Add(std::string name, const net::Address& address, uint64_t fingerprint = 1,
                   std::shared_ptr<const net::tls::ContextPlan> plan = nullptr) {
    auto spec = std::make_shared<config::ListenerSpec>();
    spec->name = std::move(name);
    spec->addresses = {address};
    spec->fingerprint = fingerprint;
    spec->socket_fingerprint = absl::Hash<net::Address>()(address);
    config::FilterChainSpec chain;
    chain.http = std::make_shared<downstream::HttpOptions>();
    chain.tls_plan = std::move(plan);
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
  test::RecordedPlans plans;
  SecretSet secrets{loop, store,
                    [this](const net::tls::SecretNeed& need, bool wanted) {
                      interest.push_back((wanted ? "+" : "-") + need.name);
                    },
                    [this](const net::tls::SecretSource&) { return source_status; }};
  std::vector<std::string> interest;
  absl::Status source_status;
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

TEST(ListenerSet, AListenerWaitsForTheSecretsOfItsChains) {
  Listeners listeners;
  ASSERT_TRUE(
      listeners.Add("a", FreeAddress(), 1, listeners.plans.Make({test::CertificateNeed("default")}))
          .ok());
  EXPECT_FALSE(listeners.set.is_warm());
  EXPECT_THAT(listeners.set.List()[0].waits_for, ElementsAre("secret default"));
  ASSERT_TRUE(listeners.secrets.Set({}, test::CertificateSecret("default", 1)).ok());
  listeners.loop.RunOnce();
  EXPECT_TRUE(listeners.set.is_warm());
  EXPECT_NE(listeners.set.List()[0].active, nullptr);
  EXPECT_THAT(listeners.set.List()[0].waits_for, IsEmpty());
}

TEST(ListenerSet, AListenerServesWithoutSecretsThatDoNotComeInTime) {
  Listeners listeners;
  ASSERT_TRUE(listeners
                  .Add("a", FreeAddress(), 1,
                       listeners.plans.Make({test::CertificateNeed("default", 1000)}))
                  .ok());
  listeners.clock.Advance(base::Milliseconds(1000));
  listeners.loop.RunOnce();
  EXPECT_TRUE(listeners.set.is_warm());
  EXPECT_NE(listeners.set.List()[0].active, nullptr);
}

TEST(ListenerSet, AnUpdateKeepsTheSecretsThatBothVersionsNeed) {
  Listeners listeners;
  const net::Address address = FreeAddress();
  ASSERT_TRUE(
      listeners.Add("a", address, 1, listeners.plans.Make({test::CertificateNeed("default")}))
          .ok());
  ASSERT_TRUE(listeners.secrets.Set({}, test::CertificateSecret("default", 1)).ok());
  listeners.loop.RunOnce();
  // The next version needs another one besides; the one before serves on meanwhile.
  ASSERT_TRUE(listeners
                  .Add("a", address, 2,
                       listeners.plans.Make(
                           {test::CertificateNeed("default"), test::ValidationNeed("ROOTCA")}))
                  .ok());
  EXPECT_EQ(listeners.set.List()[0].active->fingerprint, 1u);
  EXPECT_THAT(listeners.set.List()[0].waits_for, ElementsAre("secret ROOTCA"));
  ASSERT_TRUE(listeners.secrets.Set({}, test::ValidationSecret("ROOTCA", 2)).ok());
  listeners.loop.RunOnce();
  EXPECT_EQ(listeners.set.List()[0].active->fingerprint, 2u);
  EXPECT_THAT(listeners.interest, ElementsAre("+default", "+ROOTCA"));
  listeners.set.Remove("a");
  EXPECT_THAT(listeners.interest, ElementsAre("+default", "+ROOTCA", "-default", "-ROOTCA"));
}

TEST(ListenerSet, RefusesAListenerWhoseSecretsComeFromNowhere) {
  Listeners listeners;
  listeners.source_status = absl::InvalidArgumentError("no such cluster");
  EXPECT_EQ(
      listeners.Add("a", FreeAddress(), 1, listeners.plans.Make({test::CertificateNeed("default")}))
          .message(),
      "secret \"default\": no such cluster");
  EXPECT_THAT(listeners.set.List(), IsEmpty());
}

}  // namespace
}  // namespace outrigger::server
