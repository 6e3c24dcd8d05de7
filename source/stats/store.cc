#include "source/stats/store.h"

#include <algorithm>
#include <utility>

#include "absl/hash/hash.h"
#include "source/base/check.h"

namespace outrigger::stats {

Group::Group(Store& store, Scope scope, std::span<const Metric> table,
             std::unique_ptr<OwnedLine> own)
    : store_(store),
      scope_(std::move(scope)),
      own_line_(std::move(own)),
      table_(own_line_ ? std::span<const Metric>(&own_line_->metric, 1) : table),
      first_(cells::Allocate(static_cast<uint32_t>(table_.size()))) {}

Group::~Group() {
  store_.Forget(*this);
  for (size_t at = 0; at < table_.size(); ++at) {
    if (table_[at].kind != Kind::kHistogram) continue;
    cells::TakeEachThread(first_ + static_cast<uint32_t>(at),
                          [](uint64_t cell) { delete reinterpret_cast<ThreadHistogram*>(cell); });
  }
  cells::Free(first_, static_cast<uint32_t>(table_.size()));
}

uint32_t Group::Index(size_t at, Kind kind) const {
  CHECK(at < table_.size() && table_[at].kind == kind);
  return first_ + static_cast<uint32_t>(at);
}

Counter Group::counter(size_t at) const { return Counter(Index(at, Kind::kCounter)); }
CounterRange Group::counters(size_t first, size_t count) const {
  for (size_t at = first; at < first + count; ++at) (void)Index(at, Kind::kCounter);
  return CounterRange(first_ + static_cast<uint32_t>(first), static_cast<uint32_t>(count));
}
Gauge Group::gauge(size_t at) const { return Gauge(Index(at, Kind::kGauge)); }
Histogram Group::histogram(size_t at) const { return Histogram(Index(at, Kind::kHistogram)); }

void Group::SetText(size_t at, std::string_view value) const {
  CHECK(at < table_.size() && table_[at].kind == Kind::kText);
  base::MutexLock lock(mutex_);
  if (read_side_ == nullptr) read_side_ = std::make_unique<ReadSide>();
  read_side_->texts.insert_or_assign(at, std::string(value));
}

uint64_t Group::Value(size_t at) const {
  return table_[at].kind == Kind::kGauge ? gauge(at).Value() : counter(at).Value();
}

std::string Group::Text(size_t at) const {
  base::MutexLock lock(mutex_);
  if (read_side_ == nullptr) return "";
  auto found = read_side_->texts.find(at);
  return found == read_side_->texts.end() ? "" : found->second;
}

HistogramTotals Group::Cumulative(size_t at) const { return histogram(at).Totals(); }

HistogramTotals Group::Interval(size_t at) const {
  base::MutexLock lock(mutex_);
  if (read_side_ == nullptr) return {};
  auto found = read_side_->flushed.find(at);
  return found == read_side_->flushed.end() ? HistogramTotals() : found->second.interval;
}

bool Group::IsUsed(size_t at) const {
  if (table_[at].kind == Kind::kText) {
    base::MutexLock lock(mutex_);
    return read_side_ != nullptr && read_side_->texts.contains(at);
  }
  bool used = false;
  cells::ForEachThread(first_ + static_cast<uint32_t>(at), [&](uint64_t) { used = true; });
  return used;
}

void Group::Flush() const {
  for (size_t at = 0; at < table_.size(); ++at) {
    if (table_[at].kind != Kind::kHistogram || !IsUsed(at)) continue;
    HistogramTotals total = Cumulative(at);
    base::MutexLock lock(mutex_);
    if (read_side_ == nullptr) read_side_ = std::make_unique<ReadSide>();
    ReadSide::Flushed& flushed = read_side_->flushed[at];
    flushed.interval = total.Since(flushed.total);
    flushed.total = std::move(total);
  }
}

void Group::ResetCounters() const {
  for (size_t at = 0; at < table_.size(); ++at) {
    if (table_[at].kind != Kind::kCounter) continue;
    const uint64_t value = Value(at);
    if (value != 0) cells::Correct(first_ + static_cast<uint32_t>(at), -value);
  }
}

Store::~Store() {
  base::MutexLock lock(mutex_);
  CHECK(groups_.empty());
}

Store::Key Store::KeyOf(const Group& group) {
  if (group.own_line_ == nullptr) return {group.scope_.prefix(), group.table_.data(), {}};
  return {group.scope_.prefix(), nullptr, group.own_line_->name};
}

GroupPtr Store::Declare(const Scope& scope, std::span<const Metric> table) {
  base::MutexLock lock(mutex_);
  if (GroupPtr known = Find({scope.prefix(), table.data(), {}})) return known;
  return Add(new Group(*this, scope, table, nullptr));
}

GroupPtr Store::DeclareOne(const Scope& scope, std::string_view name, Kind kind) {
  base::MutexLock lock(mutex_);
  if (GroupPtr known = Find({scope.prefix(), nullptr, name})) return known;
  auto line = std::make_unique<Group::OwnedLine>();
  line->name = name;
  line->metric = {.name = line->name, .kind = kind};
  return Add(new Group(*this, scope, {}, std::move(line)));
}

GroupPtr Store::Find(const Key& key) {
  auto found = groups_.find(key);
  if (found == groups_.end()) return nullptr;
  GroupPtr group = (*found)->weak_from_this().lock();
  // Its last holder just went: it is no longer listed, and a new one may take its place.
  if (group == nullptr) groups_.erase(found);
  return group;
}

GroupPtr Store::Add(Group* created) {
  GroupPtr group(created);
  groups_.insert(created);
  return group;
}

void Store::Forget(const Group& group) {
  base::MutexLock lock(mutex_);
  auto found = groups_.find(&group);
  if (found != groups_.end() && *found == &group) groups_.erase(found);
}

std::vector<GroupPtr> Store::Groups() const {
  std::vector<GroupPtr> groups;
  {
    base::MutexLock lock(mutex_);
    groups.reserve(groups_.size());
    for (const Group* each : groups_) {
      if (GroupPtr group = each->weak_from_this().lock()) groups.push_back(std::move(group));
    }
  }
  std::sort(groups.begin(), groups.end(), [](const GroupPtr& a, const GroupPtr& b) {
    return a->scope().prefix() < b->scope().prefix();
  });
  return groups;
}

std::optional<uint64_t> Store::Value(std::string_view full_name) const {
  for (const GroupPtr& group : Groups()) {
    if (!full_name.starts_with(group->scope().prefix())) continue;
    const std::string_view rest = full_name.substr(group->scope().prefix().size());
    for (size_t at = 0; at < group->table().size(); ++at) {
      const Metric& metric = group->table()[at];
      const bool is_number = metric.kind == Kind::kCounter || metric.kind == Kind::kGauge;
      if (is_number && metric.name == rest) return group->Value(at);
    }
  }
  return std::nullopt;
}

void Store::FlushHistograms() {
  for (const GroupPtr& group : Groups()) group->Flush();
}

void Store::ResetCounters() {
  for (const GroupPtr& group : Groups()) group->ResetCounters();
}

}  // namespace outrigger::stats
