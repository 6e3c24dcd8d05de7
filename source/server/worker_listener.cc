#include "source/server/worker_listener.h"

namespace outrigger::server {

WorkerListener::WorkerListener(downstream::HttpWorker& worker,
                               std::shared_ptr<const config::ListenerSpec> spec,
                               std::shared_ptr<const route::RouteTable> routes,
                               const std::vector<int>& fds, ConnectionBudget& budget)
    : worker_(worker), spec_(std::move(spec)), budget_(budget) {
  slot_.options = base::LocalPtr<downstream::HttpOptions>(spec_->http);
  slot_.routes = base::LocalPtr<route::RouteTable>(std::move(routes));
  counters_ = spec_->counters;
  for (const int fd : fds) {
    acceptors_.push_back(std::make_unique<net::Acceptor>(
        worker_.loop, fd, net::AcceptLimits{.max_per_event = spec_->max_accepts_per_event},
        [this](net::Socket socket, const net::Address& peer) { OnAccept(std::move(socket), peer); },
        [this](int) { counters_.accept_error.Increment(); }));
  }
}

WorkerListener::~WorkerListener() { CloseAll(); }

void WorkerListener::Update(std::shared_ptr<const config::ListenerSpec> spec) {
  spec_ = std::move(spec);
  slot_.options = base::LocalPtr<downstream::HttpOptions>(spec_->http);
}

void WorkerListener::SetRoutes(std::shared_ptr<const route::RouteTable> routes) {
  slot_.routes = base::LocalPtr<route::RouteTable>(std::move(routes));
}

void WorkerListener::OnAccept(net::Socket socket, const net::Address& peer) {
  counters_.downstream_cx_total.Increment();
  if (!spec_->ignores_global_limit) {
    const int64_t used = budget_.used.fetch_add(1, std::memory_order_relaxed);
    if (used >= budget_.limit.load(std::memory_order_relaxed)) {
      budget_.used.fetch_sub(1, std::memory_order_relaxed);
      counters_.downstream_global_cx_overflow.Increment();
      return;  // closing it is the answer that costs us least
    }
  }
  counters_.downstream_cx_active.Increment();
  auto* connection =
      new downstream::ServerConnection(worker_, slot_, std::move(socket), *this, &peer);
  connections_.PushBack(*connection);
  ++count_;
  if (is_draining_) connection->Drain(false);
}

void WorkerListener::OnConnectionEnd(downstream::ServerConnection& connection) {
  connection.Unlink();
  --count_;
  if (!spec_->ignores_global_limit) budget_.used.fetch_sub(1, std::memory_order_relaxed);
  counters_.downstream_cx_active.Decrement();
  counters_.downstream_cx_destroy.Increment();
  worker_.loop.DeleteLater(std::unique_ptr<event::Deletable>(&connection));
  if (is_draining_ && count_ == 0 && on_empty_) std::exchange(on_empty_, nullptr)();
}

void WorkerListener::Drain(bool closes_idle) {
  is_draining_ = true;
  connections_.ForEach([&](downstream::ServerConnection& c) { c.Drain(closes_idle); });
  if (count_ == 0 && on_empty_) std::exchange(on_empty_, nullptr)();
}

void WorkerListener::StopDraining() {
  is_draining_ = false;
  connections_.ForEach([](downstream::ServerConnection& c) { c.StopDraining(); });
}

void WorkerListener::CloseAll() {
  acceptors_.clear();
  while (!connections_.empty()) connections_.front().Close();
}

}  // namespace outrigger::server
