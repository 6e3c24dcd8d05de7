#include "source/control/snapshot.h"

#include "absl/strings/str_cat.h"
#include "source/config/loading/message_types.h"

namespace outrigger::control {

Snapshot::Snapshot(const std::vector<ResourcePtr>& resources,
                   std::vector<ResourcePtr>& duplicates) {
  for (const ResourcePtr& resource : resources) {
    const bool is_new = sets_[resource->type_name].by_name.emplace(resource->name, resource).second;
    if (!is_new) duplicates.push_back(resource);
  }
  for (auto& [type_name, set] : sets_) {
    std::string contents;
    for (const auto& [name, resource] : set.by_name) {
      absl::StrAppend(&contents, name, "\n", resource->version, "\n");
    }
    set.version = ContentVersion(contents);
  }
}

const ResourceSet& Snapshot::Of(std::string_view type_name) const {
  static const ResourceSet* const kEmpty = new ResourceSet{ContentVersion(""), {}};
  const auto found = sets_.find(loading::TypeName(type_name));
  return found == sets_.end() ? *kEmpty : found->second;
}

}  // namespace outrigger::control
