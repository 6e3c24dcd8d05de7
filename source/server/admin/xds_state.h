#pragma once

#include <optional>
#include <vector>

#include "source/xds/xds_client.h"

namespace outrigger::server {

// What the pages show of the xDS client.
struct XdsState {
  std::optional<xds::XdsStatus> connection;  // nullopt: the bootstrap names no control plane
  std::vector<xds::TypeDescription> types;
};

}  // namespace outrigger::server
