#pragma once

#include <string>

#include "source/config/place.h"
#include "source/http/upgrade_rules.h"

namespace outrigger::config {

// Refuses a name that no request could ask for, or that may not pass.
void CheckUpgradeName(const std::string& name, const http::UpgradeRules& before,
                      const Place& place);

// upgrade_configs of a connection manager or a route, at `owner`.
template <typename Configs>
http::UpgradeRules ReadUpgrades(const Configs& configs, const Place& owner) {
  http::UpgradeRules rules;
  for (int i = 0; i < configs.size(); ++i) {
    const auto& config = configs.Get(i);
    const Place at = owner.At("upgrade_configs", i);
    CheckUpgradeName(config.upgrade_type(), rules, at.At("upgrade_type"));
    rules.Add(config.upgrade_type(), !config.has_enabled() || config.enabled().value());
  }
  return rules;
}

}  // namespace outrigger::config
