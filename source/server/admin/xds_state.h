#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "source/xds/resource_set.h"

namespace outrigger::server {

// What the xDS client last accepted and refused of one resource type, and everything it holds.
struct XdsTypeState {
  std::string type_url;
  std::string version;        // last accepted
  absl::Time last_accepted = absl::InfinitePast();  // InfinitePast: never
  std::string last_refusal;   // of the last response that was refused; kept when a later one is good
  absl::Time last_refused = absl::InfinitePast();  // InfinitePast: never
  bool is_refused = false;    // the last response was
  std::vector<xds::ResourceDescription> resources;  // by name
};

// The connection with the control plane.
struct XdsConnection {
  bool is_connected = false;
  std::string control_plane;  // its identifier, as it said itself
  std::string endpoint;       // of the present or last attempt
  std::string last_failure;   // why the last stream ended; empty: none did
};

struct XdsState {
  std::optional<XdsConnection> connection;  // nullopt: the bootstrap names no control plane
  std::vector<XdsTypeState> types;
};

}  // namespace outrigger::server
