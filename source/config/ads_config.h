#pragma once

#include "source/config/bootstrap.h"
#include "source/config/place.h"

namespace outrigger::config {

// The control plane of dynamic_resources, if there is one, and whether everything that it needs is
// in the bootstrap. Reads spec.clusters and spec.node; fills spec.ads.
void ReadAds(const envoy::config::bootstrap::v3::Bootstrap& bootstrap, BootstrapSpec& spec,
             const Place& place);

}  // namespace outrigger::config
