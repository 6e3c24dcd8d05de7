#include "source/server/worker_chain.h"

#include <utility>

namespace outrigger::server {

WorkerChain::WorkerChain(downstream::HttpWorker& http, tcp::SessionWorker& sessions,
                         config::FilterChainPtr spec,
                         std::shared_ptr<const route::RouteTable> routes, WorkerChainOwner& owner)
    : http_(http), sessions_worker_(sessions), spec_(std::move(spec)), owner_(owner) {
  slot_.options = base::LocalPtr<downstream::HttpOptions>(spec_->http);
  SetRoutes(std::move(routes));
}

WorkerChain::~WorkerChain() { CloseAll(); }

bool WorkerChain::CanBecome(const config::FilterChainSpec& next) const {
  if (spec_->fingerprint == next.fingerprint) return true;
  return spec_->http != nullptr && next.http != nullptr;
}

void WorkerChain::Become(config::FilterChainPtr next) {
  spec_ = std::move(next);
  slot_.options = base::LocalPtr<downstream::HttpOptions>(spec_->http);
}

void WorkerChain::SetRoutes(std::shared_ptr<const route::RouteTable> routes) {
  slot_.routes = base::LocalPtr<route::RouteTable>(std::move(routes));
}

void WorkerChain::Serve(net::Accepted&& accepted) {
  ++count_;
  if (spec_->transports != nullptr) return Secure(std::move(accepted));
  Begin(std::move(accepted));
}

void WorkerChain::Begin(net::Accepted&& accepted) {
  if (!owner_.access_loggers().empty()) (void)accepted.Local();  // while there is a socket
  if (spec_->http == nullptr) {
    sessions_.PushBack(
        *spec_->session(sessions_worker_, std::move(accepted), spec_->session_limits, *this)
             .release());
    return;
  }
  auto* connection = new downstream::ServerConnection(http_, slot_, std::move(accepted), *this);
  connections_.PushBack(*connection);
  if (is_draining_) connection->Drain(false);
}

// --- handshakes --------------------------------------------------------------------------------

void WorkerChain::Secure(net::Accepted&& accepted) {
  if (owner_.handshake_count() >= kMostHandshakes) {
    return Refuse(accepted, owner_.counters().downstream_cx_handshake_overflow,
                  "handshake_overflow");
  }
  accepted.transport = spec_->transports->Make();
  if (accepted.transport == nullptr) {
    return Refuse(accepted, owner_.counters().downstream_context_secrets_not_ready,
                  "handshake_without_secrets");
  }
  ++owner_.handshake_count();
  if (!owner_.access_loggers().empty()) (void)accepted.Local();  // while there is a socket
  auto* securing = new SecuringConnection(http_.loop, std::move(accepted), spec_->handshake_timeout,
                                          static_cast<SecuringOwner&>(*this));
  securing_.PushBack(*securing);
}

void WorkerChain::Refuse(net::Accepted& accepted, stats::Counter counter, std::string_view detail) {
  counter.Increment();
  LogRefused(owner_.access_loggers(), http_.loop, accepted, http_.loop.Now(), std::nullopt, detail);
  Forget();
}

void WorkerChain::RemoveSecuring(SecuringConnection& securing) {
  --owner_.handshake_count();
  securing.Unlink();
  http_.loop.DeleteLater(std::unique_ptr<event::Deletable>(&securing));
}

void WorkerChain::OnSecured(SecuringConnection& securing) {
  RemoveSecuring(securing);
  Begin(securing.Take());
}

void WorkerChain::OnHandshakeFailed(SecuringConnection& securing, bool has_timed_out) {
  if (has_timed_out) owner_.counters().downstream_cx_transport_socket_connect_timeout.Increment();
  if (!owner_.access_loggers().empty()) {
    http::StreamSummary summary;
    securing.Describe(summary);
    summary.detail = summary.connection_termination_detail =
        has_timed_out ? "handshake_timeout" : "handshake_failed";
    LogConnection(owner_.access_loggers(), http_.loop, summary);
  }
  RemoveSecuring(securing);
  Forget();
}

// --- ends --------------------------------------------------------------------------------------

void WorkerChain::Forget() {
  --count_;
  owner_.OnChainConnectionEnd();
}

template <typename Served>
void WorkerChain::Log(Served& served) {
  if (owner_.access_loggers().empty()) return;
  http::StreamSummary summary;
  served.Describe(summary);
  LogConnection(owner_.access_loggers(), http_.loop, summary);
}

void WorkerChain::OnConnectionEnd(downstream::ServerConnection& connection) {
  Log(connection);
  connection.Unlink();
  http_.loop.DeleteLater(std::unique_ptr<event::Deletable>(&connection));
  Forget();
}

void WorkerChain::OnSessionEnd(tcp::Session& session) {
  Log(session);
  session.Unlink();
  http_.loop.DeleteLater(std::unique_ptr<event::Deletable>(&session));
  Forget();
}

void WorkerChain::Drain(bool closes_idle) {
  is_draining_ = true;
  connections_.ForEach([&](downstream::ServerConnection& c) { c.Drain(closes_idle); });
}

void WorkerChain::StopDraining() {
  is_draining_ = false;
  connections_.ForEach([](downstream::ServerConnection& c) { c.StopDraining(); });
}

void WorkerChain::DrainOutdated(absl::FunctionRef<bool()> goes) {
  connections_.ForEach([&](downstream::ServerConnection& connection) {
    if (!connection.IsOutdated(spec_->transports.get()) || !goes()) return;
    owner_.counters().downstream_cx_outdated.Increment();
    connection.Drain(/*closes_idle=*/false);
  });
}

void WorkerChain::CloseAll() {
  while (!securing_.empty()) {
    SecuringConnection& securing = securing_.front();
    securing.Close();
    RemoveSecuring(securing);
    Forget();
  }
  while (!connections_.empty()) connections_.front().Close();
  while (!sessions_.empty()) sessions_.front().Close();
}

}  // namespace outrigger::server
