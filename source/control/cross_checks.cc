#include "source/control/cross_checks.h"

#include "absl/strings/str_cat.h"
#include "source/config/loading/absl_view.h"
#include "source/config/loading/near_names.h"

namespace outrigger::control {
namespace {

std::string Missing(const Resource& resource, const Reference& reference,
                    const Snapshot& snapshot) {
  std::vector<std::string> known;
  for (const auto& [name, other] : snapshot.Of(reference.type_name).by_name) known.push_back(name);
  const std::string_view type = reference.type_name.substr(reference.type_name.rfind('.') + 1);
  return absl::StrCat(loading::Locate(resource.file, resource.position), reference.path, ": no ",
                      loading::AbslView(type), " \"", reference.name, "\" in the directory",
                      loading::DidYouMean(reference.name, known));
}

}  // namespace

CrossCheck CheckReferences(const Snapshot& snapshot) {
  CrossCheck found;
  for (const auto& [type_name, set] : snapshot.sets()) {
    for (const auto& [name, resource] : set.by_name) {
      for (const Reference& reference : resource->references) {
        if (snapshot.Of(reference.type_name).by_name.count(reference.name) > 0) continue;
        const bool may_be_static = reference.type_name == kCluster;
        (may_be_static ? found.warnings : found.errors)
            .push_back(Missing(*resource, reference, snapshot));
      }
    }
  }
  return found;
}

}  // namespace outrigger::control
