#include "source/upstream/cluster_set.h"

#include <malloc.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/upstream/cluster_world.h"

namespace outrigger::upstream {
namespace {

using testing::ElementsAre;

// A TLS context that becomes ready when the test says so.
class OnePlan final : public net::tls::PlanBuilder {
 public:
  absl::Status Check(const net::tls::ContextPlan&) const override { return check; }
  std::unique_ptr<net::tls::PlanUse> Use(std::shared_ptr<const net::tls::ContextPlan>,
                                         const stats::Scope& scope,
                                         absl::AnyInvocable<void()> on_ready) override {
    scopes.emplace_back(scope.prefix());
    on_ready_ = std::move(on_ready);
    return std::make_unique<Waiting>(*this);
  }
  void Finish() {
    is_ready = true;
    std::exchange(on_ready_, nullptr)();
  }
  static std::shared_ptr<const net::tls::ContextPlan> Plan() {
    return std::make_shared<const net::tls::ContextPlan>();
  }

  absl::Status check;
  std::vector<std::string> scopes;
  bool is_ready = false;
  int uses = 0;

 private:
  class Waiting final : public net::tls::PlanUse {
   public:
    explicit Waiting(OnePlan& plan) : plan_(plan) { ++plan_.uses; }
    ~Waiting() override { --plan_.uses; }
    bool is_ready() const override { return plan_.is_ready; }
    std::string waits_for() const override { return plan_.is_ready ? "" : "secret default"; }

   private:
    OnePlan& plan_;
  };
  absl::AnyInvocable<void()> on_ready_;
};

// The world, and what its cluster set told.
class SetWorld : public World {
 public:
  SetWorld() {
    set.set_plan_builder(plan);
    set.set_on_ready([this](const std::string& name) { ready.push_back(name); });
    set.set_on_warm([this] { ++warm_calls; });
  }
  std::shared_ptr<ClusterSpec> Eds(std::string_view name, std::string service = "") {
    auto spec = Spec(name);
    spec->discovery = Discovery::kEds;
    spec->eds_service_name = std::move(service);
    return spec;
  }
  void Add(std::shared_ptr<const ClusterSpec> spec) {
    ASSERT_TRUE(set.Add(std::move(spec)).ok());
    Settle();
  }
  void Endpoints(std::string_view eds_name, std::vector<int> last_bytes) {
    set.SetEndpoints(eds_name, Ips(last_bytes));
    Settle();
  }
  static EndpointSet Ips(const std::vector<int>& last_bytes) {
    std::vector<net::Address> addresses;
    for (const int last : last_bytes) {
      addresses.push_back(*net::Address::Ip(absl::StrCat("127.0.0.", last), 80));
    }
    return At(addresses);
  }
  const ClusterSet::Listing Describe(std::string_view name) {
    for (auto& listing : set.Describe()) {
      if (listing.name == name) return listing;
    }
    return {};
  }
  uint64_t Manager(std::string_view name) {
    return stats.Value(absl::StrCat("cluster_manager.", std::string(name))).value_or(0);
  }
  OnePlan plan;
  std::vector<std::string> ready;
  int warm_calls = 0;
};

TEST(ClusterSet, KeepsAClusterBackUntilItsSecretsCame) {
  SetWorld world;
  auto spec = world.Spec("a");
  spec->static_endpoints = SetWorld::Ips({1});
  spec->transport.plan = OnePlan::Plan();
  world.Add(spec);
  EXPECT_FALSE(world.set.IsActive("a"));
  EXPECT_EQ(world.Describe("a").waits_for, "secret default");
  EXPECT_THAT(world.plan.scopes, ElementsAre("cluster.a.client_ssl_socket_factory."));
  world.plan.Finish();
  EXPECT_THAT(world.ready, ElementsAre("a"));
  EXPECT_EQ(world.warm_calls, 1);
  world.set.Remove("a");
  EXPECT_EQ(world.plan.uses, 0);
}

TEST(ClusterSet, AnUpdateThatWaitsForSecretsLeavesTheVersionBeforeWithItsEndpoints) {
  SetWorld world;
  world.Add(world.Eds("a", "service-a"));
  world.Endpoints("service-a", {1});
  auto next = world.Eds("a", "service-a");
  next->transport.plan = OnePlan::Plan();
  world.Add(next);
  EXPECT_EQ(world.Describe("a").waits_for, "secret default");
  world.Endpoints("service-a", {1, 2});
  EXPECT_EQ(world.Describe("a").active->transport.plan, nullptr);
  EXPECT_EQ(world.Describe("a").endpoints->endpoints.size(), 2u);
  world.plan.Finish();
  EXPECT_EQ(world.Describe("a").active, next);
  EXPECT_EQ(world.Describe("a").endpoints->endpoints.size(), 2u);
}

TEST(ClusterSet, AClusterThatWaitsForSecretsTakesTheEndpointsThatCameMeanwhile) {
  SetWorld world;
  auto spec = world.Eds("a", "service-a");
  spec->transport.plan = OnePlan::Plan();
  world.Add(spec);
  EXPECT_EQ(world.Describe("a").waits_for, "eds service-a");
  world.Endpoints("service-a", {1});
  EXPECT_EQ(world.Describe("a").waits_for, "secret default");
  world.Endpoints("service-a", {1, 2, 3});
  EXPECT_FALSE(world.set.IsActive("a"));
  world.plan.Finish();
  EXPECT_EQ(world.Describe("a").endpoints->endpoints.size(), 3u);
}

TEST(ClusterSet, AClusterThatWaitsForSecretsAndNamesLooksThemUpOnce) {
  SetWorld world;
  auto spec = world.Spec("a");
  spec->discovery = Discovery::kStrictDns;
  spec->dns_names = {{.name = "example.com", .port = 80}};
  spec->transport.plan = OnePlan::Plan();
  world.Add(spec);
  world.plan.Finish();
  EXPECT_EQ(world.Describe("a").waits_for, "dns example.com");
  world.dns.Answer("example.com", {"127.0.0.1"});
  EXPECT_TRUE(world.set.IsActive("a"));
}

TEST(ClusterSet, RefusesAClusterWhoseSecretsComeFromNowhere) {
  SetWorld world;
  world.plan.check = absl::InvalidArgumentError("no such cluster");
  auto spec = world.Spec("a");
  spec->transport.plan = OnePlan::Plan();
  EXPECT_EQ(world.set.Add(spec), world.plan.check);
  EXPECT_TRUE(world.set.Describe().empty());
}

TEST(ClusterSet, PublishesAStaticClusterAtOnce) {
  SetWorld world;
  auto spec = world.Spec("a");
  spec->static_endpoints = SetWorld::Ips({1, 2});
  world.Add(spec);
  EXPECT_THAT(world.ready, ElementsAre("a"));
  EXPECT_TRUE(world.set.IsActive("a"));
  EXPECT_TRUE(world.Cluster("a"));
  EXPECT_EQ(world.Counter("a.membership_total"), 2);
  EXPECT_EQ(world.Counter("a.membership_healthy"), 2);
  EXPECT_EQ(world.Manager("active_clusters"), 1);
  EXPECT_EQ(world.Manager("warming_clusters"), 0);
}

TEST(ClusterSet, KeepsAnEdsClusterBackUntilItsEndpointsCame) {
  SetWorld world;
  world.Add(world.Eds("a", "service-a"));
  EXPECT_TRUE(world.wanted.at("service-a"));
  EXPECT_FALSE(world.set.IsActive("a"));
  EXPECT_FALSE(world.Cluster("a"));
  EXPECT_EQ(world.Describe("a").waits_for, "eds service-a");
  EXPECT_EQ(world.Manager("warming_clusters"), 1);
  EXPECT_EQ(world.warm_calls, 0);
  world.Endpoints("service-a", {1});
  EXPECT_TRUE(world.Cluster("a"));
  EXPECT_THAT(world.ready, ElementsAre("a"));
  EXPECT_EQ(world.warm_calls, 1);
  EXPECT_EQ(world.set.warming_count(), 0);
}

TEST(ClusterSet, TakesTheClusterNameForTheEdsResourceWithoutOne) {
  SetWorld world;
  world.Add(world.Eds("a"));
  world.Endpoints("a", {1});
  EXPECT_TRUE(world.set.IsActive("a"));
}

TEST(ClusterSet, ChangesNothingForAnUpdateThatMeansTheSame) {
  SetWorld world;
  auto spec = world.Eds("a");
  world.Add(spec);
  world.Endpoints("a", {1, 2});
  const auto before = world.Cluster("a");
  world.Add(std::make_shared<ClusterSpec>(*spec));
  world.Endpoints("a", {2, 1});
  EXPECT_EQ(world.Cluster("a").get(), before.get());
  EXPECT_EQ(world.Manager("cluster_modified"), 0);
  EXPECT_EQ(world.Counter("a.membership_change"), 1);
  EXPECT_EQ(world.Counter("a.update_no_rebuild"), 1);
  EXPECT_THAT(world.ready, ElementsAre("a"));
}

TEST(ClusterSet, UpdatesAnEdsClusterWithoutWaitingForAnotherResponse) {
  SetWorld world;
  world.Add(world.Eds("a"));
  world.Endpoints("a", {1});
  const auto endpoints = world.Describe("a").endpoints;
  auto changed = world.Eds("a");
  changed->connect_timeout *= 2;
  world.Add(changed);
  EXPECT_EQ(world.Describe("a").active, changed);
  EXPECT_EQ(world.Describe("a").endpoints, endpoints);
  EXPECT_THAT(world.ready, ElementsAre("a", "a"));
  EXPECT_TRUE(world.wanted.at("a"));
}

TEST(ClusterSet, ServesTheOldVersionWhileTheNewOneWarms) {
  SetWorld world;
  world.Add(world.Eds("a", "old"));
  world.Endpoints("old", {1});
  world.Add(world.Eds("a", "new"));
  EXPECT_EQ(world.Describe("a").active->eds_service_name, "old");
  EXPECT_EQ(world.Describe("a").warming->eds_service_name, "new");
  EXPECT_TRUE(world.Cluster("a"));
  world.Endpoints("old", {1, 2});
  EXPECT_EQ(world.Describe("a").endpoints->endpoints.size(), 2);
  world.Endpoints("new", {1});
  EXPECT_EQ(world.Describe("a").active->eds_service_name, "new");
  EXPECT_EQ(world.Cluster("a")->spec().eds_service_name, "new");
  EXPECT_FALSE(world.wanted.at("old"));
  EXPECT_EQ(world.Manager("cluster_updated"), 1);
}

TEST(ClusterSet, DropsAWarmingVersionWhenTheActiveOneComesBack) {
  SetWorld world;
  auto old_spec = world.Eds("a", "old");
  world.Add(old_spec);
  world.Endpoints("old", {1});
  world.Add(world.Eds("a", "new"));
  world.Add(std::make_shared<ClusterSpec>(*old_spec));
  EXPECT_EQ(world.Describe("a").warming, nullptr);
  EXPECT_EQ(world.Describe("a").active, old_spec);
  EXPECT_FALSE(world.wanted.at("new"));
  EXPECT_TRUE(world.wanted.at("old"));
  EXPECT_EQ(world.set.warming_count(), 0);
}

TEST(ClusterSet, GoesOnWithoutEndpointsWhenToldToStopWaiting) {
  SetWorld world;
  world.Add(world.Eds("a"));
  world.set.StopWaitingForEndpoints("a");
  world.Settle();
  EXPECT_TRUE(world.set.IsActive("a"));
  world.Endpoints("a", {1});
  EXPECT_EQ(world.Describe("a").endpoints->endpoints.size(), 1);
}

TEST(ClusterSet, SharesOneEdsResourceAmongClusters) {
  SetWorld world;
  world.Add(world.Eds("a", "shared"));
  world.Endpoints("shared", {1});
  world.Add(world.Eds("b", "shared"));
  EXPECT_TRUE(world.set.IsActive("b"));
  world.Endpoints("shared", {1, 2});
  const auto a = world.Describe("a").endpoints, b = world.Describe("b").endpoints;
  ASSERT_EQ(a->endpoints.size(), 2);
  ASSERT_EQ(b->endpoints.size(), 2);
  EXPECT_NE(a->endpoints[0]->tally, b->endpoints[0]->tally);
  world.set.Remove("a");
  EXPECT_TRUE(world.wanted.at("shared"));
  world.set.Remove("b");
  EXPECT_FALSE(world.wanted.at("shared"));
}

TEST(ClusterSet, RefusesToReplaceAStaticCluster) {
  SetWorld world;
  auto spec = world.Spec("a");
  spec->added_via_api = false;
  world.Add(spec);
  const absl::Status refused = world.set.Add(world.Spec("a"));
  EXPECT_THAT(std::string(refused.message()), testing::HasSubstr("cluster a: is in the static"));
  world.set.Remove("a");
  EXPECT_TRUE(world.set.IsActive("a"));
}

TEST(ClusterSet, RemovesWarmingClusters) {
  SetWorld world;
  world.Add(world.Eds("a"));
  world.set.Remove("a");
  EXPECT_EQ(world.warm_calls, 1);
  EXPECT_FALSE(world.wanted.at("a"));
  EXPECT_TRUE(world.set.Describe().empty());
  world.Endpoints("a", {1});
  EXPECT_FALSE(world.set.IsActive("a"));
}

TEST(ClusterSet, CountsEndpointsByHealth) {
  SetWorld world;
  world.Add(world.Eds("a"));
  EndpointSet set = SetWorld::Ips({1, 2, 3, 4});
  const auto change = [&](size_t at, EndpointHealth health, uint32_t weight) {
    auto changed = std::make_shared<Endpoint>(*set.endpoints[at]);
    changed->health = health;
    changed->weight = weight;
    set.endpoints[at] = changed;
  };
  change(0, EndpointHealth::kDraining, 1);
  change(1, EndpointHealth::kDegraded, 9);
  world.set.SetEndpoints("a", set);
  EXPECT_EQ(world.Counter("a.membership_total"), 4);
  EXPECT_EQ(world.Counter("a.membership_healthy"), 2);
  EXPECT_EQ(world.Counter("a.membership_degraded"), 1);
  EXPECT_EQ(world.Counter("a.max_host_weight"), 9);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(OUTRIGGER_TSAN)
// With a name of 54 bytes, one endpoint, its statistics of membership, and all that the spec says.
TEST(ClusterSet, SpendsLittleOnClustersThatNobodyUses) {
  World world;
  constexpr int kClusters = 2000;
  const auto add = [&](int i) {
    auto spec =
        world.Spec(absl::StrCat("outbound|8080||service-", i, ".default.svc.cluster.local"));
    spec->static_endpoints = SetWorld::Ips({1 + i % 200});
    ASSERT_TRUE(world.set.Add(spec).ok());
    world.Settle();  // nothing is left on its way to the worker
  };
  add(0);
  const size_t before = mallinfo2().uordblks;
  for (int i = 1; i <= kClusters; ++i) add(i);
  const size_t each = (mallinfo2().uordblks - before) / kClusters;
  EXPECT_LE(each, 2816);
}
#endif

}  // namespace
}  // namespace outrigger::upstream
