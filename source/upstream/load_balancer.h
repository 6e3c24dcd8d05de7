#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "source/upstream/cluster_spec.h"
#include "source/upstream/priority_shares.h"
#include "source/upstream/random.h"

namespace outrigger::upstream {

class WorkerEndpoint;

// Picks one of a fixed row of endpoints. Owner: the LoadBalancer.  Thread: one worker.
class EndpointChooser {
 public:
  virtual ~EndpointChooser() = default;
  virtual WorkerEndpoint* Choose() = 0;  // never null; allocates nothing
};

// Chooses among a cluster's endpoints by priority, health, weight and policy.
// Built anew when endpoints change; picking allocates nothing.
// Owner: the WorkerCluster, who also owns the endpoints.  Thread: its worker.
class LoadBalancer final {
 public:
  struct Picked {
    WorkerEndpoint* endpoint = nullptr;  // null: none is usable
    bool is_panic = false;               // chosen without regard to health
  };

  LoadBalancer(const ClusterSpec& spec, uint32_t overprovisioning_factor_percent,
               absl::Span<WorkerEndpoint* const> endpoints, Random& random);
  ~LoadBalancer();

  // An endpoint that is not in `avoid` while there is one in the priority that was chosen.
  Picked Pick(absl::Span<const Endpoint* const> avoid = {});

 private:
  struct Group {
    std::vector<WorkerEndpoint*> endpoints;
    std::unique_ptr<EndpointChooser> chooser;
    uint32_t percent_bound = 0;  // this share and the ones before it
    ShareKind kind = ShareKind::kHealthy;
  };
  Group& ChooseGroup();

  Random& random_;
  std::vector<Group> groups_;
};

}  // namespace outrigger::upstream
