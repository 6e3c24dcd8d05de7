#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <google/protobuf/any.pb.h>
#include "source/config/loading/document.h"

namespace outrigger::control {

// The full names of the resource types that this control plane orders or checks. Any other type of
// the schema is served too.
inline constexpr std::string_view kListener = "envoy.config.listener.v3.Listener";
inline constexpr std::string_view kRoutes = "envoy.config.route.v3.RouteConfiguration";
inline constexpr std::string_view kCluster = "envoy.config.cluster.v3.Cluster";
inline constexpr std::string_view kEndpoints = "envoy.config.endpoint.v3.ClusterLoadAssignment";

// "lds", "rds", "cds", "eds", "sds", ... for the types that have such a name; else the name itself.
std::string_view ShortTypeName(std::string_view type_name);

// One resource naming another, as a route names a cluster.
struct Reference {
  std::string_view type_name;  // of the resource named: one of the constants above
  std::string name;
  std::string path;  // of the field that names it
};

// One xDS resource, ready to be sent.
// Owner: shared by the snapshots that hold it.  Thread: any, immutable.
struct Resource {
  std::string type_name;  // "envoy.config.cluster.v3.Cluster"
  std::string name;
  std::string version;  // a hash of the content: the same in every process and after a restart
  google::protobuf::Any body;
  std::vector<Reference> references;
  std::string file;
  loading::Position position;  // in the file
};
using ResourcePtr = std::shared_ptr<const Resource>;

// A short hexadecimal hash of `content` (64-bit FNV-1a): the same in every process.
std::string ContentVersion(std::string_view content);

}  // namespace outrigger::control
