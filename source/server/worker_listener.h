#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "source/base/intrusive_list.h"
#include "source/config/listener_spec.h"
#include "source/downstream/server_connection.h"
#include "source/net/acceptor.h"

namespace outrigger::server {

// How many client connections the whole process may hold (overload manager, or the default).
// Shared by all workers; touched once a connection.
struct ConnectionBudget {
  std::atomic<int64_t> used{0};
  std::atomic<int64_t> limit{INT64_MAX};
};

// One listener on one worker: accepts, holds its connections, and swaps their configuration.
// Owner: the worker.  Thread: the worker's.
class WorkerListener final : private downstream::ServerConnectionOwner {
 public:
  // `fds`: this worker's listening sockets, one for each address; the main thread keeps them open
  // until after StopAccepting.
  WorkerListener(downstream::HttpWorker& worker, std::shared_ptr<const config::ListenerSpec> spec,
                 std::shared_ptr<const route::RouteTable> routes, const std::vector<int>& fds,
                 ConnectionBudget& budget);
  ~WorkerListener() override;

  // New streams, on open connections too, follow the new configuration.
  void Update(std::shared_ptr<const config::ListenerSpec> spec);
  void SetRoutes(std::shared_ptr<const route::RouteTable> routes);
  const config::ListenerSpec& spec() const { return *spec_; }

  void StopAccepting() { acceptors_.clear(); }
  // Connections close after their next response. `closes_idle`: idle ones now.
  void Drain(bool closes_idle);
  // Takes Drain back for the connections that are still open.
  void StopDraining();
  // Runs once, when a draining listener has lost its last connection; before Drain.
  void set_on_empty(absl::AnyInvocable<void()> on_empty) { on_empty_ = std::move(on_empty); }
  void CloseAll();
  size_t connection_count() const { return count_; }

 private:
  void OnAccept(net::Socket socket, const net::Address& peer);
  void OnConnectionEnd(downstream::ServerConnection& connection) override;

  downstream::HttpWorker& worker_;
  std::shared_ptr<const config::ListenerSpec> spec_;
  downstream::HttpSlot slot_;
  config::ListenerCounters counters_;
  ConnectionBudget& budget_;
  std::vector<std::unique_ptr<net::Acceptor>> acceptors_;
  base::IntrusiveList<downstream::ServerConnection> connections_;  // owned
  size_t count_ = 0;
  bool is_draining_ = false;
  absl::AnyInvocable<void()> on_empty_;
};

}  // namespace outrigger::server
