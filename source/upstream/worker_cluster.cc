#include "source/upstream/worker_cluster.h"

#include "absl/container/flat_hash_map.h"
#include "source/base/check.h"
#include "source/stats/envoy_scopes.h"
#include "source/upstream/load_balancer.h"
#include "source/upstream/original_destinations.h"
#include "source/upstream/pending_request.h"
#include "source/upstream/pool.h"
#include "source/upstream/tcp_exchange.h"

namespace outrigger::upstream {

WorkerCluster::WorkerCluster(event::Loop& loop, Random& random,
                             std::shared_ptr<const ClusterState> state)
    : loop_(loop),
      random_(random),
      state_(std::move(state)),
      counters_(ClusterCounters::Declare(*state_->stats, state_->spec->stat_name)) {
  state_->breakers->was_used.store(true, std::memory_order_relaxed);
  SetEndpoints(state_);
}

WorkerCluster::~WorkerCluster() = default;

void WorkerCluster::Unref() {
  DCHECK(refs_ > 0);
  if (--refs_ == 0) loop_.DeleteLater(std::unique_ptr<event::Deletable>(this));
}

// --- starting requests -------------------------------------------------------------------------

WorkerEndpoint* WorkerCluster::PickDestination(const net::Address* destination) {
  if (destination == nullptr || !destination->is_ip()) return nullptr;
  if (destinations_ == nullptr) {
    destinations_ = std::make_unique<OriginalDestinations>(
        loop_, spec().cleanup_interval,
        [this](std::unique_ptr<WorkerEndpoint> endpoint) { Retire(std::move(endpoint)); });
  }
  const auto& port = spec().destination_port;
  return destinations_->Of(port ? destination->WithPort(*port) : *destination);
}

WorkerEndpoint* WorkerCluster::Pick(const PickHints& hints) {
  if (spec().discovery == Discovery::kOriginalDst) {
    WorkerEndpoint* endpoint = PickDestination(hints.destination);
    if (endpoint == nullptr) counters_.upstream_cx_none_healthy.Increment();
    return endpoint;
  }
  const LoadBalancer::Picked picked = balancer_->Pick(hints.avoid);
  if (picked.endpoint == nullptr) counters_.upstream_cx_none_healthy.Increment();
  if (picked.is_panic) counters_.lb_healthy_panic.Increment();
  return picked.endpoint;
}

Pool* WorkerCluster::PoolOf(WorkerEndpoint& endpoint, const PickHints& hints) {
  PoolKey key{.priority = hints.priority, .speaks = spec().protocol};
  if (key.speaks == UpstreamProtocol::kDownstream) {
    key.speaks = hints.downstream_protocol == http::Protocol::kHttp2 ? UpstreamProtocol::kHttp2
                                                                     : UpstreamProtocol::kHttp1;
  }
  std::unique_ptr<Pool>* place = endpoint.PlaceOf(key, hints.host_name, loop_);
  if (place == nullptr) return nullptr;
  if (*place == nullptr) {
    *place = std::make_unique<Pool>(loop_, *this, endpoint, key, hints.host_name);
  }
  return place->get();
}

absl::StatusOr<std::unique_ptr<net::Transport>> WorkerCluster::MakeTransport(
    const Endpoint& endpoint, std::optional<UpstreamProtocol> speaks, std::string_view name) {
  const TransportChoice& choice = ChooseTransport(spec(), endpoint);
  if (choice.transports == nullptr) return nullptr;
  auto transport = choice.transports->Make(OptionsOf(spec(), choice, endpoint, speaks, name));
  if (transport != nullptr) return transport;
  counters_.upstream_context_secrets_not_ready.Increment();
  return absl::UnavailableError("the secrets of the TLS context have not come yet");
}

std::shared_ptr<const http::http2::Counters> WorkerCluster::http2_counters() {
  if (http2_counters_ == nullptr) {
    http2_counters_ = std::make_shared<const http::http2::Counters>(http::http2::Counters::Declare(
        *state_->stats, stats::ClusterScope(state_->spec->stat_name)));
  }
  return http2_counters_;
}

std::optional<StartResult> WorkerCluster::TryStart(const PickHints& hints,
                                                   http::ResponseReceiver& receiver) {
  if (spec().proxy_protocol) {
    // A connection that says whose it is cannot be shared by the requests of many clients.
    return StartFailure{StartFailureKind::kNoEndpoint, "proxy_protocol_needs_tcp_proxy", {}};
  }
  if (spec().auto_san_validation && hints.host_name.empty()) {
    // Without a name nothing would be verified.
    return StartFailure{StartFailureKind::kConnectFailed,
                        "upstream_reset_before_response_started{connection_failure}",
                        {},
                        "auto_san_validation: the request names no host"};
  }
  WorkerEndpoint* endpoint = Pick(hints);
  if (endpoint == nullptr) {
    return StartFailure{StartFailureKind::kNoEndpoint, "no_healthy_upstream", {}};
  }
  Pool* const pool = PoolOf(*endpoint, hints);
  if (pool == nullptr) {
    counters_.upstream_rq_pending_overflow.Increment();
    return StartFailure{StartFailureKind::kOverflow,
                        "upstream_reset_before_response_started{overflow}", endpoint->endpoint};
  }
  auto started = pool->TryStart(receiver, hints.needs_fresh_connection);
  tried_for_ = started ? nullptr : &receiver;
  tried_ = endpoint;
  return started;
}

event::Operation WorkerCluster::Start(const PickHints& hints, http::ResponseReceiver& receiver,
                                      absl::AnyInvocable<void(StartResult)> done) {
  auto* request = new PendingRequest(*this, hints, receiver, std::move(done));
  std::optional<StartResult> refused;
  if (tried_for_ != &receiver) refused = TryStart(hints, receiver);
  if (!refused) {
    tried_for_ = nullptr;
    ++request->refs;
    PoolOf(*tried_, hints)->Enqueue(*request);  // TryStart made it
  } else {
    // Either result is told from the loop.
    request->result = *std::move(refused);
    ++request->refs;
    answering_.PushBack(*request);
    loop_.Defer(*this);
  }
  return event::Operation([request] { request->Cancel(); });
}

event::Operation WorkerCluster::StartTcp(const TcpSource& source, http::ResponseReceiver& receiver,
                                         absl::AnyInvocable<void(StartResult)> done) {
  auto* exchange = new TcpExchange(loop_, *this, receiver, std::move(done));
  tcp_exchanges_.PushBack(*exchange);
  return exchange->Start(source);
}

void WorkerCluster::OnTcpExchangeEnd(TcpExchange& exchange) {
  exchange.base::ListLink<TcpExchange>::Unlink();
  loop_.DeleteLater(std::unique_ptr<event::Deletable>(&exchange));
}

void WorkerCluster::RunDeferred() {
  while (!answering_.empty()) {
    PendingRequest& request = answering_.front();
    request.Unlink();
    request.Answer(std::move(request.result));
  }
}

std::optional<event::Operation> WorkerCluster::TakeRetry(int priority) {
  BreakerCounts& counts = state_->breakers->by_priority[priority];
  if (!counts.retries.Fits(counts.MaxRetries(spec().breakers[priority]))) return std::nullopt;
  counts.retries.Add();
  return event::Operation([keep = WorkerClusterRef(this), priority] {
    keep->state_->breakers->by_priority[priority].retries.Sub();
  });
}

// --- endpoints ---------------------------------------------------------------------------------

void WorkerCluster::SetEndpoints(std::shared_ptr<const ClusterState> state) {
  state_ = std::move(state);
  tried_for_ = nullptr;
  // The same tally: the same addresses, so pools go on.
  absl::flat_hash_map<const EndpointTally*, std::unique_ptr<WorkerEndpoint>> known;
  for (auto& endpoint : endpoints_) {
    const EndpointTally* tally = endpoint->endpoint->tally.get();
    known.emplace(tally, std::move(endpoint));
  }
  endpoints_.clear();
  std::vector<WorkerEndpoint*> row;
  for (const std::shared_ptr<const Endpoint>& served : state_->endpoints->endpoints) {
    auto found = known.extract(served->tally.get());
    if (found.empty()) {
      endpoints_.push_back(std::make_unique<WorkerEndpoint>(served));
    } else {
      std::unique_ptr<WorkerEndpoint>& kept = found.mapped();
      if (kept->endpoint.get() != served.get()) kept->endpoint = EndpointRef(served);
      endpoints_.push_back(std::move(kept));
    }
    row.push_back(endpoints_.back().get());
  }
  balancer_ = std::make_unique<LoadBalancer>(
      spec(), state_->endpoints->overprovisioning_factor_percent, row, random_);
  for (auto& [tally, endpoint] : known) Retire(std::move(endpoint));
}

void WorkerCluster::Retire(std::unique_ptr<WorkerEndpoint> endpoint) {
  endpoint->is_leaving = true;
  WorkerEndpoint& leaving = *endpoint;
  leaving_.push_back(std::move(endpoint));
  leaving.DrainPools();
  OnPoolEmpty(leaving);
}

void WorkerCluster::OnPoolEmpty(WorkerEndpoint& endpoint) {
  if (endpoint.tcp_connections > 0 || !endpoint.has_empty_pools()) return;
  for (auto& leaving : leaving_) {
    if (leaving.get() != &endpoint) continue;
    loop_.DeleteLater(std::move(leaving));
    std::swap(leaving, leaving_.back());
    leaving_.pop_back();
    return;
  }
}

void WorkerCluster::RetireOutdated(absl::FunctionRef<bool()> goes) {
  const auto has_tls = [](const TransportChoice& choice) { return choice.transports != nullptr; };
  const std::vector<TransportChoice>& matches = spec().transport_socket_matches;
  if (!has_tls(spec().transport) && std::none_of(matches.begin(), matches.end(), has_tls)) return;
  for (auto& endpoint : endpoints_) endpoint->RetireOutdated(goes);
  if (destinations_ != nullptr) {
    destinations_->ForEach([&](WorkerEndpoint& endpoint) { endpoint.RetireOutdated(goes); });
  }
}

void WorkerCluster::Drain() {
  if (destinations_ != nullptr) destinations_->RetireAll();
  for (auto& endpoint : endpoints_) endpoint->DrainPools();
}

void WorkerCluster::Close() {
  Drain();
  tcp_exchanges_.ForEach([](TcpExchange& exchange) { exchange.DropRest(); });
}

}  // namespace outrigger::upstream
