#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "source/config/listener_spec.h"
#include "source/net/tls/context_plan.h"
#include "source/server/listener_set_counters.h"
#include "source/server/route_set.h"
#include "source/server/worker.h"

namespace outrigger::server {

// The listening sockets of one listener: a row of descriptors for each worker. With SO_REUSEPORT
// every worker has its own, otherwise all rows name the same.
struct ListenerSockets {
  std::vector<net::Socket> owned;
  std::vector<std::vector<int>> by_worker;
  std::vector<net::Address> bound;  // port 0 replaced by what the kernel chose
};

// All listeners of the process, by name: static ones and those of LDS.
//
//   Add --> warming (routes or secrets are not here yet) --> active --> draining --> gone
//             an update of an active listener warms beside it and replaces it
//
// An update that keeps the addresses keeps the sockets. Of the filter chains, told apart by name or
// by what they match, those that did not change keep their connections, and so do connection
// managers that are still ones: streams that begin after it follow the new configuration. The
// connections of other chains drain, as do all when the addresses change or the listener goes.
// Owner: the server.  Thread: main.
class ListenerSet final {
 public:
  struct Listing {
    std::string name;
    std::vector<net::Address> addresses;
    bool is_static = false;
    std::shared_ptr<const config::ListenerSpec> active;   // null: never was
    std::shared_ptr<const config::ListenerSpec> warming;  // null: nothing waits
    std::vector<std::string> waits_for;  // of `warming`: `rds local`, `secret default`
  };

  ListenerSet(event::Loop& loop, std::vector<std::unique_ptr<Worker>>& workers, RouteSet& routes,
              ConnectionBudget& budget, base::Milliseconds drain_time, stats::Store& stats);
  ~ListenerSet();

  // Builds the TLS contexts of listeners that are added from now on. Outlives this object.
  void set_plan_builder(net::tls::PlanBuilder& builder) { plan_builder_ = &builder; }

  // Errors: the address cannot be bound or is another listener's (the old version serves on); a
  // static listener's name; a secret's source is not there; the proxy drains.
  absl::Status Add(std::shared_ptr<const config::ListenerSpec> spec, bool is_static);
  void Remove(std::string_view name);
  std::vector<Listing> List() const;
  // Whether a listener's own routes (not those of RDS) name the cluster.
  bool UsesCluster(std::string_view cluster) const;

  // `http.<prefix>.rds.<name>.` of a listener that takes its routes by that name.
  std::optional<stats::Scope> RdsScopeOf(std::string_view rds_name) const;

  struct Events {
    std::function<void()> on_warm;  // each time that is_warm becomes true
    // After each update in place: chains that stay may have other TLS contexts.
    std::function<void()> on_update;
  };
  void set_events(Events events) { events_ = std::move(events); }
  // Nothing waits for routes or secrets any more.
  bool is_warm() const { return warming_count_ == 0; }
  // Starts accepting; until then listeners are bound and wait.
  void StartAccepting();
  enum class Which : uint8_t { kAll, kInbound, kWithDefaultDrain };  // drain_type DEFAULT
  void StopAccepting(Which which);
  // Connections end after their next response; `closes_idle` ends idle ones now.
  void Drain(Which which, bool closes_idle);
  // Takes Drain back: /healthcheck/ok.
  void StopDraining();

 private:
  struct RouteWait {
    std::string rds_name;
    bool is_over = false;
    event::Operation operation;
  };
  using PlanUses = std::vector<std::unique_ptr<net::tls::PlanUse>>;
  struct Entry {
    std::shared_ptr<const config::ListenerSpec> active;
    std::shared_ptr<const config::ListenerSpec> warming;
    std::vector<RouteWait> route_waits;  // of `warming`
    PlanUses warming_plans;
    PlanUses plans;                                    // of `active`
    std::shared_ptr<ListenerSockets> sockets;          // of `active`
    std::shared_ptr<ListenerSockets> warming_sockets;  // null: `warming` takes over `sockets`
    uint64_t id = 0;                                   // of the workers' WorkerListener
    bool is_static = false;
    bool is_stopped = false;
  };

  absl::StatusOr<std::shared_ptr<ListenerSockets>> Bind(const config::ListenerSpec& spec) const;
  absl::Status CheckAddressesFree(const config::ListenerSpec& spec) const;
  absl::Status CheckPlans(const config::ListenerSpec& spec) const;
  void Warm(const std::string& name, Entry& entry);
  PlanUses UsePlans(const std::string& name, const config::ListenerSpec& spec);
  static std::vector<std::string> WaitsFor(const Entry& entry);
  // The warming version becomes active once it waits for nothing more.
  void ActivateWhenReady(const std::string& name);
  void ReleaseRoutes(const config::ListenerSpec* spec);
  ListenerVersion VersionOf(const Entry& entry) const;
  void Activate(const std::string& name);
  void Install(Entry& entry);
  void UpdateInPlace(Entry& entry);
  void Retire(Entry& entry);
  void CountStates();
  static bool Concerns(Which which, const config::ListenerSpec& spec);

  event::Loop& loop_;
  std::vector<std::unique_ptr<Worker>>& workers_;
  RouteSet& routes_;
  net::tls::PlanBuilder* plan_builder_ = nullptr;
  ConnectionBudget& budget_;
  const base::Milliseconds drain_time_;
  ListenerSetCounters counters_;
  absl::btree_map<std::string, Entry> entries_;
  Events events_;
  uint64_t next_id_ = 1;
  size_t warming_count_ = 0;
  size_t draining_count_ = 0;
  bool is_accepting_ = false;
  bool accepts_none_ = false;  // StopAccepting(kAll) was called: for good
};

}  // namespace outrigger::server
