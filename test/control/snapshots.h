#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "source/control/snapshot.h"
#include "source/control/subscription.h"

namespace outrigger::control {

inline std::string TypeUrl(std::string_view type_name) {
  return "type.googleapis.com/" + std::string(type_name);
}

// A resource of no real content: `content` decides its version.
inline ResourcePtr MakeResource(std::string_view type_name, const std::string& name,
                                const std::string& content,
                                std::vector<Reference> references = {}) {
  auto resource = std::make_shared<Resource>();
  resource->type_name = std::string(type_name);
  resource->name = name;
  resource->version = content;
  resource->body.set_type_url(TypeUrl(type_name));
  resource->body.set_value(content);
  resource->references = std::move(references);
  return resource;
}

inline ResourcePtr MakeEdsCluster(const std::string& name, const std::string& content) {
  return MakeResource(kCluster, name, content, {{kEndpoints, name, ""}});
}

inline Snapshot MakeSnapshot(const std::vector<ResourcePtr>& resources) {
  std::vector<ResourcePtr> duplicates;
  return Snapshot(resources, duplicates);
}

// "cds:a=1,b=2 -gone" for a push; "nothing" for none.
inline std::string Show(const std::optional<Push>& push) {
  if (!push) return "nothing";
  const std::string_view type = push->type_url;
  std::string shown(ShortTypeName(type.substr(type.rfind('/') + 1)));
  shown += ":";
  for (const ResourcePtr& resource : push->resources) {
    if (shown.back() != ':') shown += ",";
    shown += resource->name + "=" + resource->version;
  }
  for (const std::string& name : push->removed) shown += " -" + name;
  return shown;
}

}  // namespace outrigger::control
