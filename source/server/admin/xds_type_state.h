#pragma once

#include <string>
#include <vector>

#include "source/xds/resource_set.h"

namespace outrigger::server {

// What the xDS client holds of one resource type, for the pages.
struct XdsTypeState {
  std::string type_url;
  std::string version;  // of the last response that was accepted
  std::vector<xds::ResourceDescription> resources;  // by name
};

}  // namespace outrigger::server
