#include "source/upstream/cluster_names.h"

#include <atomic>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace outrigger::upstream {
namespace {

TEST(ClusterNames, GivesEveryHolderOfANameTheSameNumber) {
  ClusterNames names;
  const ClusterNameRef a = names.Intern("a");
  const ClusterNameRef b = names.Intern("b");
  EXPECT_EQ(names.Intern("a"), a);
  EXPECT_NE(a->id(), b->id());
  EXPECT_EQ(b->text(), "b");
  EXPECT_EQ(names.bound(), 2);
}

TEST(ClusterNames, UsesANumberAgainWhenNobodyHoldsItsName) {
  ClusterNames names;
  const ClusterNameRef kept = names.Intern("kept");
  for (int i = 0; i < 100; ++i) names.Intern("passing" + std::to_string(i));
  EXPECT_EQ(names.bound(), 2);
  EXPECT_EQ(names.Intern("kept"), kept);
}

TEST(ClusterNames, KeepsNumbersApartWhileThreadsComeAndGo) {
  ClusterNames names;
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 2000; ++i) {
        const ClusterNameRef shared = names.Intern("shared");
        const ClusterNameRef other = names.Intern(i % 2 == 0 ? "even" : "odd");
        if (shared->text() != "shared" || shared->id() == other->id()) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  // At worst each thread had a dying and a new one of each of the three names.
  EXPECT_LE(names.bound(), 4u * 3 * 2);
}

}  // namespace
}  // namespace outrigger::upstream
