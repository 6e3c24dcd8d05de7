#include "source/http/grpc/method_counters.h"

#include <algorithm>
#include <array>

#include "absl/hash/hash.h"
#include "source/base/text.h"
#include "source/stats/envoy_scopes.h"

namespace outrigger::http::grpc {
namespace {

using stats::Kind;

constexpr size_t kCodes = 17;
constexpr std::array kTable = {
    stats::Metric{"0", Kind::kCounter},
    stats::Metric{"1", Kind::kCounter},
    stats::Metric{"2", Kind::kCounter},
    stats::Metric{"3", Kind::kCounter},
    stats::Metric{"4", Kind::kCounter},
    stats::Metric{"5", Kind::kCounter},
    stats::Metric{"6", Kind::kCounter},
    stats::Metric{"7", Kind::kCounter},
    stats::Metric{"8", Kind::kCounter},
    stats::Metric{"9", Kind::kCounter},
    stats::Metric{"10", Kind::kCounter},
    stats::Metric{"11", Kind::kCounter},
    stats::Metric{"12", Kind::kCounter},
    stats::Metric{"13", Kind::kCounter},
    stats::Metric{"14", Kind::kCounter},
    stats::Metric{"15", Kind::kCounter},
    stats::Metric{"16", Kind::kCounter},
    stats::Metric{"success", Kind::kCounter},
    stats::Metric{"failure", Kind::kCounter},
    stats::Metric{"total", Kind::kCounter},
    stats::Metric{"request_message_count", Kind::kCounter},
    stats::Metric{"response_message_count", Kind::kCounter},
    stats::Metric{"upstream_rq_time", Kind::kHistogram},
};

constexpr size_t kFirstSlots = 16;

size_t HashOf(std::string_view cluster, const MethodName& name) {
  return absl::HashOf(cluster, name.service, name.method);
}

}  // namespace

std::optional<MethodName> ParseMethodPath(std::string_view path) {
  path = path.substr(0, path.find('?'));
  if (path.empty() || path.front() != '/') return std::nullopt;
  path.remove_prefix(1);
  const size_t slash = path.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const MethodName name{path.substr(0, slash), path.substr(slash + 1)};
  if (name.service.empty() || name.method.empty() ||
      name.method.find('/') != std::string_view::npos) {
    return std::nullopt;
  }
  return name;
}

MethodTally::MethodTally(stats::Store& store, const stats::Scope& scope)
    : group_(store.Declare(scope, kTable)),
      codes_(group_->counters(0, kCodes)),
      success_(group_->counter(stats::IndexOf(kTable, "success"))),
      failure_(group_->counter(stats::IndexOf(kTable, "failure"))),
      total_(group_->counter(stats::IndexOf(kTable, "total"))),
      request_messages_(group_->counter(stats::IndexOf(kTable, "request_message_count"))),
      response_messages_(group_->counter(stats::IndexOf(kTable, "response_message_count"))),
      time_(group_->histogram(stats::IndexOf(kTable, "upstream_rq_time"))) {}

void MethodTally::CountEnd(uint32_t status) const {
  if (status < kCodes) codes_[status].Increment();
  (status == 0 ? success_ : failure_).Increment();
  total_.Increment();
}

stats::Scope MethodCounters::ScopeOf(std::string_view cluster, const MethodName& name) const {
  if (name.service.empty()) return stats::GrpcScope(cluster, protocol_);
  std::string service(name.service);
  if (replaces_dots_) std::replace(service.begin(), service.end(), '.', '_');
  return stats::GrpcMethodScope(cluster, protocol_, service, name.method);
}

const MethodCounters::Entry* MethodCounters::Probe(const Table* table, size_t hash,
                                                   std::string_view cluster,
                                                   const MethodName& name) {
  if (table == nullptr) return nullptr;
  const size_t mask = table->slots.size() - 1;
  for (size_t at = hash & mask;; at = (at + 1) & mask) {
    const Entry* entry = table->slots[at].load(std::memory_order_acquire);
    if (entry == nullptr) return nullptr;
    if (entry->cluster == cluster && entry->service == name.service &&
        entry->method == name.method) {
      return entry;
    }
  }
}

void MethodCounters::Insert(Table& table, const Entry* entry) {
  const size_t mask = table.slots.size() - 1;
  size_t at = HashOf(entry->cluster, {entry->service, entry->method}) & mask;
  while (table.slots[at].load(std::memory_order_relaxed) != nullptr) at = (at + 1) & mask;
  table.slots[at].store(entry, std::memory_order_release);
}

const MethodTally* MethodCounters::Find(std::string_view cluster, const MethodName& name) const {
  const size_t hash = HashOf(cluster, name);
  const Table* table = table_.load(std::memory_order_acquire);
  if (const Entry* entry = Probe(table, hash, cluster, name)) return &entry->tally;
  const bool is_together = name.service.empty();
  {
    base::MutexLock lock(mutex_);
    table = table_.load(std::memory_order_relaxed);
    if (const Entry* entry = Probe(table, hash, cluster, name)) return &entry->tally;
    size_t& count = is_together ? clusters_ : methods_;
    if (count < (is_together ? kMaxClusters : kMaxMethods)) {
      ++count;
      return &Add(cluster, name)->tally;
    }
  }
  return is_together ? nullptr : Find(cluster, {});
}

const MethodCounters::Entry* MethodCounters::Add(std::string_view cluster,
                                                 const MethodName& name) const {
  entries_.push_back(std::unique_ptr<const Entry>(
      new Entry{std::string(cluster), std::string(name.service), std::string(name.method),
                MethodTally(store_, ScopeOf(cluster, name))}));
  const Entry* added = entries_.back().get();
  if (!tables_.empty() && 2 * entries_.size() <= tables_.back()->slots.size()) {
    Insert(*tables_.back(), added);
    return added;
  }
  // Readers may still be in the smaller ones, which together are no larger than the largest.
  tables_.push_back(
      std::make_unique<Table>(tables_.empty() ? kFirstSlots : 2 * tables_.back()->slots.size()));
  for (const auto& entry : entries_) Insert(*tables_.back(), entry.get());
  table_.store(tables_.back().get(), std::memory_order_release);
  return added;
}

}  // namespace outrigger::http::grpc
