#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "envoy/config/core/v3/base.pb.h"
#include "envoy/service/discovery/v3/discovery.pb.h"
#include "source/base/text.h"
#include "source/xds/resource_type.h"
#include "source/xds/response.h"

// Resources and messages for tests of xds. The resources are envoy.config.core.v3.Node: any message
// with its name in field 1 does. A resource whose `cluster` is "bad" does not compile;
// one whose `cluster` is "newer" has a field that is not known.
namespace outrigger::xds::test {

using DeltaRequest = envoy::service::discovery::v3::DeltaDiscoveryRequest;
using DeltaResponse = envoy::service::discovery::v3::DeltaDiscoveryResponse;
using Resource = envoy::service::discovery::v3::Resource;
using SotwRequest = envoy::service::discovery::v3::DiscoveryRequest;
using SotwResponse = envoy::service::discovery::v3::DiscoveryResponse;

inline constexpr std::string_view kTypeUrl = "type.googleapis.com/envoy.config.core.v3.Node";

inline google::protobuf::Any Body(const std::string& name, const std::string& content) {
  envoy::config::core::v3::Node message;
  message.set_id(name);
  message.set_cluster(content);
  google::protobuf::Any any;
  any.PackFrom(message);
  return any;
}

struct Named {
  std::string name;
  std::string content;
};

inline SotwResponse Sotw(const std::string& version, const std::string& nonce,
                         const std::vector<Named>& resources) {
  SotwResponse response;
  response.set_version_info(version);
  response.set_nonce(nonce);
  response.set_type_url(std::string(kTypeUrl));
  for (const Named& resource : resources) {
    *response.add_resources() = Body(resource.name, resource.content);
  }
  return response;
}

// Each resource has `version`.
inline DeltaResponse Delta(const std::string& version, const std::string& nonce,
                           const std::vector<Named>& resources,
                           const std::vector<std::string>& removed = {}) {
  DeltaResponse response;
  response.set_nonce(nonce);
  response.set_type_url(std::string(kTypeUrl));
  for (const Named& resource : resources) {
    Resource& envelope = *response.add_resources();
    envelope.set_name(resource.name);
    envelope.set_version(version);
    *envelope.mutable_resource() = Body(resource.name, resource.content);
  }
  for (const std::string& name : removed) response.add_removed_resources(name);
  return response;
}

// A type whose compiled object is its content.
inline ResourceType NodeType(bool is_wildcard) {
  ResourceType type;
  type.url = kTypeUrl;
  type.is_wildcard = is_wildcard;
  type.compile = [](const google::protobuf::Any& body) -> absl::StatusOr<ResourceType::Compiled> {
    envoy::config::core::v3::Node message;
    if (!body.UnpackTo(&message)) return base::InvalidArgument("not a node");
    if (message.cluster() == "bad") {
      return base::InvalidArgument("cluster: must not be \"bad\"");
    }
    ResourceType::Compiled compiled{
        .name = message.id(), .object = std::make_shared<const std::string>(message.cluster())};
    if (message.cluster() == "newer") compiled.unknown_fields = {"a.b: unknown field 99"};
    return compiled;
  };
  return type;
}

template <typename Message>
std::vector<std::string> List(const google::protobuf::RepeatedPtrField<Message>& names) {
  return {names.begin(), names.end()};
}

template <typename Message>
Message Parse(const std::string& bytes) {
  Message message;
  EXPECT_TRUE(message.ParseFromString(bytes));
  return message;
}

}  // namespace outrigger::xds::test
