#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "source/base/intrusive_list.h"
#include "source/event/loop.h"
#include "source/event/operation.h"
#include "source/http/codec.h"
#include "source/http/http2/counters.h"
#include "source/net/connection.h"
#include "source/upstream/cluster_counters.h"
#include "source/upstream/cluster_state.h"
#include "source/upstream/random.h"
#include "source/upstream/worker_endpoint.h"

namespace outrigger::upstream {

class LoadBalancer;
class OriginalDestinations;
class Pool;
class TcpExchange;
struct PendingRequest;
struct TcpSource;

// What a request tells the load balancer.
struct PickHints {
  int priority = 0;  // RoutingPriority: 0 DEFAULT, 1 HIGH
  // Endpoints already tried, for previous_hosts; borrowed for the call.
  absl::Span<const Endpoint* const> avoid = {};
  // A fresh connection only: the replay after a kept-alive one died.
  bool needs_fresh_connection = false;
  // What the client speaks: decides where the cluster follows it (use_downstream_protocol_config).
  http::Protocol downstream_protocol = http::Protocol::kHttp11;
  // Where the client meant to go, for ORIGINAL_DST clusters; null: nobody knows. Borrowed for the
  // call.
  const net::Address* destination = nullptr;
  // The host that the request asks for, without its port, where the cluster makes connections for
  // names (ClusterSpec::auto_sni and auto_san_validation); else empty. Borrowed for the call.
  std::string_view host_name = {};
};

// One request on one upstream connection.
struct Attempt {
  http::RequestWriter* writer = nullptr;  // see its lifetime rules
  EndpointRef endpoint;
  net::Connection* connection = nullptr;  // for its addresses and byte counts; valid with writer
  bool is_reused_connection = false;
  http::Protocol protocol = http::Protocol::kHttp11;  // or kHttp2
};

enum class StartFailureKind : uint8_t { kNoEndpoint, kOverflow, kConnectFailed, kConnectTimeout };
struct StartFailure {
  StartFailureKind kind = StartFailureKind::kNoEndpoint;
  std::string_view detail;  // static token
  EndpointRef endpoint;     // null when none was picked
  // Why connecting or the handshake failed, for people; may be empty.
  std::string transport_failure = {};
};
using StartResult = std::variant<Attempt, StartFailure>;

// A cluster as one worker uses it: load balancer, pools, counters. Comes to life on first use.
// Owner: counted by WorkerClusterRef: WorkerClusters while it is the present version, streams, and
// the requests on its connections.  Thread: one worker.
// Lifetime: a version that was replaced or removed lets its idle connections go at once and the
// others when their request ends; streams that hold it may go on starting requests.
class WorkerCluster final : public event::Deletable, private event::Deferred {
 public:
  WorkerCluster(event::Loop& loop, Random& random, std::shared_ptr<const ClusterState> state);
  ~WorkerCluster() override;

  const ClusterSpec& spec() const { return *state_->spec; }
  const EndpointSet& endpoints() const { return *state_->endpoints; }
  const ClusterCounters& counters() const { return counters_; }

  // Starts at once if that needs no waiting: an idle connection, a definite failure. nullopt:
  // call Start. The receiver is not called from inside.
  std::optional<StartResult> TryStart(const PickHints& hints, http::ResponseReceiver& receiver);
  // Connects or waits for a free connection; calls back once, never from inside. Called right after
  // TryStart for the same receiver it goes on with the endpoint that TryStart picked. Destroying
  // the Operation takes the request out of the queue.
  event::Operation Start(const PickHints& hints, http::ResponseReceiver& receiver,
                         absl::AnyInvocable<void(StartResult)> done);
  // The same for a CONNECT that ends here: what is written goes to the endpoint over TCP, the
  // answer is 200 and what the endpoint sends.
  event::Operation StartTcp(const TcpSource& source, http::ResponseReceiver& receiver,
                            absl::AnyInvocable<void(StartResult)> done);
  // Takes one of the retries that the circuit breaker allows; the token gives it back. nullopt:
  // overflow. The router counts either.
  std::optional<event::Operation> TakeRetry(int priority);

  // New endpoints, of the same spec. Pools of endpoints that stayed are kept.
  void SetEndpoints(std::shared_ptr<const ClusterState> state);
  // As Pool's, of the endpoints that serve.
  void RetireOutdated(absl::FunctionRef<bool()> goes);
  // The version was replaced or removed: connections end with their requests.
  void Drain();
  // The worker ends, with no stream left: what is still being sent is dropped.
  void Close();

 private:
  friend class WorkerClusterRef;
  friend class Pool;           // counts for us, and tells when it is empty
  friend class TcpConnection;  // as the pools
  friend class TcpExchange;

  WorkerEndpoint* Pick(const PickHints& hints);
  WorkerEndpoint* PickDestination(const net::Address* destination);
  // Null: no more names fit there.
  Pool* PoolOf(WorkerEndpoint& endpoint, const PickHints& hints);
  // Declared when the first connection speaks HTTP/2.
  std::shared_ptr<const http::http2::Counters> http2_counters();
  void OnPoolEmpty(WorkerEndpoint& endpoint);
  // A transport for a connection to the endpoint; ok(null): plain bytes. `speaks` and `name` as in
  // OptionsOf.
  absl::StatusOr<std::unique_ptr<net::Transport>> MakeTransport(
      const Endpoint& endpoint, std::optional<UpstreamProtocol> speaks, std::string_view name);
  void OnTcpExchangeEnd(TcpExchange& exchange);
  void Retire(std::unique_ptr<WorkerEndpoint> endpoint);
  void Ref() { ++refs_; }
  void Unref();
  void RunDeferred() override;

  event::Loop& loop_;
  Random& random_;
  std::shared_ptr<const ClusterState> state_;
  ClusterCounters counters_;
  std::shared_ptr<const http::http2::Counters> http2_counters_;
  uint32_t refs_ = 0;
  http::ResponseReceiver* tried_for_ = nullptr;  // who TryStart picked tried_ for, just now
  WorkerEndpoint* tried_ = nullptr;
  std::vector<std::unique_ptr<WorkerEndpoint>> endpoints_;  // in the order of the set
  std::vector<std::unique_ptr<WorkerEndpoint>> leaving_;    // not in it any more, pools not empty
  std::unique_ptr<LoadBalancer> balancer_;
  std::unique_ptr<OriginalDestinations> destinations_;           // ORIGINAL_DST, once there is one
  base::IntrusiveList<TcpExchange, TcpExchange> tcp_exchanges_;  // owned; each keeps us alive
  base::IntrusiveList<PendingRequest> answering_;  // told their result at the end of the event
};

// Keeps a WorkerCluster alive; the count is not atomic.
class WorkerClusterRef {
 public:
  WorkerClusterRef() = default;
  explicit WorkerClusterRef(WorkerCluster* cluster) : cluster_(cluster) {
    if (cluster_ != nullptr) cluster_->Ref();
  }
  WorkerClusterRef(const WorkerClusterRef& other) : WorkerClusterRef(other.cluster_) {}
  WorkerClusterRef(WorkerClusterRef&& other) noexcept
      : cluster_(std::exchange(other.cluster_, nullptr)) {}
  WorkerClusterRef& operator=(WorkerClusterRef other) noexcept {
    std::swap(cluster_, other.cluster_);
    return *this;
  }
  ~WorkerClusterRef() {
    if (cluster_ != nullptr) cluster_->Unref();
  }

  WorkerCluster* get() const { return cluster_; }
  WorkerCluster& operator*() const { return *cluster_; }
  WorkerCluster* operator->() const { return cluster_; }
  explicit operator bool() const { return cluster_ != nullptr; }

 private:
  WorkerCluster* cluster_ = nullptr;
};

}  // namespace outrigger::upstream
