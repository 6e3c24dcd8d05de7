// Counts every byte that declaring statistics allocates, by replacing the global operator new of
// this test binary.

#include <atomic>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "source/stats/envoy_scopes.h"
#include "source/stats/response_codes.h"
#include "source/stats/store.h"

namespace {
std::atomic<size_t> allocated_bytes{0};
}  // namespace

// Not inlined: the compiler would pair the free with a new that it still takes for its own.
[[gnu::noinline]] void* operator new(size_t size) {
  allocated_bytes += size;
  if (void* block = std::malloc(size)) return block;
  std::abort();
}
[[gnu::noinline]] void operator delete(void* block) noexcept { std::free(block); }
[[gnu::noinline]] void operator delete(void* block, size_t) noexcept { std::free(block); }

namespace outrigger::stats {
namespace {

// As many statistics as a cluster has, beside its response codes.
constexpr std::array<Metric, 60> kSixty = [] {
  std::array<Metric, 60> table = {};
  for (size_t i = 0; i < table.size(); ++i) {
    table[i].name = "upstream_rq_total";
    table[i].kind = i < 40 ? Kind::kCounter : i < 56 ? Kind::kGauge : Kind::kHistogram;
  }
  return table;
}();

TEST(IdleCluster, CostsFarLessThanTwoKibibytes) {
  constexpr size_t kClusters = 1'000;
  Store store;
  std::vector<GroupPtr> groups;
  std::vector<ResponseCodes> codes;
  groups.reserve(kClusters);
  codes.reserve(kClusters);
  const size_t before = allocated_bytes;
  for (size_t i = 0; i < kClusters; ++i) {
    const Scope scope = ClusterScope("outbound|8080||service-" + std::to_string(i));
    groups.push_back(store.Declare(scope, kSixty));
    codes.emplace_back(store, scope);
  }
  const size_t bytes_each = (allocated_bytes - before) / kClusters;
  RecordProperty("bytes_per_idle_cluster", std::to_string(bytes_each));
  EXPECT_LT(bytes_each, 1'024u);
}

}  // namespace
}  // namespace outrigger::stats
