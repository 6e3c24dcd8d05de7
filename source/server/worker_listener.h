#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "source/base/intrusive_list.h"
#include "source/config/listener_spec.h"
#include "source/event/timer.h"
#include "source/net/acceptor.h"
#include "source/server/listener_directory.h"
#include "source/server/worker_chain.h"
#include "source/tcp/inspection.h"

namespace outrigger::server {

// How many client connections the whole process may hold (overload manager, or the default).
// Shared by all workers; touched once a connection.
struct ConnectionBudget {
  std::atomic<int64_t> used{0};
  std::atomic<int64_t> limit{INT64_MAX};
};

// What the listeners of one worker share.
// Owner: the worker, or the admin endpoint; outlives its listeners.  Thread: the worker's.
struct ListenerWorker {
  ListenerWorker(event::Loop& loop, upstream::WorkerClusters& clusters);
  downstream::HttpWorker http;
  tcp::SessionWorker sessions;
  ListenerDirectory directory;
};

// A version of a listener with the route tables that its chains have now, one for each of
// AllChains; null where there is none (yet).
struct ListenerVersion {
  std::shared_ptr<const config::ListenerSpec> spec;
  std::vector<std::shared_ptr<const route::RouteTable>> tables;
};

// One listener on one worker: accepts, lets listener filters look, finds the filter chain, and
// swaps the configuration.
// Owner: the worker.  Thread: the worker's.
class WorkerListener final : private WorkerChainOwner, private tcp::InspectionOwner {
 public:
  // `fds`: this worker's listening sockets, one for each address, or none for a listener that does
  // not bind; the main thread keeps them open until after StopAccepting.
  WorkerListener(ListenerWorker& worker, ListenerVersion version, const std::vector<int>& fds,
                 ConnectionBudget& budget);
  ~WorkerListener() override;

  // A chain that stays what it was keeps its connections, and so does a connection manager that is
  // still one: new streams, on open connections too, follow the new configuration. The connections
  // of the others drain and are cut off after `drain_time`.
  void Update(ListenerVersion version, base::Milliseconds drain_time);
  // For the chains that take their routes by this name.
  void SetRoutes(const std::shared_ptr<const route::RouteTable>& routes);

  // No connection comes any more, neither from the kernel nor from another listener.
  void StopAccepting();
  // HTTP connections close after their next response. `closes_idle`: idle ones now.
  void Drain(bool closes_idle);
  // Takes Drain back for the connections that are still open.
  void StopDraining();
  // As WorkerChain's, of all chains.
  void DrainOutdated(absl::FunctionRef<bool()> goes);
  // Runs once, when a draining listener has lost its last connection; before Drain.
  void set_on_empty(absl::AnyInvocable<void()> on_empty) { on_empty_ = std::move(on_empty); }
  void CloseAll();
  size_t connection_count() const { return count_; }

 private:
  // A chain that is no longer in the configuration.
  struct Retired {
    std::unique_ptr<WorkerChain> chain;
    std::unique_ptr<event::Timer> deadline;
  };
  using Chains = absl::flat_hash_map<std::string, std::unique_ptr<WorkerChain>>;

  void OnAccept(net::Socket socket, const net::Address& peer);
  void Take(net::Accepted&& accepted, bool may_hand_over);
  void OnInspected(tcp::InspectedConnection& inspected, tcp::InspectionEnd end) override;
  void OnFiltersDone(net::Accepted&& accepted, bool may_hand_over);
  void Serve(net::Accepted&& accepted);
  // Closes what listener filters gave up, or let go.
  void ForgetInspected(tcp::InspectedConnection& inspected, std::string_view detail);
  void OnChainConnectionEnd() override { Forget(); }
  const config::ListenerCounters& counters() const override { return counters_; }
  const AccessLoggers& access_loggers() const override { return spec_->access_loggers; }
  uint32_t& handshake_count() override { return handshake_count_; }
  // A connection that was counted by Take is no longer ours.
  void Forget();
  void UseChains(ListenerVersion version, Chains& known);
  void Retire(std::unique_ptr<WorkerChain> chain, base::Milliseconds drain_time);
  void EndRetired(const WorkerChain* chain);

  ListenerWorker& worker_;
  std::shared_ptr<const config::ListenerSpec> spec_;
  config::ListenerCounters counters_;
  ConnectionBudget& budget_;
  std::vector<std::unique_ptr<net::Acceptor>> acceptors_;
  Chains chains_;                       // by key
  std::vector<WorkerChain*> by_index_;  // as the spec's table calls them
  WorkerChain* default_ = nullptr;
  WorkerChain* only_ = nullptr;
  std::vector<Retired> retired_;
  base::IntrusiveList<tcp::InspectedConnection> inspected_;  // owned
  size_t count_ = 0;
  uint32_t handshake_count_ = 0;
  bool is_draining_ = false;
  absl::AnyInvocable<void()> on_empty_;
};

}  // namespace outrigger::server
