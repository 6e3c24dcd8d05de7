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

void WorkerChain::OnConnectionEnd(downstream::ServerConnection& connection) {
  connection.Unlink();
  --count_;
  http_.loop.DeleteLater(std::unique_ptr<event::Deletable>(&connection));
  owner_.OnChainConnectionEnd();
}

void WorkerChain::OnSessionEnd(tcp::Session& session) {
  session.Unlink();
  --count_;
  http_.loop.DeleteLater(std::unique_ptr<event::Deletable>(&session));
  owner_.OnChainConnectionEnd();
}

void WorkerChain::Drain(bool closes_idle) {
  is_draining_ = true;
  connections_.ForEach([&](downstream::ServerConnection& c) { c.Drain(closes_idle); });
}

void WorkerChain::StopDraining() {
  is_draining_ = false;
  connections_.ForEach([](downstream::ServerConnection& c) { c.StopDraining(); });
}

void WorkerChain::CloseAll() {
  while (!connections_.empty()) connections_.front().Close();
  while (!sessions_.empty()) sessions_.front().Close();
}

}  // namespace outrigger::server
