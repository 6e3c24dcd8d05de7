#pragma once

#include <string>
#include <string_view>

#include "gtest/gtest.h"
#include "source/base/text.h"
#include "source/config/runtime_values.h"
#include "source/extensions/http_filters/local_ratelimit/local_ratelimit.h"
#include "test/config/from_yaml.h"
#include "test/harness/filter_harness.h"

namespace outrigger::local_ratelimit {

// What a LocalRateLimit may use, with the runtime values given as YAML.
class Surroundings {
 public:
  explicit Surroundings(std::string_view runtime = "{}") {
    config::Findings findings;
    runtime_.Add(config::FromYaml<envoy::config::bootstrap::v3::LayeredRuntime>(runtime),
                 config::Place(findings));
  }
  config::FactoryContext& context() { return context_; }
  uint64_t Counter(std::string_view name) {
    return stats_.Value(base::StrCat("rl.http_local_rate_limit.", name)).value_or(12345);
  }

 private:
  config::RuntimeValues runtime_;
  base::ManualClock clock_;
  stats::Store stats_;
  config::FactoryContext context_{clock_, stats_, "edge", runtime_};
};

// A chain with one local_ratelimit filter, made from YAML; stat_prefix is `rl`.
class LimitedChain {
 public:
  explicit LimitedChain(std::string_view yaml, std::string_view runtime = "{}")
      : surroundings_(runtime), chain_(MakeFilter(yaml)) {}

  testing::FilterHarness* operator->() { return &chain_; }
  const testing::Reply& Get(std::string_view target = "/",
                            const testing::HeaderList& headers = {}) {
    return chain_.Request(base::StrCat("GET ", target), headers);
  }
  int Status(std::string_view target = "/", const testing::HeaderList& headers = {}) {
    return Get(target, headers).status;
  }
  // How many of `count` equal requests in a row pass.
  int Passed(int count, std::string_view target = "/", const testing::HeaderList& headers = {}) {
    int passed = 0;
    for (int i = 0; i < count; ++i) passed += Status(target, headers) == 200 ? 1 : 0;
    return passed;
  }
  uint64_t Counter(std::string_view name) { return surroundings_.Counter(name); }
  config::RouteFilterConfigPtr OfRoute(std::string_view yaml) {
    auto made = CreateForRoute(config::FromYaml<Config>(WithPrefix(yaml)), surroundings_.context());
    EXPECT_TRUE(made.ok()) << made.status().message();
    return made.ok() ? *std::move(made) : nullptr;
  }

 private:
  static std::string WithPrefix(std::string_view yaml) {
    return base::StrCat("stat_prefix: rl\n", yaml);
  }
  http::HttpFilterFactory MakeFilter(std::string_view yaml) {
    auto made = Create(config::FromYaml<Config>(WithPrefix(yaml)), surroundings_.context());
    EXPECT_TRUE(made.ok()) << made.status().message();
    return *std::move(made);
  }

  Surroundings surroundings_;
  testing::FilterHarness chain_;
};

// Both shares at 100 %.
inline constexpr std::string_view kEnforced =
    "filter_enabled: {default_value: {numerator: 100}}\n"
    "filter_enforced: {default_value: {numerator: 100}}\n";

}  // namespace outrigger::local_ratelimit
