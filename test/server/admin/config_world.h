#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "source/config/loading/message_loader.h"
#include "source/server/admin/config_dump.h"
#include "test/server/admin/admin_world.h"

namespace outrigger::server {

// An admin endpoint with a bootstrap and with what an xDS client would hold.
class ConfigWorld : public AdminWorld {
 public:
  void Bootstrap(std::string_view yaml) {
    const absl::Status status = loading::LoadMessageFromText(yaml, bootstrap);
    CHECK(status.ok());
  }
  xds::TypeDescription& Type(std::string type_url) {
    for (xds::TypeDescription& type : xds.types) {
      if (type.type_url == type_url) return type;
    }
    xds::TypeDescription& type = xds.types.emplace_back();
    type.type_url = std::move(type_url);
    type.last_accepted = type.last_refused = absl::InfinitePast();
    return type;
  }
  template <typename Message>
  static google::protobuf::Any Pack(std::string_view yaml) {
    Message message;
    CHECK(loading::LoadMessageFromText(yaml, message).ok());
    google::protobuf::Any any;
    any.PackFrom(message);
    return any;
  }
  template <typename Message>
  xds::ResourceDescription& Resource(std::string_view name) {
    auto& type = Type("type.googleapis.com/" + Message::descriptor()->full_name());
    xds::ResourceDescription& resource = type.resources.emplace_back();
    resource.name = std::string(name);
    return resource;
  }
  template <typename Message>
  xds::ResourceDescription& Accepted(std::string_view name, std::string_view yaml) {
    xds::ResourceDescription& resource = Resource<Message>(name);
    resource.status = xds::ClientStatus::kAcked;
    resource.version = "v1";
    resource.body = Pack<Message>(yaml);
    resource.last_updated = world.turns.clock.WallNow();
    return resource;
  }
  void Refuse(xds::ResourceDescription& resource, std::string_view reason) {
    resource.status = xds::ClientStatus::kNacked;
    resource.refused = xds::RefusedAttempt{
        .version = "v2", .details = std::string(reason), .time = world.turns.clock.WallNow()};
  }

  envoy::config::bootstrap::v3::Bootstrap bootstrap;
  XdsState xds;
  std::vector<SecretDescription> secrets;
  ConfigSources sources{.bootstrap = bootstrap,
                        .loaded_at = absl::FromUnixSeconds(1'600'000'000),
                        .clusters = world.set,
                        .listeners = listeners,
                        .xds = [this] { return xds; },
                        .secrets = [this] { return secrets; }};
};

}  // namespace outrigger::server
