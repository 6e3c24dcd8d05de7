#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "gtest/gtest.h"
#include "source/base/text.h"
#include "source/config/registry.h"
#include "source/config/runtime_values.h"
#include "test/config/from_yaml.h"

namespace outrigger::testing {

// What a filter's factory may use, with the runtime values given as YAML; its connection manager's
// stat_prefix is `edge`.
class FilterSurroundings {
 public:
  explicit FilterSurroundings(std::string_view runtime = "{}") {
    config::Findings findings;
    runtime_.Add(config::FromYaml<envoy::config::bootstrap::v3::LayeredRuntime>(runtime),
                 config::Place(findings));
  }
  config::FactoryContext& context() { return context_; }
  // What /healthcheck/fail does.
  void FailHealthChecks() { health_->is_failed = true; }
  // By its full name; a statistic that was not declared is 12345.
  uint64_t Counter(std::string_view name) { return stats_.Value(name).value_or(12345); }

  // What `create` makes of a configuration in YAML; one that is refused fails the test.
  template <typename Config, typename Create>
  auto Make(Create create, std::string_view yaml) {
    auto made = create(config::FromYaml<Config>(yaml), context_);
    EXPECT_TRUE(made.ok()) << made.status().message();
    return *std::move(made);
  }
  // The text with which it refuses one.
  template <typename Config, typename Create>
  std::string Refusal(Create create, std::string_view yaml) {
    const auto made = create(config::FromYaml<Config>(yaml), context_);
    return made.ok() ? "accepted" : std::string(base::StdView(made.status().message()));
  }

 private:
  config::RuntimeValues runtime_;
  base::ManualClock clock_;
  stats::Store stats_;
  std::shared_ptr<config::ServerHealth> health_ = std::make_shared<config::ServerHealth>();
  config::FactoryContext context_{clock_, stats_, "edge", runtime_, health_};
};

}  // namespace outrigger::testing
