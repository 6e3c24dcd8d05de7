#include "source/stats/store.h"

#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "source/stats/envoy_scopes.h"
#include "source/stats/response_codes.h"

namespace outrigger::stats {
namespace {

using testing::Optional;

constexpr Metric kClusterTable[] = {
    {"upstream_cx_total", Kind::kCounter},
    {"upstream_cx_active", Kind::kGauge},
    {"upstream_rq_time", Kind::kHistogram},
    {"version_text", Kind::kText},
};
constexpr size_t kTotal = IndexOf(kClusterTable, "upstream_cx_total");
constexpr size_t kActive = IndexOf(kClusterTable, "upstream_cx_active");
constexpr size_t kTime = IndexOf(kClusterTable, "upstream_rq_time");
constexpr size_t kVersion = IndexOf(kClusterTable, "version_text");

TEST(Store, FindsValuesByTheirFullName) {
  Store store;
  const GroupPtr group = store.Declare(ClusterScope("a"), kClusterTable);
  group->counter(kTotal).Add(3);
  EXPECT_THAT(store.Value("cluster.a.upstream_cx_total"), Optional(3));
  EXPECT_THAT(store.Value("cluster.a.upstream_cx_active"), Optional(0));
  EXPECT_EQ(store.Value("cluster.b.upstream_cx_total"), std::nullopt);
}

TEST(Store, GivesTheSameGroupForTheSameScopeAndTable) {
  Store store;
  const GroupPtr old_version = store.Declare(ClusterScope("a"), kClusterTable);
  const GroupPtr new_version = store.Declare(ClusterScope("a"), kClusterTable);
  EXPECT_EQ(old_version, new_version);
  EXPECT_NE(old_version, store.Declare(ClusterScope("b"), kClusterTable));
}

TEST(Store, ForgetsAGroupWithItsLastHolder) {
  Store store;
  GroupPtr group = store.Declare(ClusterScope("a"), kClusterTable);
  GroupPtr other_holder = group;
  group->counter(kTotal).Increment();
  group->histogram(kTime).Record(5);
  group.reset();
  EXPECT_EQ(store.Groups().size(), 1u);
  other_holder.reset();
  EXPECT_TRUE(store.Groups().empty());
}

TEST(Store, StartsAtZeroWhenAGroupComesBack) {
  Store store;
  GroupPtr group = store.Declare(ClusterScope("a"), kClusterTable);
  std::thread worker([&] {
    group->counter(kTotal).Add(3);
    group->histogram(kTime).Record(5);
  });
  worker.join();
  group.reset();
  group = store.Declare(ClusterScope("a"), kClusterTable);
  EXPECT_THAT(store.Value("cluster.a.upstream_cx_total"), Optional(0));
  EXPECT_EQ(group->Cumulative(kTime).count(), 0u);
  EXPECT_FALSE(group->IsUsed(kTotal));
}

TEST(Store, DeclaresSingleStatisticsByARunTimeName) {
  Store store;
  const Scope scope = ListenerScope("in");
  const GroupPtr cipher =
      store.DeclareOne(scope, std::string("ssl.ciphers.") + "X", Kind::kCounter);
  const GroupPtr again = store.DeclareOne(scope, "ssl.ciphers.X", Kind::kCounter);
  EXPECT_EQ(cipher, again);
  cipher->counter(0).Increment();
  EXPECT_THAT(store.Value("listener.in.ssl.ciphers.X"), Optional(1));
}

TEST(Store, SurvivesDeclaringAndDroppingOnManyThreads) {
  Store store;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&store] {
      for (int i = 0; i < 300; ++i) {
        const GroupPtr group =
            store.Declare(ClusterScope(i % 2 == 0 ? "even" : "odd"), kClusterTable);
        group->counter(kTotal).Increment();
        group->histogram(kTime).Record(static_cast<uint64_t>(i));
        if (i % 50 == 0) store.FlushHistograms();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(store.Groups().empty());
}

TEST(Store, ResetsCountersAndNothingElse) {
  Store store;
  const GroupPtr group = store.Declare(ClusterScope("a"), kClusterTable);
  std::thread worker([&] { group->counter(kTotal).Add(3); });
  worker.join();
  group->gauge(kActive).Add(2);
  store.ResetCounters();
  EXPECT_THAT(store.Value("cluster.a.upstream_cx_total"), Optional(0));
  EXPECT_THAT(store.Value("cluster.a.upstream_cx_active"), Optional(2));
  EXPECT_TRUE(group->IsUsed(kTotal));
  group->counter(kTotal).Increment();
  EXPECT_THAT(store.Value("cluster.a.upstream_cx_total"), Optional(1));
}

TEST(Group, IsUsedOnceWrittenEvenWhenBackAtZero) {
  Store store;
  const GroupPtr group = store.Declare(ClusterScope("a"), kClusterTable);
  for (size_t at = 0; at < std::size(kClusterTable); ++at) EXPECT_FALSE(group->IsUsed(at));
  group->gauge(kActive).Increment();
  group->gauge(kActive).Decrement();
  group->counter(kTotal).Increment();
  group->histogram(kTime).Record(0);
  group->SetText(kVersion, "");
  for (size_t at = 0; at < std::size(kClusterTable); ++at) EXPECT_TRUE(group->IsUsed(at));
}

TEST(Group, ShowsTheIntervalBetweenTwoFlushes) {
  Store store;
  const GroupPtr group = store.Declare(ClusterScope("a"), kClusterTable);
  group->histogram(kTime).Record(1);
  store.FlushHistograms();
  group->histogram(kTime).Record(9);
  EXPECT_EQ(group->Interval(kTime).count(), 1u);
  EXPECT_EQ(group->Interval(kTime).Quantile(0.5), 1);
  store.FlushHistograms();
  EXPECT_EQ(group->Interval(kTime).Quantile(0.5), 9);
  EXPECT_EQ(group->Cumulative(kTime).count(), 2u);
  store.FlushHistograms();
  EXPECT_EQ(group->Interval(kTime).count(), 0u);
}

TEST(Group, HoldsTexts) {
  Store store;
  const GroupPtr group = store.Declare(ClusterScope("a"), kClusterTable);
  EXPECT_EQ(group->Text(kVersion), "");
  group->SetText(kVersion, "v1");
  group->SetText(kVersion, "v2");
  EXPECT_EQ(group->Text(kVersion), "v2");
}

TEST(ResponseCodes, CountsTheClassAndTheCode) {
  Store store;
  const ResponseCodes codes(store, ClusterScope("a"));
  codes.Count(200);
  codes.Count(204);
  codes.Count(503);
  EXPECT_THAT(store.Value("cluster.a.upstream_rq_2xx"), Optional(2));
  EXPECT_THAT(store.Value("cluster.a.upstream_rq_200"), Optional(1));
  EXPECT_THAT(store.Value("cluster.a.upstream_rq_204"), Optional(1));
  EXPECT_THAT(store.Value("cluster.a.upstream_rq_5xx"), Optional(1));
  EXPECT_THAT(store.Value("cluster.a.upstream_rq_503"), Optional(1));
}

TEST(ResponseCodes, CountsACodeNobodyUsesInItsClassOnly) {
  Store store;
  const ResponseCodes codes(store, ClusterScope("a"));
  for (uint32_t status : {299u, 0u, 99u, 600u, 1'000'000u}) codes.Count(status);
  ResponseCodes().Count(200);
  EXPECT_THAT(store.Value("cluster.a.upstream_rq_2xx"), Optional(1));
  EXPECT_THAT(store.Value("cluster.a.upstream_rq_5xx"), Optional(0));
  EXPECT_EQ(store.Value("cluster.a.upstream_rq_299"), std::nullopt);
}

TEST(NamePart, ReplacesWhatWouldBreakALine) {
  EXPECT_EQ(NamePart("[::1]:80"), "[__1]_80");
  EXPECT_EQ(NamePart("a\nb\0c|d.e" + std::string()), "a_b");
  EXPECT_EQ(NamePart("outbound|80||svc.ns"), "outbound|80||svc.ns");
}

}  // namespace
}  // namespace outrigger::stats
