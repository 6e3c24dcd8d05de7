#include "source/server/worker_listener.h"

#include <algorithm>
#include <utility>

namespace outrigger::server {

ListenerWorker::ListenerWorker(event::Loop& loop, upstream::WorkerClusters& clusters)
    : http(loop, clusters),
      sessions{loop, clusters, upstream::Random(reinterpret_cast<uintptr_t>(this))} {}

WorkerListener::WorkerListener(ListenerWorker& worker, ListenerVersion version,
                               const std::vector<int>& fds, ConnectionBudget& budget)
    : worker_(worker), counters_(version.spec->counters), budget_(budget) {
  const config::ListenerSpec& spec = *version.spec;
  worker_.directory.Add(spec.addresses, *this);
  for (const int fd : fds) {
    acceptors_.push_back(std::make_unique<net::Acceptor>(
        worker_.http.loop, fd, net::AcceptLimits{.max_per_event = spec.max_accepts_per_event},
        [this](net::Socket socket, const net::Address& peer) { OnAccept(std::move(socket), peer); },
        [this](int) { counters_.accept_error.Increment(); }));
  }
  Chains none;
  UseChains(std::move(version), none);
}

WorkerListener::~WorkerListener() {
  worker_.directory.Remove(spec_->addresses, *this);
  CloseAll();
}

// --- configuration -----------------------------------------------------------------------------

void WorkerListener::Update(ListenerVersion version, base::Milliseconds drain_time) {
  Chains known = std::exchange(chains_, {});
  UseChains(std::move(version), known);
  for (auto& [key, chain] : known) Retire(std::move(chain), drain_time);
}

// Takes out of `known` what goes on under the new version.
void WorkerListener::UseChains(ListenerVersion version, Chains& known) {
  spec_ = std::move(version.spec);
  by_index_.clear();
  default_ = only_ = nullptr;
  const std::vector<config::FilterChainPtr> all = spec_->AllChains();
  for (size_t i = 0; i < all.size(); ++i) {
    std::unique_ptr<WorkerChain> chain;
    const auto found = known.find(all[i]->key);
    if (found != known.end() && found->second->CanBecome(*all[i])) {
      chain = std::move(found->second);
      known.erase(found);
      chain->Become(all[i]);
      chain->SetRoutes(version.tables[i]);
    } else {
      chain =
          std::make_unique<WorkerChain>(worker_.http, worker_.sessions, all[i], version.tables[i],
                                        static_cast<WorkerChainOwner&>(*this));
      if (is_draining_) chain->Drain(false);
    }
    if (i < spec_->chains.size()) {
      by_index_.push_back(chain.get());
    } else {
      default_ = chain.get();
    }
    if (all[i] == spec_->only_chain) only_ = chain.get();
    chains_[all[i]->key] = std::move(chain);
  }
}

void WorkerListener::SetRoutes(const std::shared_ptr<const route::RouteTable>& routes) {
  for (auto& [key, chain] : chains_) {
    if (chain->spec().routes.rds_name == routes->name()) chain->SetRoutes(routes);
  }
}

void WorkerListener::Retire(std::unique_ptr<WorkerChain> chain, base::Milliseconds drain_time) {
  chain->Drain(false);
  auto deadline = std::make_unique<event::Timer>(worker_.http.loop,
                                                 [this, gone = chain.get()] { EndRetired(gone); });
  deadline->Arm(chain->connection_count() == 0 ? base::Milliseconds(0) : drain_time);
  retired_.push_back({std::move(chain), std::move(deadline)});
}

void WorkerListener::EndRetired(const WorkerChain* chain) {
  const auto at = std::find_if(retired_.begin(), retired_.end(),
                               [&](const Retired& each) { return each.chain.get() == chain; });
  if (at == retired_.end()) return;
  auto gone = std::make_shared<Retired>(std::move(*at));
  retired_.erase(at);
  gone->chain->CloseAll();
  // Its connections are destroyed by the loop and look at the chain's slot until then.
  worker_.http.loop.Post([gone = std::move(gone)] {});
}

// --- connections -------------------------------------------------------------------------------

void WorkerListener::OnAccept(net::Socket socket, const net::Address& peer) {
  Take(net::Accepted(std::move(socket), peer), /*may_hand_over=*/spec_->hands_over);
}

void WorkerListener::Take(net::Accepted&& accepted, bool may_hand_over) {
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
  ++count_;
  if (spec_->filters == nullptr) return OnFiltersDone(std::move(accepted), may_hand_over);
  auto inspected = std::make_unique<tcp::InspectedConnection>(
      worker_.http.loop, std::move(accepted), spec_->filters, may_hand_over,
      static_cast<tcp::InspectionOwner&>(*this));
  inspected_.PushBack(*inspected);
  counters_.downstream_pre_cx_active.Increment();
  const auto end = inspected->Start(spec_->filters_timeout);
  tcp::InspectedConnection& there = *inspected.release();
  if (end) OnInspected(there, *end);
}

void WorkerListener::OnInspected(tcp::InspectedConnection& inspected, tcp::InspectionEnd end) {
  inspected.Unlink();
  counters_.downstream_pre_cx_active.Decrement();
  worker_.http.loop.DeleteLater(std::unique_ptr<event::Deletable>(&inspected));
  switch (end) {
    case tcp::InspectionEnd::kTimeout:
      counters_.downstream_pre_cx_timeout.Increment();
      if (spec_->continues_after_timeout) break;
      return ForgetInspected(inspected, "listener_filters_timeout");
    case tcp::InspectionEnd::kLeft:
      counters_.downstream_listener_filter_remote_close.Increment();
      return ForgetInspected(inspected, "downstream_remote_disconnect");
    case tcp::InspectionEnd::kRefused:
      counters_.downstream_listener_filter_error.Increment();
      return ForgetInspected(inspected, "listener_filter_refused");
    case tcp::InspectionEnd::kDone:
      break;
  }
  OnFiltersDone(std::move(inspected.connection()), inspected.may_hand_over());
}

void WorkerListener::ForgetInspected(tcp::InspectedConnection& inspected, std::string_view detail) {
  LogRefused(spec_->access_loggers, worker_.http.loop, inspected.connection(), inspected.start(),
             std::nullopt, detail);
  Forget();
}

void WorkerListener::OnFiltersDone(net::Accepted&& accepted, bool may_hand_over) {
  if (may_hand_over && accepted.arrival != nullptr && accepted.arrival->is_local_restored) {
    WorkerListener* other = worker_.directory.Find(accepted.local);
    if (other != nullptr && other != this) {
      counters_.handed_over.Increment();
      Forget();
      return other->Take(std::move(accepted), /*may_hand_over=*/false);
    }
  }
  Serve(std::move(accepted));
}

void WorkerListener::Serve(net::Accepted&& accepted) {
  WorkerChain* chain = only_;
  if (chain == nullptr) {
    const int found = spec_->table.Find(accepted);
    chain = found == tcp::ChainTable::kNone ? default_ : by_index_[static_cast<size_t>(found)];
  }
  if (chain == nullptr) {
    counters_.no_filter_chain_match.Increment();
    LogRefused(spec_->access_loggers, worker_.http.loop, accepted, worker_.http.loop.Now(),
               http::ResponseFlag::kNoRouteFound, "filter_chain_not_found");
    return Forget();
  }
  chain->Serve(std::move(accepted));
}

void WorkerListener::Forget() {
  --count_;
  if (!spec_->ignores_global_limit) budget_.used.fetch_sub(1, std::memory_order_relaxed);
  counters_.downstream_cx_active.Decrement();
  counters_.downstream_cx_destroy.Increment();
  if (is_draining_ && count_ == 0 && on_empty_) std::exchange(on_empty_, nullptr)();
}

// --- the end -----------------------------------------------------------------------------------

void WorkerListener::StopAccepting() {
  acceptors_.clear();
  worker_.directory.Remove(spec_->addresses, *this);
}

void WorkerListener::Drain(bool closes_idle) {
  is_draining_ = true;
  for (auto& [key, chain] : chains_) chain->Drain(closes_idle);
  for (Retired& each : retired_) each.chain->Drain(closes_idle);
  if (count_ == 0 && on_empty_) std::exchange(on_empty_, nullptr)();
}

void WorkerListener::StopDraining() {
  is_draining_ = false;
  for (auto& [key, chain] : chains_) chain->StopDraining();
}

void WorkerListener::DrainOutdated(absl::FunctionRef<bool()> goes) {
  for (auto& [key, chain] : chains_) chain->DrainOutdated(goes);
}

void WorkerListener::CloseAll() {
  acceptors_.clear();
  while (!inspected_.empty()) {
    tcp::InspectedConnection& inspected = inspected_.front();
    inspected.Unlink();
    counters_.downstream_pre_cx_active.Decrement();
    worker_.http.loop.DeleteLater(std::unique_ptr<event::Deletable>(&inspected));
    Forget();
  }
  for (auto& [key, chain] : chains_) chain->CloseAll();
  for (Retired& each : retired_) each.chain->CloseAll();
}

}  // namespace outrigger::server
