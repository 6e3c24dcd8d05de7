#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "source/net/address.h"

namespace outrigger::upstream {

// As the control plane says it (envoy.config.core.v3.HealthStatus).
enum class EndpointHealth : uint8_t { kUnknown, kHealthy, kUnhealthy, kDraining, kTimeout, kDegraded };

struct Locality {
  std::string region, zone, sub_zone;
  friend bool operator==(const Locality&, const Locality&) = default;
};

// One address that serves a cluster. Immutable; shared by the snapshots that hold it. What workers
// count for it lives with the workers.
struct Endpoint {
  std::vector<net::Address> addresses;  // the first, then additional_addresses; never empty
  std::string hostname;                 // for auto_host_rewrite and /clusters
  std::shared_ptr<const Locality> locality;
  uint32_t weight = 1;
  uint32_t priority = 0;
  EndpointHealth health = EndpointHealth::kUnknown;

  const net::Address& address() const { return addresses.front(); }
  bool is_usable() const {
    return health == EndpointHealth::kUnknown || health == EndpointHealth::kHealthy ||
           health == EndpointHealth::kDegraded;
  }
};

// All endpoints of a cluster at one moment. An endpoint that did not change is the same object in
// the next set, so that pools keep their connections.
struct EndpointSet {
  std::vector<std::shared_ptr<const Endpoint>> endpoints;
};

}  // namespace outrigger::upstream
