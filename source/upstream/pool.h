#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "source/base/intrusive_list.h"
#include "source/event/timer.h"
#include "source/upstream/http1_connection.h"
#include "source/upstream/pending_request.h"
#include "source/upstream/worker_cluster.h"
#include "source/upstream/worker_endpoint.h"

namespace outrigger::upstream {

// The HTTP/1 connections of one worker to one endpoint, for one routing priority, and the requests
// that wait for one. A request takes the connection that was idle for the shortest time; without
// one it waits while a new connection is made, and gets whichever connection is there first.
// Owner: the WorkerEndpoint.  Thread: one worker.
// Limits: the cluster's circuit breakers; at max_connections requests wait (a pool may always have
// one connection), at max_pending_requests they are refused.
class Http1Pool final {
 public:
  Http1Pool(event::Loop& loop, WorkerCluster& cluster, WorkerEndpoint& endpoint, int priority);
  // Closes what is idle or connecting; nothing is busy or waits (both keep the cluster alive).
  ~Http1Pool();
  Http1Pool(const Http1Pool&) = delete;
  Http1Pool& operator=(const Http1Pool&) = delete;

  // On an idle connection, or refused by a circuit breaker; nullopt: Enqueue.
  std::optional<StartResult> TryStart(http::ResponseReceiver& receiver,
                                      bool needs_fresh_connection);
  // TryStart did not refuse it just now. The queue has one count of the request.
  void Enqueue(PendingRequest& request);
  void Cancel(PendingRequest& request);

  // Closes idle connections now and the others when their request ends.
  void Drain();
  bool is_empty() const { return connection_count_ == 0 && pending_count_ == 0; }

 private:
  friend class Http1Connection;  // its events:
  void OnConnected(Http1Connection& connection);
  void OnConnectFailed(Http1Connection& connection, net::CloseCause cause);
  void OnExchangeEnd(Http1Connection& connection, bool reusable);
  void OnIdleEnd(Http1Connection& connection);

  // A connection that is being made to one of several addresses.
  struct Race final : event::Deletable, base::ListLink<> {
    event::Operation operation;
    base::MonoTime started;
  };

  BreakerCounts& counts() { return cluster_.state_->breakers->by_priority[priority_]; }
  const CircuitBreakerLimits& limits() const { return cluster_.spec().breakers[priority_]; }
  const ClusterCounters& counters() const { return cluster_.counters_; }

  void Connect(bool counts_overflow);
  bool MayConnect();
  void OpenConnection();
  void OnRaceEnd(Race& race, absl::StatusOr<net::RaceWinner> winner);
  void FailPending(net::CloseCause cause);
  Attempt Begin(Http1Connection& connection, http::ResponseReceiver& receiver);
  StartFailure Overflow();
  void Serve(Http1Connection& connection);
  PendingRequest* NextPending(bool is_fresh);
  PendingRequest* FirstPending() { return NextPending(/*is_fresh=*/true); }
  void Forget(PendingRequest& request);
  bool IsWorn(const Http1Connection& connection) const;
  void MakeIdle(Http1Connection& connection);
  void CountOpened();
  void CountClosed(base::MonoTime created, bool by_peer, bool with_active_request);
  void Remove(Http1Connection& connection);
  void Remove(Race& race);
  void OnIdleTimer();
  base::MonoTime ExpiryOf(const Http1Connection& connection) const;
  void ReportIfEmpty();

  event::Loop& loop_;
  WorkerCluster& cluster_;    // owns the endpoint
  WorkerEndpoint& endpoint_;  // owns us
  const std::shared_ptr<const EndpointTally> tally_;
  const int priority_;
  bool is_draining_ = false;
  uint32_t connection_count_ = 0;
  uint32_t connecting_count_ = 0;
  uint32_t pending_count_ = 0;
  uint32_t fresh_pending_count_ = 0;  // those that need a fresh connection
  base::IntrusiveList<Http1Connection> connecting_, idle_, busy_;  // owned; idle_: latest first
  base::IntrusiveList<Race> races_;                                // owned; connecting too
  base::IntrusiveList<PendingRequest> pending_;                    // the oldest first
  event::Timer idle_timer_;
  base::MonoTime idle_deadline_;  // of idle_timer_, while it is armed
};

}  // namespace outrigger::upstream
