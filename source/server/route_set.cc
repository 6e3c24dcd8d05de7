#include "source/server/route_set.h"

#include <algorithm>

namespace outrigger::server {

RouteSet::RouteSet(event::Loop& loop, std::vector<std::unique_ptr<Worker>>& workers,
                   std::function<void(const std::string&, bool)> on_interest)
    : loop_(loop), workers_(workers), on_interest_(std::move(on_interest)) {}

void RouteSet::Use(const std::string& name) {
  if (entries_[name].users++ == 0) on_interest_(name, true);
}

void RouteSet::Release(const std::string& name) {
  const auto at = entries_.find(name);
  if (at == entries_.end() || --at->second.users > 0) return;
  entries_.erase(at);
  on_interest_(name, false);
}

RouteSet::Table RouteSet::Find(std::string_view name) const {
  const auto at = entries_.find(std::string(name));
  return at == entries_.end() ? nullptr : at->second.table;
}

event::Operation RouteSet::WaitFor(const std::string& name, base::Milliseconds timeout,
                                   absl::AnyInvocable<void()> done) {
  const uint64_t id = next_waiter_++;
  Waiter& waiter = entries_[name].waiters[id];
  waiter.done = std::move(done);
  if (timeout.count() > 0) {
    waiter.timeout = std::make_unique<event::Timer>(loop_, [this, name, id] { Finish(name, id); });
    waiter.timeout->Arm(timeout);
  }
  if (entries_[name].table != nullptr) {
    loop_.Post([this, name, id] { Finish(name, id); });
  }
  return event::Operation([this, name, id] {
    if (const auto at = entries_.find(name); at != entries_.end()) at->second.waiters.erase(id);
  });
}

void RouteSet::Finish(const std::string& name, uint64_t id) {
  const auto at = entries_.find(name);
  if (at == entries_.end()) return;
  auto waiter = at->second.waiters.extract(id);
  if (!waiter.empty()) waiter.mapped().done();
}

void RouteSet::Set(Table table) {
  const std::string name = table->name();
  const auto at = entries_.find(name);
  if (at == entries_.end()) return;  // nobody asked for it (any more)
  for (const auto& worker : workers_) {
    worker->Post([table](Worker& w) {
      for (auto& [id, listener] : w.listeners()) listener->SetRoutes(table);
    });
  }
  at->second.table = std::move(table);
  StopWaiting(name);
}

void RouteSet::StopWaiting(const std::string& name) {
  const auto at = entries_.find(name);
  if (at == entries_.end()) return;
  std::vector<uint64_t> waiting;
  for (const auto& [id, waiter] : at->second.waiters) waiting.push_back(id);
  for (const uint64_t id : waiting) Finish(name, id);
}

bool RouteSet::UsesCluster(std::string_view cluster) const {
  return std::any_of(entries_.begin(), entries_.end(), [&](const auto& entry) {
    return entry.second.table != nullptr &&
           entry.second.table->clusters().contains(std::string(cluster));
  });
}

}  // namespace outrigger::server
