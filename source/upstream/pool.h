#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "source/base/intrusive_list.h"
#include "source/event/timer.h"
#include "source/upstream/pending_request.h"
#include "source/upstream/pool_connection.h"
#include "source/upstream/worker_cluster.h"
#include "source/upstream/worker_endpoint.h"

namespace outrigger::upstream {

// The connections of one worker to one endpoint, for one routing priority and one protocol, and the
// requests that wait for one. A request begins on the free connection that became free last;
// without one it waits while a new connection is made, and gets whatever place is there first. An
// HTTP/1 connection has one place, an HTTP/2 connection as many as its peer allows.
// Owner: the WorkerEndpoint.  Thread: one worker.
// Limits: the cluster's circuit breakers; at max_connections requests wait (a pool may always have
// one connection), at max_pending_requests they are refused.
// With kAlpn each connection speaks what its endpoint chose; one that does not stand yet counts for
// one place until the first has told, then for as many as the latest has.
class Pool final : public event::Deletable {
 public:
  // `name`: of WorkerEndpoint::PlaceOf.
  Pool(event::Loop& loop, WorkerCluster& cluster, WorkerEndpoint& endpoint, PoolKey key,
       std::string_view name);
  // Closes every connection; nothing goes on or waits (both keep the cluster alive).
  ~Pool() override;
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // On a free connection, or refused by a circuit breaker; nullopt: Enqueue.
  std::optional<StartResult> TryStart(http::ResponseReceiver& receiver,
                                      bool needs_fresh_connection);
  // TryStart did not refuse it just now. The queue has one count of the request.
  void Enqueue(PendingRequest& request);
  void Cancel(PendingRequest& request);

  // Closes idle connections now and the others when their requests end.
  void Drain();
  // Connections with another certificate or trust than the present one, each if `goes()`: no
  // request begins there any more.
  void RetireOutdated(absl::FunctionRef<bool()> goes);
  bool is_empty() const { return connection_count_ == 0 && pending_count_ == 0; }
  bool is_idle() const { return open_count_ == 0 && pending_count_ == 0; }

 private:
  friend class PoolConnection;  // its events:
  // For a connection that stands; the error says what its endpoint chose that we do not speak.
  absl::StatusOr<std::unique_ptr<PoolCodec>> MakeCodec(net::Connection& connection,
                                                       PoolCodecEvents& events);
  void OnConnected(PoolConnection& connection);
  void OnConnectFailed(PoolConnection& connection, net::CloseCause cause, std::string_view why);
  void OnChange(PoolConnection& connection, uint32_t ended);
  void CountBytesOf(PoolConnection& connection) { connection.CountBytes(counters()); }

  // A connection that is being made to one of several addresses.
  struct Race final : event::Deletable, base::ListLink<> {
    event::Operation operation;
    base::MonoTime started;
  };

  BreakerCounts& counts() { return cluster_.state_->breakers->by_priority[key_.priority]; }
  const CircuitBreakerLimits& limits() const { return cluster_.spec().breakers[key_.priority]; }
  const ClusterCounters& counters() const { return cluster_.counters_; }

  absl::StatusOr<http::Protocol> ProtocolOn(const net::Connection& connection) const;

  // Requests: pool.cc.
  PoolConnection* FirstFree();
  Attempt Begin(PoolConnection& connection, http::ResponseReceiver& receiver);
  StartFailure Overflow();
  void Serve(PoolConnection& connection);
  PendingRequest* NextPending(bool is_fresh);
  void Forget(PendingRequest& request);
  void FailPending(net::CloseCause cause, std::string_view why);
  void CountEnded(uint32_t ended);

  // Connections: pool_connections.cc.
  // Whether connections speak HTTP/2, as far as that is known before they stand.
  bool ExpectsHttp2() const;
  uint32_t PlacesOfNext() const;
  bool WantsConnection() const;
  bool WantsSpare();
  void Connect(bool counts_overflow);
  void ConnectSpare();
  bool MayConnect();
  void OpenConnection();
  void OnRaceEnd(Race& race, absl::StatusOr<net::RaceWinner> winner);
  void Move(PoolConnection& connection, PoolConnection::State state);
  void Settle(PoolConnection& connection);
  bool MustRetire(const PoolConnection& connection) const;
  void Retire(PoolConnection& connection);
  void CountOpened();
  void CountProtocol(http::Protocol protocol);
  void CountClosed(base::MonoTime created, bool by_peer, bool with_active_request);
  void Remove(PoolConnection& connection);
  void Remove(Race& race);
  void WatchExpiry(PoolConnection& connection);
  void OnExpiryTimer();
  base::MonoTime ExpiryOf(const PoolConnection& connection) const;
  void ReportIfEmpty();

  event::Loop& loop_;
  WorkerCluster& cluster_;    // owns the endpoint
  WorkerEndpoint& endpoint_;  // owns us
  const std::shared_ptr<const EndpointTally> tally_;
  const PoolKey key_;
  const std::string name_;
  bool is_draining_ = false;
  bool chose_http2_ = false;  // with kAlpn: what the latest connection speaks
  uint32_t connection_count_ = 0;
  uint32_t connecting_count_ = 0;
  uint32_t open_count_ = 0;  // exchanges that go on
  uint32_t pending_count_ = 0;
  uint32_t fresh_pending_count_ = 0;  // those that need a fresh connection
  uint32_t stream_limit_ = 0;         // what a peer of ours last allowed; 0: none said it yet
  // Owned. free_: the latest first; busy_: full and retiring ones.
  base::IntrusiveList<PoolConnection> connecting_, free_, busy_;
  base::IntrusiveList<Race> races_;              // owned; connecting too
  base::IntrusiveList<PendingRequest> pending_;  // the oldest first
  event::Timer expiry_timer_;
  base::MonoTime expiry_deadline_;  // of expiry_timer_, while it is armed
};

}  // namespace outrigger::upstream
