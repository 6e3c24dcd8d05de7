#include "source/server/listener_set.h"

#include <algorithm>
#include <utility>

#include "absl/container/btree_set.h"
#include "source/base/check.h"
#include "source/base/text.h"
#include "source/stats/envoy_scopes.h"

namespace outrigger::server {

ListenerSet::ListenerSet(event::Loop& loop, std::vector<std::unique_ptr<Worker>>& workers,
                         RouteSet& routes, ConnectionBudget& budget, base::Milliseconds drain_time,
                         stats::Store& stats)
    : loop_(loop),
      workers_(workers),
      routes_(routes),
      budget_(budget),
      drain_time_(drain_time),
      counters_(ListenerSetCounters::Declare(stats)) {}

ListenerSet::~ListenerSet() = default;

bool ListenerSet::Concerns(Which which, const config::ListenerSpec& spec) {
  switch (which) {
    case Which::kAll:
      return true;
    case Which::kInbound:
      return spec.direction == config::ListenerSpec::Direction::kInbound;
    case Which::kWithDefaultDrain:
      return spec.drains_on_health_check_fail;
  }
  return false;
}

// --- adding and updating -----------------------------------------------------------------------

absl::StatusOr<std::shared_ptr<ListenerSockets>> ListenerSet::Bind(
    const config::ListenerSpec& spec) const {
  auto sockets = std::make_shared<ListenerSockets>();
  sockets->by_worker.resize(workers_.size());
  sockets->bound = spec.addresses;
  if (!spec.bind_to_port) return sockets;
  for (net::Address& address : sockets->bound) {
    const bool one_each = spec.reuse_port && address.is_ip();
    for (size_t i = 0; i < workers_.size(); ++i) {
      if (i == 0 || one_each) {
        auto socket = net::Listen(
            address,
            {.reuse_port = one_each, .backlog = spec.backlog, .unix_mode = spec.unix_mode});
        if (!socket.ok()) return socket.status();
        if (address.is_ip() && address.port() == 0) address = net::LocalAddress(socket->fd());
        sockets->owned.push_back(*std::move(socket));
      }
      sockets->by_worker[i].push_back(sockets->owned.back().fd());
    }
  }
  return sockets;
}

// SO_REUSEPORT would let two listeners share an address and each take a part of its connections.
absl::Status ListenerSet::CheckAddressesFree(const config::ListenerSpec& spec) const {
  for (const auto& [name, entry] : entries_) {
    if (name == spec.name || entry.is_stopped) continue;
    for (const auto& other : {entry.active, entry.warming}) {
      if (other == nullptr) continue;
      for (const net::Address& address : spec.addresses) {
        if (spec.bind_to_port && address.is_ip() && address.port() == 0) continue;
        if (std::find(other->addresses.begin(), other->addresses.end(), address) ==
            other->addresses.end()) {
          continue;
        }
        return base::InvalidArgument("address: ", address.ToString(), " is taken by listener \"",
                                     name, "\"; each address has one listener");
      }
    }
  }
  return absl::OkStatus();
}

absl::Status ListenerSet::Add(std::shared_ptr<const config::ListenerSpec> spec, bool is_static) {
  const std::string name = spec->name;
  auto at = entries_.find(name);
  if (at != entries_.end()) {
    Entry& entry = at->second;
    if (entry.is_static && !is_static) {
      return absl::InvalidArgumentError(
          "a static listener has this name; static listeners are changed in the bootstrap only");
    }
    const auto& newest = entry.warming != nullptr ? entry.warming : entry.active;
    if (newest != nullptr && newest->fingerprint == spec->fingerprint) return absl::OkStatus();
  }
  if (accepts_none_) {
    return absl::UnavailableError("the proxy is draining and takes no listeners any more");
  }
  if (absl::Status status = CheckAddressesFree(*spec); !status.ok()) return status;
  if (absl::Status status = CheckPlans(*spec); !status.ok()) return status;
  // A new address is bound before anything else happens: when it cannot be, nothing has changed.
  std::shared_ptr<ListenerSockets> sockets;
  const bool keeps_sockets = at != entries_.end() && at->second.sockets != nullptr &&
                             at->second.active != nullptr &&
                             at->second.active->socket_fingerprint == spec->socket_fingerprint;
  if (!keeps_sockets) {
    auto bound = Bind(*spec);
    if (!bound.ok()) {
      counters_.listener_create_failure.Increment();
      return bound.status();
    }
    sockets = *std::move(bound);
  }
  (at == entries_.end() ? counters_.listener_added : counters_.listener_modified).Increment();
  counters_.listener_create_success.Increment();
  Entry& entry = entries_[name];
  entry.is_static = is_static;
  ReleaseRoutes(entry.warming.get());
  entry.warming = std::move(spec);
  entry.warming_sockets = std::move(sockets);
  Warm(name, entry);
  return absl::OkStatus();
}

absl::Status ListenerSet::CheckPlans(const config::ListenerSpec& spec) const {
  for (const config::FilterChainPtr& chain : spec.AllChains()) {
    if (chain->tls_plan == nullptr) continue;
    CHECK(plan_builder_ != nullptr);
    if (absl::Status status = plan_builder_->Check(*chain->tls_plan); !status.ok()) return status;
  }
  return absl::OkStatus();
}

void ListenerSet::Warm(const std::string& name, Entry& entry) {
  for (const std::string& rds_name : entry.warming->RdsNames()) routes_.Use(rds_name);
  // The version before this one lets go of its secrets afterwards: those of both stay.
  entry.warming_plans = UsePlans(name, *entry.warming);
  entry.route_waits.clear();
  for (const config::FilterChainPtr& chain : entry.warming->AllChains()) {
    const config::RouteSource& source = chain->routes;
    if (source.rds_name.empty() || routes_.Find(source.rds_name) != nullptr) continue;
    const size_t at = entry.route_waits.size();
    entry.route_waits.push_back({.rds_name = source.rds_name});
    entry.route_waits.back().operation =
        routes_.WaitFor(source.rds_name, source.initial_fetch_timeout, [this, name, at] {
          entries_.find(name)->second.route_waits[at].is_over = true;
          ActivateWhenReady(name);
        });
  }
  ActivateWhenReady(name);
  CountStates();
}

ListenerSet::PlanUses ListenerSet::UsePlans(const std::string& name,
                                            const config::ListenerSpec& spec) {
  PlanUses uses;
  for (const config::FilterChainPtr& chain : spec.AllChains()) {
    if (chain->tls_plan == nullptr) continue;
    const stats::Scope scope =
        stats::ListenerScope(spec.stat_name)
            .Child("server_ssl_socket_factory.", "server_ssl_socket_factory.");
    uses.push_back(
        plan_builder_->Use(chain->tls_plan, scope, [this, name] { ActivateWhenReady(name); }));
  }
  return uses;
}

std::vector<std::string> ListenerSet::WaitsFor(const Entry& entry) {
  absl::btree_set<std::string> names;
  if (entry.warming == nullptr) return {};
  for (const RouteWait& wait : entry.route_waits) {
    if (!wait.is_over) names.insert(base::StrCat("rds ", wait.rds_name));
  }
  for (const auto& plan : entry.warming_plans) {
    if (!plan->is_ready()) names.insert(plan->waits_for());
  }
  return {names.begin(), names.end()};
}

void ListenerSet::ActivateWhenReady(const std::string& name) {
  const Entry& entry = entries_.find(name)->second;
  if (entry.warming != nullptr && WaitsFor(entry).empty()) Activate(name);
}

void ListenerSet::ReleaseRoutes(const config::ListenerSpec* spec) {
  if (spec == nullptr) return;
  for (const std::string& name : spec->RdsNames()) routes_.Release(name);
}

ListenerVersion ListenerSet::VersionOf(const Entry& entry) const {
  ListenerVersion version{.spec = entry.active, .tables = {}};
  for (const config::FilterChainPtr& chain : entry.active->AllChains()) {
    const config::RouteSource& source = chain->routes;
    version.tables.push_back(source.rds_name.empty() ? source.inline_table
                                                     : routes_.Find(source.rds_name));
  }
  return version;
}

void ListenerSet::Activate(const std::string& name) {
  Entry& entry = entries_.find(name)->second;
  const std::shared_ptr<const config::ListenerSpec> old = entry.active;
  const PlanUses old_plans = std::exchange(entry.plans, std::exchange(entry.warming_plans, {}));
  std::shared_ptr<ListenerSockets> new_sockets = std::move(entry.warming_sockets);
  entry.warming_sockets = nullptr;
  if (old != nullptr && new_sockets == nullptr) {
    entry.active = std::move(entry.warming);
    entry.warming = nullptr;
    counters_.listener_in_place_updated.Increment();
    UpdateInPlace(entry);
  } else {
    Entry retired{.active = old, .sockets = entry.sockets, .id = entry.id};
    entry.active = std::move(entry.warming);
    entry.warming = nullptr;
    entry.sockets = std::move(new_sockets);
    entry.id = next_id_++;
    if (is_accepting_) Install(entry);
    if (old != nullptr) Retire(retired);
  }
  ReleaseRoutes(old.get());
  CountStates();
  if (warming_count_ == 0 && events_.on_warm) events_.on_warm();
}

void ListenerSet::Install(Entry& entry) {
  for (size_t i = 0; i < workers_.size(); ++i) {
    workers_[i]->Post([this, id = entry.id, version = VersionOf(entry),
                       fds = entry.sockets->by_worker[i]](Worker& worker) {
      worker.listeners()[id] =
          std::make_unique<WorkerListener>(worker.for_listeners(), version, fds, budget_);
    });
  }
}

void ListenerSet::UpdateInPlace(Entry& entry) {
  if (!is_accepting_) return;
  for (const auto& worker : workers_) {
    worker->Post([id = entry.id, version = VersionOf(entry), drain_time = drain_time_](Worker& w) {
      const auto at = w.listeners().find(id);
      if (at != w.listeners().end()) at->second->Update(version, drain_time);
    });
  }
  if (events_.on_update) events_.on_update();
}

// --- removing ----------------------------------------------------------------------------------

void ListenerSet::Remove(std::string_view name) {
  const auto at = entries_.find(std::string(name));
  if (at == entries_.end() || at->second.is_static) return;
  Entry entry = std::move(at->second);
  entries_.erase(at);
  counters_.listener_removed.Increment();
  ReleaseRoutes(entry.warming.get());
  ReleaseRoutes(entry.active.get());
  if (entry.active != nullptr) Retire(entry);
  CountStates();
  if (warming_count_ == 0 && events_.on_warm) events_.on_warm();
}

// Stops accepting, lets connections end by themselves, and ends the rest after the drain time. The
// sockets are closed only after every worker has let go of them.
void ListenerSet::Retire(Entry& entry) {
  ++draining_count_;
  auto open = std::make_shared<size_t>(workers_.size());
  const auto gone = [this, open] {
    if (--*open > 0) return;
    --draining_count_;
    CountStates();
  };
  for (const auto& worker : workers_) {
    worker->Post([this, id = entry.id, gone, sockets = entry.sockets](Worker& w) mutable {
      const auto at = w.listeners().find(id);
      if (at == w.listeners().end()) return loop_.Post(gone);
      at->second->StopAccepting();
      loop_.Post([sockets = std::move(sockets)] {});  // closes on the main thread
      w.Drain(id, drain_time_, [this, gone] { loop_.Post(gone); });
    });
  }
}

// --- the whole set -----------------------------------------------------------------------------

void ListenerSet::StartAccepting() {
  is_accepting_ = true;
  for (auto& [name, entry] : entries_) {
    if (entry.active != nullptr) Install(entry);
  }
  counters_.workers_started.Set(1);
}

void ListenerSet::StopAccepting(Which which) {
  if (which == Which::kAll) accepts_none_ = true;
  for (auto& [name, entry] : entries_) {
    if (entry.active == nullptr || entry.is_stopped || !Concerns(which, *entry.active)) continue;
    entry.is_stopped = true;
    counters_.listener_stopped.Increment();
    for (const auto& worker : workers_) {
      worker->Post([this, id = entry.id, sockets = entry.sockets](Worker& w) mutable {
        const auto at = w.listeners().find(id);
        if (at != w.listeners().end()) at->second->StopAccepting();
        loop_.Post([sockets = std::move(sockets)] {});
      });
    }
    entry.sockets = nullptr;
  }
}

void ListenerSet::Drain(Which which, bool closes_idle) {
  for (const auto& [name, entry] : entries_) {
    if (entry.active == nullptr || !Concerns(which, *entry.active)) continue;
    for (const auto& worker : workers_) {
      worker->Post([id = entry.id, closes_idle](Worker& w) {
        const auto at = w.listeners().find(id);
        if (at != w.listeners().end()) at->second->Drain(closes_idle);
      });
    }
  }
}

void ListenerSet::StopDraining() {
  for (const auto& worker : workers_) {
    worker->Post([](Worker& w) {
      for (auto& [id, listener] : w.listeners()) listener->StopDraining();
    });
  }
}

std::vector<ListenerSet::Listing> ListenerSet::List() const {
  std::vector<Listing> list;
  for (const auto& [name, entry] : entries_) {
    list.push_back(
        {.name = name,
         .addresses = entry.sockets != nullptr ? entry.sockets->bound : std::vector<net::Address>(),
         .is_static = entry.is_static,
         .active = entry.active,
         .warming = entry.warming,
         .waits_for = WaitsFor(entry)});
  }
  return list;
}

bool ListenerSet::UsesCluster(std::string_view cluster) const {
  const std::string name(cluster);
  for (const auto& [unused, entry] : entries_) {
    for (const auto& spec : {entry.active, entry.warming}) {
      if (spec != nullptr && spec->NamesCluster(name)) return true;
    }
  }
  return false;
}

std::optional<stats::Scope> ListenerSet::RdsScopeOf(std::string_view rds_name) const {
  for (const auto& [unused, entry] : entries_) {
    for (const auto& spec : {entry.warming, entry.active}) {
      if (spec == nullptr) continue;
      for (const config::FilterChainPtr& chain : spec->AllChains()) {
        if (chain->routes.rds_name != rds_name) continue;
        if (chain->http->counters.group == nullptr) return std::nullopt;
        const std::string name = stats::NamePart(rds_name);
        return chain->http->counters.group->scope().Child(base::StrCat("rds.", name, "."), "rds.",
                                                          {{"envoy_rds_route_config", name}});
      }
    }
  }
  return std::nullopt;
}

void ListenerSet::CountStates() {
  size_t active = 0;
  warming_count_ = 0;
  for (const auto& [name, entry] : entries_) {
    if (entry.active != nullptr) ++active;
    if (entry.warming != nullptr) ++warming_count_;
  }
  counters_.total_listeners_active.Set(active);
  counters_.total_listeners_warming.Set(warming_count_);
  counters_.total_listeners_draining.Set(draining_count_);
}

}  // namespace outrigger::server
