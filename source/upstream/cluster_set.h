#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "source/event/loop.h"
#include "source/net/dns.h"
#include "source/net/tls/context_plan.h"
#include "source/upstream/cluster_counters.h"
#include "source/upstream/cluster_state.h"
#include "source/upstream/dns_endpoints.h"
#include "source/upstream/random.h"
#include "source/upstream/worker_clusters.h"

namespace outrigger::upstream {

// All clusters of the process, by name: static ones and those of CDS.
//
//   Add --> warming (no endpoints yet) --> active --> removed
//             an update of an active cluster warms beside it and replaces it in one step
//
// Warm is: static endpoints at once, DNS after every name's first answer (or failure), EDS when its
// endpoints came; and in each case when its TLS contexts are built. A cluster that names an EDS
// resource which is already here is warm at once, so an update never waits for a control plane that
// has nothing new to say. Owner: the server.  Thread: main.
class ClusterSet final {
 public:
  struct Listing {
    std::string name;
    std::shared_ptr<const ClusterSpec> active;     // null: never was
    std::shared_ptr<const ClusterSpec> warming;    // null: nothing waits
    std::shared_ptr<const EndpointSet> endpoints;  // of `active`; each tally holds the numbers
    std::shared_ptr<const CircuitBreakers> breakers;
    // Of `warming`: `eds example`, `dns example.com` or `secret default`, for people.
    std::string waits_for;
  };
  // Which EDS resources are wanted, as they begin or cease to be; from inside Add and Remove.
  // `fetch_timeout` is the initial_fetch_timeout of who wanted it first; 0: for ever.
  using OnEdsInterest = std::function<void(const std::string& eds_name, bool wanted,
                                           base::Milliseconds fetch_timeout)>;

  // `workers`: posted to through their loops; they, `resolver` and `stats` outlive this object.
  ClusterSet(event::Loop& loop, std::vector<WorkerClusters*> workers, net::DnsResolver& resolver,
             stats::Store& stats, uint64_t random_seed, OnEdsInterest on_eds_interest);
  ~ClusterSet();
  ClusterSet(const ClusterSet&) = delete;
  ClusterSet& operator=(const ClusterSet&) = delete;

  // Builds the TLS contexts of clusters that are added from now on. Outlives this object.
  void set_plan_builder(net::tls::PlanBuilder& builder) { plan_builder_ = &builder; }

  // A new cluster or a new version of one; one that means the same changes nothing. Errors: the API
  // may not replace a static cluster; a secret's source is not there.
  absl::Status Add(std::shared_ptr<const ClusterSpec> spec);
  // Static clusters stay.
  void Remove(std::string_view name);

  // From EDS, for every cluster that names the resource; an empty set when it was removed.
  void SetEndpoints(std::string_view eds_name, const EndpointSet& endpoints);
  // initial_fetch_timeout passed: what waits for the resource goes on without endpoints.
  void StopWaitingForEndpoints(std::string_view eds_name);

  // Whether a cluster of that name serves requests.
  bool IsActive(std::string_view name) const;
  // Whether a version of it waits for endpoints.
  bool IsWarming(std::string_view name) const;
  size_t warming_count() const { return warming_count_; }
  // Runs each time a new version of a cluster serves (its first too); from inside Add, SetEndpoints
  // and StopWaitingForEndpoints as well. It may not change the set.
  void set_on_ready(std::function<void(const std::string& name)> on_ready) {
    on_ready_ = std::move(on_ready);
  }
  // Runs each time warming_count() falls to 0; as on_ready.
  void set_on_warm(std::function<void()> on_warm) { on_warm_ = std::move(on_warm); }

  std::vector<Listing> Describe() const;
  // Circuit-breaker gauges: before statistics are shown or flushed.
  void UpdateGauges();

 private:
  struct Version {
    std::shared_ptr<const ClusterSpec> spec;  // null: there is none
    std::unique_ptr<DnsEndpoints> dns;
    std::unique_ptr<std::vector<std::unique_ptr<net::tls::PlanUse>>> plans;  // null: none
  };
  struct Entry {
    ClusterNameRef name;
    Version active, warming;
    std::shared_ptr<const EndpointSet> endpoints;  // of `active`
    std::shared_ptr<CircuitBreakers> breakers;
    MembershipCounters counters;
    std::vector<BreakerGauges> gauges;  // by RoutingPriority; empty until the cluster is used
  };
  // An EDS resource that clusters name.
  struct EdsSource {
    std::shared_ptr<const EndpointSet> set;  // null: neither came nor was given up
    std::vector<Entry*> users;               // one for each version
  };

  EdsSource& Use(const ClusterSpec& spec, Entry& entry);
  void UsePlans(Entry& entry);
  // The warming version becomes active once it waits for nothing more.
  void ActivateWhenReady(Entry& entry);
  std::string WaitsFor(const Version& version) const;
  void StartDns(Entry& entry);
  void Drop(Version& version, Entry& entry);
  void Activate(Entry& entry, const EndpointSet& endpoints);
  void SetEndpointsOf(Entry& entry, const EndpointSet& endpoints);
  void Publish(const Entry& entry);
  void CountMembers(const Entry& entry);
  void SetGauges(Entry& entry);

  event::Loop& loop_;
  const std::vector<WorkerClusters*> workers_;
  net::DnsResolver& resolver_;
  stats::Store& stats_;
  Random random_;
  OnEdsInterest on_eds_interest_;
  net::tls::PlanBuilder* plan_builder_ = nullptr;
  ClusterSetCounters counters_;
  // Keys are views of the entries' names.
  absl::btree_map<std::string_view, std::unique_ptr<Entry>> entries_;
  std::map<std::string, EdsSource> eds_;
  size_t warming_count_ = 0;
  size_t active_count_ = 0;
  std::function<void(const std::string&)> on_ready_;
  std::function<void()> on_warm_;
};

}  // namespace outrigger::upstream
