#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source/http/header_map.h"

namespace outrigger::http {

// The name under which rules speak of CONNECT.
inline constexpr std::string_view kConnectUpgrade = "CONNECT";

// Which protocols a request may switch to, as one level of the configuration says
// (upgrade_configs). Immutable once compiled.
class UpgradeRules {
 public:
  void Add(std::string name, bool is_enabled) { rules_.push_back({std::move(name), is_enabled}); }
  // nullopt: these rules say nothing about `name`, in any case.
  std::optional<bool> Find(std::string_view name) const {
    for (const Rule& rule : rules_) {
      if (EqualsIgnoreCase(rule.name, name)) return rule.is_enabled;
    }
    return std::nullopt;
  }

 private:
  struct Rule {
    std::string name;
    bool is_enabled;
  };
  std::vector<Rule> rules_;
};

}  // namespace outrigger::http
