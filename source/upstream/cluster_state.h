#pragma once

#include <memory>

#include "source/stats/store.h"
#include "source/upstream/circuit_breakers.h"
#include "source/upstream/cluster_spec.h"
#include "source/upstream/endpoint.h"

namespace outrigger::upstream {

// A cluster as the main thread publishes it to the workers. Immutable but for the counts.
struct ClusterState {
  std::shared_ptr<const ClusterSpec> spec;
  std::shared_ptr<const EndpointSet> endpoints;
  std::shared_ptr<CircuitBreakers> breakers;  // the same through all versions
  stats::Store* stats = nullptr;              // outlives the workers
};

}  // namespace outrigger::upstream
