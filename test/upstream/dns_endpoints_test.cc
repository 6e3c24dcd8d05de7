#include "source/upstream/dns_endpoints.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/upstream/cluster_world.h"

namespace outrigger::upstream {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::UnorderedElementsAre;

class DnsWorld : public World {
 public:
  void AddNames(std::vector<std::string> dns_names) {
    AddNames(std::move(dns_names), [](ClusterSpec&) {});
  }
  template <typename Change>
  void AddNames(std::vector<std::string> dns_names, Change change) {
    AddCluster({}, [&](ClusterSpec& spec) {
      spec.discovery = Discovery::kStrictDns;
      for (auto& name : dns_names) spec.dns_names.push_back({.name = name, .port = 80});
      change(spec);
    });
  }
  std::vector<std::string> Addresses() {
    std::vector<std::string> addresses;
    for (const auto& listing : set.Describe()) {
      if (listing.endpoints == nullptr) continue;
      for (const auto& endpoint : listing.endpoints->endpoints) {
        addresses.push_back(endpoint->address().ToString());
      }
    }
    return addresses;
  }
  bool IsAsking(const std::string& name) { return dns.waiting.contains(name); }
};

TEST(StrictDns, WaitsForTheFirstAnswerOfEveryName) {
  DnsWorld world;
  world.AddNames({"one.test", "two.test"});
  world.dns.Answer("one.test", {"10.0.0.1", "10.0.0.2"});
  EXPECT_FALSE(world.set.IsActive("a"));
  EXPECT_EQ(world.set.Describe()[0].waits_for, "dns two.test");
  world.dns.Answer("two.test", {"10.0.0.3"});
  EXPECT_TRUE(world.set.IsActive("a"));
  EXPECT_THAT(world.Addresses(), UnorderedElementsAre("10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80"));
  EXPECT_EQ(world.set.Describe()[0].endpoints->endpoints[0]->hostname, "one.test");
}

TEST(StrictDns, IsReadyAfterAFailureToo) {
  DnsWorld world;
  world.AddNames({"one.test"});
  world.dns.Fail("one.test");
  EXPECT_TRUE(world.set.IsActive("a"));
  EXPECT_EQ(world.Counter("a.update_failure"), 1);
}

TEST(StrictDns, AsksAgainAfterTheRefreshTime) {
  DnsWorld world;
  world.AddNames({"one.test"}, [](ClusterSpec& spec) { spec.dns_refresh = milliseconds(5000); });
  world.dns.Answer("one.test", {"10.0.0.1"}, /*ttl_seconds=*/60);
  world.Advance(milliseconds(4999));
  EXPECT_FALSE(world.IsAsking("one.test"));
  world.Advance(milliseconds(2));
  ASSERT_TRUE(world.IsAsking("one.test"));
  world.dns.Answer("one.test", {"10.0.0.1"});
  EXPECT_EQ(world.Counter("a.update_no_rebuild"), 1);
  world.Advance(milliseconds(5001));
  world.dns.Answer("one.test", {"10.0.0.2"});
  EXPECT_THAT(world.Addresses(), ElementsAre("10.0.0.2:80"));
  EXPECT_EQ(world.Counter("a.update_attempt"), 3);
}

TEST(StrictDns, RespectsTheTtlWhereAsked) {
  DnsWorld world;
  world.AddNames({"one.test"}, [](ClusterSpec& spec) { spec.respect_dns_ttl = true; });
  world.dns.Answer("one.test", {"10.0.0.1"}, /*ttl_seconds=*/60);
  world.Advance(milliseconds(59'999));
  EXPECT_FALSE(world.IsAsking("one.test"));
  world.Advance(milliseconds(2));
  EXPECT_TRUE(world.IsAsking("one.test"));
}

TEST(StrictDns, KeepsAddressesAndBacksOffWhileAnswersFail) {
  DnsWorld world;
  world.AddNames({"one.test"}, [](ClusterSpec& spec) {
    spec.dns_refresh = milliseconds(100);
    spec.dns_failure_refresh = milliseconds(1000);
    spec.dns_failure_refresh_max = milliseconds(3000);
  });
  world.dns.Answer("one.test", {"10.0.0.1"});
  world.Advance(milliseconds(101));
  for (const int wait : {1000, 2000, 3000, 3000}) {
    world.dns.Fail("one.test");
    EXPECT_THAT(world.Addresses(), ElementsAre("10.0.0.1:80"));
    world.Advance(milliseconds(wait - 1));
    EXPECT_FALSE(world.IsAsking("one.test")) << wait;
    world.Advance(milliseconds(2));
    EXPECT_TRUE(world.IsAsking("one.test")) << wait;
  }
  world.dns.Answer("one.test", {"10.0.0.1"});
  world.Advance(milliseconds(101));
  world.dns.Fail("one.test");
  world.Advance(milliseconds(1001));
  EXPECT_TRUE(world.IsAsking("one.test"));  // from the start again
}

TEST(StrictDns, SpreadsRefreshesByTheJitter) {
  DnsWorld world;
  world.AddNames({"one.test"}, [](ClusterSpec& spec) {
    spec.dns_refresh = milliseconds(100);
    spec.dns_jitter = milliseconds(1000);
  });
  for (int i = 0; i < 20; ++i) {
    world.dns.Answer("one.test", {"10.0.0.1"});
    world.Advance(milliseconds(99));
    ASSERT_FALSE(world.IsAsking("one.test"));
    world.Advance(milliseconds(1002));
    ASSERT_TRUE(world.IsAsking("one.test"));
  }
}

TEST(StrictDns, StopsAskingForARemovedCluster) {
  DnsWorld world;
  world.AddNames({"one.test"});
  EXPECT_TRUE(world.IsAsking("one.test"));
  world.set.Remove("a");
  EXPECT_FALSE(world.IsAsking("one.test"));
}

TEST(StrictDns, ServesTheOldVersionUntilTheNewNamesAreResolved) {
  DnsWorld world;
  world.AddNames({"one.test"});
  world.dns.Answer("one.test", {"10.0.0.1"});
  world.AddNames({"two.test"});
  EXPECT_THAT(world.Addresses(), ElementsAre("10.0.0.1:80"));
  world.dns.Answer("two.test", {"10.0.0.2"});
  EXPECT_THAT(world.Addresses(), ElementsAre("10.0.0.2:80"));
  world.Advance(milliseconds(5001));
  EXPECT_FALSE(world.IsAsking("one.test"));
  EXPECT_TRUE(world.IsAsking("two.test"));
}

struct LogicalWorld : DnsWorld {
  LogicalWorld() {
    AddNames({"one.test"}, [](ClusterSpec& spec) { spec.discovery = Discovery::kLogicalDns; });
  }
  std::shared_ptr<const Endpoint> endpoint() {
    const auto listing = set.Describe().at(0);
    return listing.endpoints->endpoints.size() == 1 ? listing.endpoints->endpoints[0] : nullptr;
  }
};

TEST(LogicalDns, IsOneEndpointWithAllAddresses) {
  LogicalWorld world;
  world.dns.Answer("one.test", {"10.0.0.1", "10.0.0.2"});
  ASSERT_NE(world.endpoint(), nullptr);
  EXPECT_EQ(world.endpoint()->addresses.size(), 2u);
  EXPECT_EQ(world.endpoint()->address().ToString(), "10.0.0.1:80");
  EXPECT_EQ(world.endpoint()->hostname, "one.test");
}

// A name server that turns its answers round must not close a connection each time.
TEST(LogicalDns, StaysTheSameEndpointWhenAddressesChange) {
  LogicalWorld world;
  world.dns.Answer("one.test", {"10.0.0.1"});
  const auto before = world.endpoint();
  world.Advance(milliseconds(5001));
  world.dns.Answer("one.test", {"10.0.0.2"});
  EXPECT_EQ(world.endpoint()->address().ToString(), "10.0.0.2:80");
  EXPECT_EQ(world.endpoint()->tally, before->tally) << "pools follow the tally";
}

TEST(LogicalDns, IsAnotherEndpointForAnotherName) {
  LogicalWorld world;
  world.dns.Answer("one.test", {"10.0.0.1"});
  const auto before = world.endpoint();
  world.AddNames({"two.test"}, [](ClusterSpec& spec) { spec.discovery = Discovery::kLogicalDns; });
  world.dns.Answer("two.test", {"10.0.0.2"});
  EXPECT_NE(world.endpoint()->tally, before->tally);
}

TEST(LogicalDns, KeepsItsAddressesWhileAnswersFail) {
  LogicalWorld world;
  world.dns.Fail("one.test");
  EXPECT_TRUE(world.set.IsActive("a"));
  EXPECT_EQ(world.endpoint(), nullptr);
  world.Advance(milliseconds(5001));
  world.dns.Answer("one.test", {"10.0.0.1"});
  world.Advance(milliseconds(5001));
  world.dns.Fail("one.test");
  EXPECT_EQ(world.endpoint()->address().ToString(), "10.0.0.1:80");
}

}  // namespace
}  // namespace outrigger::upstream
