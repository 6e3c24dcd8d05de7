#include "source/http/grpc/method_counters.h"

#include <gtest/gtest.h>

#include <thread>

#include "source/base/text.h"

namespace outrigger::http::grpc {
namespace {

TEST(MethodPath, IsServiceAndMethod) {
  const auto name = ParseMethodPath("/pkg.Greeter/Say?x=/1");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->service, "pkg.Greeter");
  EXPECT_EQ(name->method, "Say");
  for (const auto path : {"", "/", "/a", "/a/", "//b", "a/b", "/a/b/c", "*"}) {
    EXPECT_FALSE(ParseMethodPath(path)) << path;
  }
}

TEST(MethodCounters, NamesStatisticsByClusterServiceAndMethod) {
  stats::Store store;
  MethodCounters counters(store, "grpc");
  const MethodTally* tally = counters.Find("backend", {"pkg.Greeter", "Say"});
  ASSERT_NE(tally, nullptr);
  EXPECT_EQ(counters.Find("backend", {"pkg.Greeter", "Say"}), tally);
  tally->CountEnd(0);
  tally->CountEnd(5);
  tally->CountEnd(99);
  tally->CountRequestMessages(3);
  const auto value = [&](std::string_view name) {
    return store.Value(base::StrCat("cluster.backend.grpc.pkg.Greeter.Say.", name));
  };
  EXPECT_EQ(value("success"), 1u);
  EXPECT_EQ(value("failure"), 2u);
  EXPECT_EQ(value("total"), 3u);
  EXPECT_EQ(value("5"), 1u);
  EXPECT_EQ(value("request_message_count"), 3u);
}

TEST(MethodCounters, ReplacesDotsWhenAsked) {
  stats::Store store;
  MethodCounters counters(store, "grpc-web", true);
  counters.Find("a", {"x.y.Z", "M"})->CountEnd(0);
  EXPECT_EQ(store.Value("cluster.a.grpc-web.x_y_Z.M.total"), 1u);
}

TEST(MethodCounters, CountsTogetherWhatIsOverItsLimit) {
  stats::Store store;
  MethodCounters counters(store, "grpc");
  for (size_t i = 0; i < MethodCounters::kMaxMethods; ++i) {
    counters.Find("a", {"S", base::StrCat("m", i)})->CountEnd(0);
  }
  counters.Find("a", {"S", "one_more"})->CountEnd(0);
  counters.Find("a", {"S", "another"})->CountEnd(0);
  EXPECT_EQ(store.Value("cluster.a.grpc.S.one_more.total"), std::nullopt);
  EXPECT_EQ(store.Value("cluster.a.grpc.total"), 2u);
  EXPECT_EQ(store.Value("cluster.a.grpc.S.m999.total"), 1u);
  for (size_t i = 1; i < MethodCounters::kMaxClusters; ++i) {
    EXPECT_NE(counters.Find(base::StrCat("c", i), {}), nullptr);
  }
  EXPECT_EQ(counters.Find("one_more", {}), nullptr);
}

TEST(MethodCounters, GiveManyThreadsTheSameTallies) {
  stats::Store store;
  MethodCounters counters(store, "grpc");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        counters.Find("a", {"S", base::StrCat("m", i % 50)})->CountEnd(0);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(store.Value(base::StrCat("cluster.a.grpc.S.m", i, ".total")), 16u) << i;
  }
}

}  // namespace
}  // namespace outrigger::http::grpc
