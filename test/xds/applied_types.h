#pragma once

#include <map>
#include <string>
#include <vector>

#include "envoy/config/core/v3/extension.pb.h"
#include "source/stats/envoy_scopes.h"
#include "test/xds/messages.h"

namespace outrigger::xds::test {

// A wildcard type, kTypeUrl, and a named one, kNamedUrl, and what was applied of them. A resource
// whose content is "unbindable" compiles but cannot be applied.
inline constexpr std::string_view kNamedUrl = "type.googleapis.com/envoy.config.core.v3.Locality";

class AppliedTypes {
 public:
  std::vector<ResourceType> Types() {
    ResourceType wildcard = NodeType(true);
    wildcard.apply = [this](Update update) { return Apply(std::move(update)); };
    wildcard.timed_out = [this](const std::vector<std::string>&) { timed_out.push_back("*"); };
    wildcard.scope = [](std::string_view) { return stats::PlainScope("cluster_manager.cds."); };
    ResourceType named = NodeType(false);
    named.url = kNamedUrl;
    named.compile =
        [](const google::protobuf::Any& body) -> absl::StatusOr<ResourceType::Compiled> {
      // The same bytes, read as a Node: name in field 1, content in field 2.
      envoy::config::core::v3::Node message;
      if (!message.ParseFromString(body.value())) return base::InvalidArgument("not valid");
      if (message.cluster() == "bad") return base::InvalidArgument("cluster: is bad");
      return ResourceType::Compiled{
          .name = message.id(), .object = std::make_shared<const std::string>(message.cluster())};
    };
    named.apply = [this](Update update) { return Apply(std::move(update)); };
    named.timed_out = [this](const std::vector<std::string>& names) {
      timed_out.insert(timed_out.end(), names.begin(), names.end());
    };
    named.scope = [](std::string_view name) { return stats::ClusterScope(name); };
    return {std::move(wildcard), std::move(named)};
  }

  std::map<std::string, std::string> held;
  std::vector<std::string> timed_out;
  int updates = 0;

 private:
  std::vector<RefusedResource> Apply(Update update) {
    ++updates;
    std::vector<RefusedResource> refused = update.refused;
    for (ReadyResource& resource : update.changed) {
      const auto& content = *static_cast<const std::string*>(resource.compiled.get());
      if (content == "unbindable") {
        refused.push_back({.name = resource.name,
                           .version = resource.version,
                           .body = resource.body,
                           .reason = "address: in use"});
      } else {
        held[resource.name] = content;
      }
    }
    for (const std::string& name : update.removed) held.erase(name);
    return refused;
  }
};

// A resource of the named type, in messages of messages.h.
inline SotwResponse AsNamed(SotwResponse response) {
  response.set_type_url(std::string(kNamedUrl));
  for (auto& any : *response.mutable_resources()) any.set_type_url(std::string(kNamedUrl));
  return response;
}
inline DeltaResponse AsNamed(DeltaResponse response) {
  response.set_type_url(std::string(kNamedUrl));
  for (auto& envelope : *response.mutable_resources()) {
    if (envelope.has_resource()) {
      envelope.mutable_resource()->set_type_url(std::string(kNamedUrl));
    }
  }
  return response;
}

}  // namespace outrigger::xds::test
