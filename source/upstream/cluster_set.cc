#include "source/upstream/cluster_set.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "source/base/check.h"
#include "source/stats/envoy_scopes.h"

namespace outrigger::upstream {
namespace {

// What the resource of an EDS cluster is called.
const std::string& EdsNameOf(const ClusterSpec& spec) {
  return spec.eds_service_name.empty() ? spec.name->text() : spec.eds_service_name;
}

bool TakesEndpointsFrom(const ClusterSpec* spec, std::string_view eds_name) {
  return spec != nullptr && spec->discovery == Discovery::kEds && EdsNameOf(*spec) == eds_name;
}

}  // namespace

ClusterSet::ClusterSet(event::Loop& loop, std::vector<WorkerClusters*> workers,
                       net::DnsResolver& resolver, stats::Store& stats, uint64_t random_seed,
                       OnEdsInterest on_eds_interest)
    : loop_(loop),
      workers_(std::move(workers)),
      resolver_(resolver),
      stats_(stats),
      random_(random_seed),
      on_eds_interest_(std::move(on_eds_interest)),
      counters_(ClusterSetCounters::Declare(stats)) {}

ClusterSet::~ClusterSet() = default;

// --- versions ----------------------------------------------------------------------------------

absl::Status ClusterSet::Add(std::shared_ptr<const ClusterSpec> spec) {
  for (const auto& plan : spec->TlsPlans()) {
    CHECK(plan_builder_ != nullptr);
    if (absl::Status status = plan_builder_->Check(*plan); !status.ok()) return status;
  }
  std::unique_ptr<Entry>& slot = entries_[spec->name->text()];
  const bool is_new = slot == nullptr;
  if (is_new) {
    slot = std::make_unique<Entry>();
    slot->name = spec->name;
    slot->breakers = std::make_shared<CircuitBreakers>();
  }
  Entry& entry = *slot;
  const ClusterSpec* active = entry.active.spec.get();
  const ClusterSpec* latest = entry.warming.spec ? entry.warming.spec.get() : active;
  if (latest != nullptr && !latest->added_via_api && spec->added_via_api) {
    return absl::AlreadyExistsError(
        absl::StrCat("cluster ", spec->name->text(),
                     ": is in the static configuration; give this one another name"));
  }
  if (latest != nullptr && latest->fingerprint == spec->fingerprint) return absl::OkStatus();
  (is_new ? counters_.cluster_added : counters_.cluster_modified).Increment();

  // The new version is here before the one it replaces is dropped, so what both need stays.
  Version replaced = std::exchange(entry.warming, {.spec = std::move(spec)});
  if (replaced.spec == nullptr) ++warming_count_;
  const ClusterSpec& next = *entry.warming.spec;
  entry.counters = MembershipCounters::Declare(stats_, next.stat_name);
  if (next.discovery == Discovery::kEds) Use(next, entry);
  UsePlans(entry);
  Drop(replaced, entry);

  if (active != nullptr && active->fingerprint == next.fingerprint) {
    // Back to what serves already.
    Drop(entry.warming, entry);
    if (--warming_count_ == 0 && on_warm_) on_warm_();
  } else if (next.discovery == Discovery::kStrictDns || next.discovery == Discovery::kLogicalDns) {
    StartDns(entry);
  } else {
    ActivateWhenReady(entry);
  }
  counters_.warming_clusters.Set(warming_count_);
  return absl::OkStatus();
}

void ClusterSet::StartDns(Entry& entry) {
  entry.warming.dns =
      std::make_unique<DnsEndpoints>(loop_, resolver_, random_, entry.warming.spec, entry.counters,
                                     [this, &entry, spec = entry.warming.spec.get()] {
                                       if (entry.warming.spec.get() == spec) {
                                         ActivateWhenReady(entry);
                                       } else {
                                         SetEndpointsOf(entry, entry.active.dns->Endpoints());
                                       }
                                     });
  ActivateWhenReady(entry);  // it may have no names
}

void ClusterSet::UsePlans(Entry& entry) {
  const ClusterSpec& spec = *entry.warming.spec;
  for (const auto& plan : spec.TlsPlans()) {
    auto& uses = entry.warming.plans;
    if (uses == nullptr) uses = std::make_unique<std::vector<std::unique_ptr<net::tls::PlanUse>>>();
    const stats::Scope scope =
        stats::ClusterScope(spec.stat_name)
            .Child("client_ssl_socket_factory.", "client_ssl_socket_factory.");
    uses->push_back(plan_builder_->Use(plan, scope, [this, &entry] { ActivateWhenReady(entry); }));
  }
}

void ClusterSet::ActivateWhenReady(Entry& entry) {
  if (entry.warming.spec == nullptr || !WaitsFor(entry.warming).empty()) return;
  const ClusterSpec& spec = *entry.warming.spec;
  if (entry.warming.dns != nullptr) return Activate(entry, entry.warming.dns->Endpoints());
  if (spec.discovery != Discovery::kEds) return Activate(entry, spec.static_endpoints);
  const std::shared_ptr<const EndpointSet> known = eds_.at(EdsNameOf(spec)).set;
  Activate(entry, *known);
}

std::string ClusterSet::WaitsFor(const Version& version) const {
  if (version.dns != nullptr) {
    const std::string name = version.dns->waits_for();
    if (!name.empty()) return absl::StrCat("dns ", name);
  }
  if (version.spec->discovery == Discovery::kEds &&
      eds_.at(EdsNameOf(*version.spec)).set == nullptr) {
    return absl::StrCat("eds ", EdsNameOf(*version.spec));
  }
  if (version.plans == nullptr) return "";
  for (const auto& plan : *version.plans) {
    if (!plan->is_ready()) return plan->waits_for();
  }
  return "";
}

// The warming version becomes the active one.
void ClusterSet::Activate(Entry& entry, const EndpointSet& endpoints) {
  Version replaced = std::exchange(entry.active, std::exchange(entry.warming, {}));
  const ClusterSpec& spec = *entry.active.spec;
  entry.endpoints = Reconcile(entry.endpoints, endpoints);
  entry.gauges.clear();
  Publish(entry);
  CountMembers(entry);
  if (replaced.spec == nullptr) {
    counters_.active_clusters.Set(++active_count_);
  } else {
    counters_.cluster_updated.Increment();
    Drop(replaced, entry);
  }
  --warming_count_;
  counters_.warming_clusters.Set(warming_count_);
  if (on_ready_) on_ready_(spec.name->text());
  if (warming_count_ == 0 && on_warm_) on_warm_();
}

void ClusterSet::Remove(std::string_view name) {
  const auto found = entries_.find(name);
  if (found == entries_.end()) return;
  Entry& entry = *found->second;
  const Version& any = entry.active.spec ? entry.active : entry.warming;
  if (!any.spec->added_via_api) return;
  counters_.cluster_removed.Increment();
  const bool was_warming = entry.warming.spec != nullptr;
  if (entry.active.spec != nullptr) {
    const uint32_t id = entry.active.spec->name->id();
    for (WorkerClusters* worker : workers_) {
      worker->loop().Post([worker, id] { worker->Remove(id); });
    }
    counters_.active_clusters.Set(--active_count_);
  }
  Drop(entry.active, entry);
  Drop(entry.warming, entry);
  const std::unique_ptr<Entry> gone = std::move(found->second);  // the key is a view of its name
  entries_.erase(found);
  if (!was_warming) return;
  counters_.warming_clusters.Set(--warming_count_);
  if (warming_count_ == 0 && on_warm_) on_warm_();
}

void ClusterSet::Drop(Version& version, Entry& entry) {
  const Version gone = std::exchange(version, {});
  if (gone.spec == nullptr || gone.spec->discovery != Discovery::kEds) return;
  const auto found = eds_.find(EdsNameOf(*gone.spec));
  CHECK(found != eds_.end());
  std::vector<Entry*>& users = found->second.users;
  users.erase(std::find(users.begin(), users.end(), &entry));
  if (!users.empty()) return;
  const std::string name = found->first;
  eds_.erase(found);
  on_eds_interest_(name, /*wanted=*/false, base::Milliseconds(0));
}

// --- endpoints ---------------------------------------------------------------------------------

ClusterSet::EdsSource& ClusterSet::Use(const ClusterSpec& spec, Entry& entry) {
  EdsSource& source = eds_[EdsNameOf(spec)];
  source.users.push_back(&entry);
  if (source.users.size() == 1) {
    on_eds_interest_(EdsNameOf(spec), /*wanted=*/true, spec.eds_initial_fetch_timeout);
  }
  return source;
}

void ClusterSet::SetEndpoints(std::string_view eds_name, const EndpointSet& endpoints) {
  const auto found = eds_.find(std::string(eds_name));
  if (found == eds_.end()) return;
  EdsSource& source = found->second;
  // Becoming active ends the use of the version before, which shortens the row.
  const std::vector<Entry*> users = source.users;
  source.set = std::make_shared<const EndpointSet>(endpoints);
  for (Entry* entry : users) {
    entry->counters.update_success.Increment();
    if (endpoints.endpoints.empty()) entry->counters.update_empty.Increment();
    const ClusterSpec* active = entry->active.spec.get();
    if (TakesEndpointsFrom(entry->warming.spec.get(), eds_name)) ActivateWhenReady(*entry);
    if (!TakesEndpointsFrom(entry->active.spec.get(), eds_name)) continue;  // it waits for more
    if (entry->active.spec.get() == active) SetEndpointsOf(*entry, endpoints);
    source.set = entry->endpoints;
  }
}

void ClusterSet::StopWaitingForEndpoints(std::string_view eds_name) {
  const auto found = eds_.find(std::string(eds_name));
  if (found == eds_.end() || found->second.set != nullptr) return;
  found->second.set = std::make_shared<EndpointSet>();
  const std::vector<Entry*> users = found->second.users;
  for (Entry* entry : users) {
    if (TakesEndpointsFrom(entry->warming.spec.get(), eds_name)) ActivateWhenReady(*entry);
  }
}

void ClusterSet::SetEndpointsOf(Entry& entry, const EndpointSet& endpoints) {
  std::shared_ptr<const EndpointSet> next = Reconcile(entry.endpoints, endpoints);
  if (next == entry.endpoints) return entry.counters.update_no_rebuild.Increment();
  entry.endpoints = std::move(next);
  Publish(entry);
  CountMembers(entry);
}

void ClusterSet::Publish(const Entry& entry) {
  const auto state = std::make_shared<const ClusterState>(
      ClusterState{entry.active.spec, entry.endpoints, entry.breakers, &stats_});
  for (WorkerClusters* worker : workers_) {
    worker->loop().Post([worker, state] { worker->Install(state); });
  }
}

void ClusterSet::CountMembers(const Entry& entry) {
  uint64_t healthy = 0, degraded = 0, greatest = 0;
  for (const auto& endpoint : entry.endpoints->endpoints) {
    if (endpoint->is_degraded()) {
      ++degraded;
    } else if (endpoint->is_usable()) {
      ++healthy;
    }
    greatest = std::max<uint64_t>(greatest, endpoint->weight);
  }
  const MembershipCounters& counters = entry.counters;
  counters.membership_change.Increment();
  counters.membership_total.Set(entry.endpoints->endpoints.size());
  counters.membership_healthy.Set(healthy);
  counters.membership_degraded.Set(degraded);
  counters.max_host_weight.Set(greatest);
}

// --- reading -----------------------------------------------------------------------------------

bool ClusterSet::IsActive(std::string_view name) const {
  const auto found = entries_.find(name);
  return found != entries_.end() && found->second->active.spec != nullptr;
}

bool ClusterSet::IsWarming(std::string_view name) const {
  const auto found = entries_.find(std::string(name));
  return found != entries_.end() && found->second->warming.spec != nullptr;
}

std::vector<ClusterSet::Listing> ClusterSet::Describe() const {
  std::vector<Listing> listings;
  listings.reserve(entries_.size());
  for (const auto& [name, entry] : entries_) {
    Listing& listing = listings.emplace_back();
    listing.name = std::string(name);
    listing.active = entry->active.spec;
    listing.warming = entry->warming.spec;
    listing.endpoints = entry->endpoints;
    listing.breakers = entry->breakers;
    if (listing.warming != nullptr) listing.waits_for = WaitsFor(entry->warming);
  }
  return listings;
}

void ClusterSet::UpdateGauges() {
  for (const auto& [name, entry] : entries_) {
    if (entry->active.spec != nullptr &&
        entry->breakers->was_used.load(std::memory_order_relaxed)) {
      SetGauges(*entry);
    }
  }
}

void ClusterSet::SetGauges(Entry& entry) {
  const ClusterSpec& spec = *entry.active.spec;
  if (entry.gauges.empty()) {
    for (int priority = 0; priority < 2; ++priority) {
      entry.gauges.push_back(BreakerGauges::Declare(stats_, spec.stat_name, priority,
                                                    spec.breakers[priority].track_remaining));
    }
  }
  for (int priority = 0; priority < 2; ++priority) {
    const BreakerCounts& counts = entry.breakers->by_priority[priority];
    const CircuitBreakerLimits& limits = spec.breakers[priority];
    const BreakerGauges& gauges = entry.gauges[priority];
    const auto show = [](uint32_t count, uint32_t limit, stats::Gauge open, stats::Gauge left) {
      open.Set(count >= limit ? 1 : 0);
      left.Set(count >= limit ? 0 : limit - count);
    };
    show(counts.connections.value(), limits.max_connections, gauges.cx_open, gauges.remaining_cx);
    show(counts.pending.value(), limits.max_pending_requests, gauges.rq_pending_open,
         gauges.remaining_pending);
    show(counts.requests.value(), limits.max_requests, gauges.rq_open, gauges.remaining_rq);
    show(counts.retries.value(), counts.MaxRetries(limits), gauges.rq_retry_open,
         gauges.remaining_retries);
  }
}

}  // namespace outrigger::upstream
