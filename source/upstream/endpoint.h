#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "source/net/address.h"
#include "source/upstream/endpoint_labels.h"
#include "source/upstream/endpoint_tally.h"

namespace outrigger::upstream {

// As the control plane says it (envoy.config.core.v3.HealthStatus).
enum class EndpointHealth : uint8_t {
  kUnknown,
  kHealthy,
  kUnhealthy,
  kDraining,
  kTimeout,
  kDegraded
};

struct Locality {
  std::string region, zone, sub_zone;
  friend bool operator==(const Locality&, const Locality&) = default;
};

// One address that serves a cluster. Immutable, with the tally once it is part of a snapshot;
// shared by the snapshots that hold it.
struct Endpoint {
  std::vector<net::Address> addresses;  // the first, then additional_addresses; never empty
  std::string hostname;                 // for auto_host_rewrite and /clusters
  std::shared_ptr<const Locality> locality;
  EndpointLabelsPtr labels;  // null: none
  uint32_t weight = 1;
  uint32_t priority = 0;  // at most 128
  EndpointHealth health = EndpointHealth::kUnknown;
  // What is counted for these addresses in this cluster; the same object while their weight, health
  // and so on change. Given by Reconcile, on the main thread before any worker sees the endpoint;
  // null before.
  mutable std::shared_ptr<const EndpointTally> tally;

  const net::Address& address() const { return addresses.front(); }
  bool is_degraded() const { return health == EndpointHealth::kDegraded; }
  bool is_usable() const {
    return health == EndpointHealth::kUnknown || health == EndpointHealth::kHealthy ||
           is_degraded();
  }
};

// Whether the two say the same; the tally is not asked.
bool MeansTheSame(const Endpoint& a, const Endpoint& b);

// All endpoints of a cluster at one moment. An endpoint that did not change is the same object in
// the next set.
struct EndpointSet {
  std::vector<std::shared_ptr<const Endpoint>> endpoints;
  // By how much usable endpoints may be asked to do more, before a lower priority helps.
  uint32_t overprovisioning_factor_percent = 140;
  // Not empty: the set is one endpoint, which this names; it stays the same one whatever its
  // addresses are. Connections to addresses that are gone then stay too.
  std::string logical_name;
};

// What a cluster serves from when `next` comes after `current` (null: nothing yet): endpoints that
// did not change keep their object, those with the same addresses (or logical name) their tally;
// the first of several with the same addresses stands. Returns `current` itself when `next` means
// the same, in whatever order.
std::shared_ptr<const EndpointSet> Reconcile(const std::shared_ptr<const EndpointSet>& current,
                                             const EndpointSet& next);

}  // namespace outrigger::upstream
