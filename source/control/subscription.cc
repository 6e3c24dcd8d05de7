#include "source/control/subscription.h"

#include <utility>

#include "source/config/loading/message_types.h"

namespace outrigger::control {

bool IsFullStateType(std::string_view type_url) {
  const std::string_view name = loading::TypeName(type_url);
  return name == kListener || name == kCluster;
}

bool WantedNames::Add(const std::string& name) {
  if (name == "*") return !std::exchange(everything_, true);
  return names_.insert(name).second;
}

bool WantedNames::Remove(const std::string& name) {
  if (name == "*") return std::exchange(everything_, false);
  return names_.erase(name) > 0;
}

void WantedNames::Clear() {
  everything_ = false;
  names_.clear();
}

std::vector<ResourcePtr> WantedNames::In(const ResourceSet& set) const {
  std::vector<ResourcePtr> found;
  if (everything_) {
    for (const auto& [name, resource] : set.by_name) found.push_back(resource);
    return found;
  }
  for (const std::string& name : names_) {
    if (const auto at = set.by_name.find(name); at != set.by_name.end()) {
      found.push_back(at->second);
    }
  }
  return found;
}

}  // namespace outrigger::control
