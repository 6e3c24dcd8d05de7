#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "source/control/resource.h"

namespace outrigger::control {

// The resources of one type.
struct ResourceSet {
  std::string version;  // changes exactly when a name or a content does
  std::map<std::string, ResourcePtr> by_name;
};

// Everything that is served at one moment.
// Owner: shared by the directory and the streams.  Thread: any, immutable.
class Snapshot {
 public:
  Snapshot() = default;
  // Of two resources of one type and name the first stays; the later ones go to `duplicates`.
  Snapshot(const std::vector<ResourcePtr>& resources, std::vector<ResourcePtr>& duplicates);

  // `type_name` may also be a type URL. An empty set for a type that has no resource.
  const ResourceSet& Of(std::string_view type_name) const;
  const std::map<std::string, ResourceSet, std::less<>>& sets() const { return sets_; }

 private:
  std::map<std::string, ResourceSet, std::less<>> sets_;
};
using SnapshotPtr = std::shared_ptr<const Snapshot>;

}  // namespace outrigger::control
