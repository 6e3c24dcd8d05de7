#include "source/config/listener_spec.h"

#include <algorithm>
#include <utility>

namespace outrigger::config {

std::vector<std::string> ListenerSpec::RdsNames() const {
  std::vector<std::string> names;
  for (const FilterChainPtr& chain : AllChains()) {
    const std::string& name = chain->routes.rds_name;
    if (name.empty() || std::find(names.begin(), names.end(), name) != names.end()) continue;
    names.push_back(name);
  }
  return names;
}

bool ListenerSpec::NamesCluster(const std::string& cluster) const {
  for (const FilterChainPtr& chain : AllChains()) {
    const auto& table = chain->routes.inline_table;
    if (table != nullptr && table->clusters().contains(cluster)) return true;
    const auto& clusters = chain->session_clusters;
    if (std::find(clusters.begin(), clusters.end(), cluster) != clusters.end()) return true;
  }
  return false;
}

void SetOnlyChain(ListenerSpec& spec, FilterChainSpec chain) {
  spec.default_chain = std::make_shared<const FilterChainSpec>(std::move(chain));
  spec.only_chain = spec.default_chain;
}

}  // namespace outrigger::config
