#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "source/event/operation.h"
#include "source/net/connection.h"
#include "source/net/happy_eyeballs.h"
#include "source/net/proxy_header.h"
#include "source/upstream/worker_cluster.h"

namespace outrigger::upstream {

// Who the bytes come from.
struct TcpSource {
  // Endpoints already tried; borrowed for the call.
  absl::Span<const Endpoint* const> avoid = {};
  const net::Address* client = nullptr;       // for PROXY protocol; borrowed for the call
  const net::Address* destination = nullptr;  // where the client meant to go; the same
  bool is_destination_restored = false;       // an ORIGINAL_DST cluster may go there
  int priority = 0;                           // RoutingPriority: whose circuit breakers
  // The PROXY header in front of the bytes; nullopt: as the cluster says.
  std::optional<net::ProxyVersion> proxy_protocol = std::nullopt;
};

// What a TcpConnection tells, always from the loop.
class TcpEvents {
 public:
  virtual ~TcpEvents() = default;
  // One of the two, once; after a failure nothing follows.
  virtual void OnUpstreamConnected() = 0;
  virtual void OnUpstreamFailed(const StartFailure& failure) = 0;
  // As in net::ConnectionEvents.
  virtual void OnUpstreamData(base::Buffer& in, bool end) = 0;
  virtual void OnUpstreamOutputHigh() = 0;
  virtual void OnUpstreamOutputLow() = 0;
  virtual void OnUpstreamClosed(net::CloseCause cause) = 0;
};

// A connection to an endpoint of a cluster that carries plain bytes, for one user: picked by the
// cluster's load balancer, connected as the HTTP pools do, counted in the cluster's statistics and
// circuit breakers.
// Owner: who sends over it.  Thread: one worker.
// Lifetime: keeps the cluster alive. Destroy it outside its callbacks, or by DeleteLater; an open
// connection is closed then.
// Limits: max_connections and max_pending_requests of the cluster refuse; connect_timeout.
class TcpConnection final : public event::Deletable, private net::ConnectionEvents {
 public:
  TcpConnection(event::Loop& loop, WorkerClusterRef cluster, TcpEvents& events);
  ~TcpConnection() override;

  // Once. A failure that is known at once, or nothing: an event follows.
  std::optional<StartFailure> Connect(const TcpSource& source);

  // There once Connect began, but for endpoints with several addresses: then from
  // OnUpstreamConnected on. Null before. What is appended to its output is sent when connected.
  net::Connection* connection() { return connection_ ? &*connection_ : nullptr; }
  const EndpointRef& endpoint() const { return endpoint_; }  // null before Connect

 private:
  enum class State : uint8_t { kNew, kConnecting, kConnected, kGone };

  void Begin(WorkerEndpoint& endpoint, const TcpSource& source);
  void Race(const TcpSource& source);
  void SendProxyHeader(base::Buffer header);
  base::Buffer ProxyHeader(const TcpSource& source) const;
  void OnRaceEnd(absl::StatusOr<net::RaceWinner> winner, base::Buffer header);
  void Fail(net::CloseCause cause, std::string_view why);
  void Leave(bool by_peer);
  const ClusterCounters& counters() const { return cluster_->counters(); }
  BreakerCounts& counts() { return cluster_->state_->breakers->by_priority[priority_]; }

  void OnConnected() override;
  void OnData(base::Buffer& in, bool end) override { events_.OnUpstreamData(in, end); }
  void OnOutputHigh() override { events_.OnUpstreamOutputHigh(); }
  void OnOutputLow() override { events_.OnUpstreamOutputLow(); }
  void OnClosed(net::CloseCause cause) override;

  event::Loop& loop_;
  WorkerClusterRef cluster_;
  TcpEvents& events_;
  WorkerEndpoint* used_ = nullptr;  // stays while it counts us
  EndpointRef endpoint_;
  std::optional<net::Connection> connection_;
  event::Operation race_;
  base::MonoTime started_;
  int priority_ = 0;
  State state_ = State::kNew;
};

}  // namespace outrigger::upstream
