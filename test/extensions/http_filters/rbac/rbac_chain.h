#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "gtest/gtest.h"
#include "source/base/text.h"
#include "source/config/runtime_values.h"
#include "source/extensions/http_filters/rbac/rbac.h"
#include "test/config/from_yaml.h"
#include "test/harness/filter_harness.h"

namespace outrigger::rbac {

// A chain with one rbac filter, made from YAML.
class RbacChain {
 public:
  explicit RbacChain(std::string_view yaml) : chain_(MakeFilter(yaml)) {}

  // A policy "p" that asks for one permission, or one principal, and nothing else.
  static RbacChain Allowing(std::string_view permission) {
    return RbacChain(Rules("ALLOW", permission, "{any: true}"));
  }
  static RbacChain AllowingOnly(std::string_view principal) {
    return RbacChain(Rules("ALLOW", "{any: true}", principal));
  }
  static std::string Rules(std::string_view action, std::string_view permission,
                           std::string_view principal) {
    return base::StrCat("rules: {action: ", action, ", policies: {p: {permissions: [", permission,
                        "], principals: [", principal, "]}}}");
  }

  testing::FilterHarness* operator->() { return &chain_; }
  int Status(std::string_view line, const testing::HeaderList& headers = {}) {
    return chain_.Request(line, headers).status;
  }
  uint64_t Counter(std::string_view name) {
    return stats_.Value(base::StrCat("http.edge.rbac.", name)).value_or(12345);
  }
  config::FactoryContext& context() { return context_; }

 private:
  http::HttpFilterFactory MakeFilter(std::string_view yaml) {
    auto made = Create(config::FromYaml<Config>(yaml), context_);
    EXPECT_TRUE(made.ok()) << made.status().message();
    return *std::move(made);
  }

  config::RuntimeValues runtime_;
  base::ManualClock clock_;
  stats::Store stats_;
  config::FactoryContext context_{clock_, stats_, "edge", runtime_};
  testing::FilterHarness chain_;
};

}  // namespace outrigger::rbac
