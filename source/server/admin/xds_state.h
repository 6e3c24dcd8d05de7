#pragma once

#include <optional>
#include <vector>

#include "source/xds/ads_client.h"

namespace outrigger::server {

// What the pages show of the xDS client.
struct XdsState {
  std::optional<xds::AdsStatus> connection;  // nullopt: the bootstrap names no control plane
  std::vector<xds::TypeDescription> types;
};

}  // namespace outrigger::server
