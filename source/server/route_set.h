#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/functional/any_invocable.h"
#include "source/event/operation.h"
#include "source/event/timer.h"
#include "source/route/route_table.h"
#include "source/server/worker.h"

namespace outrigger::server {

// The route tables that came by name (RDS), and who waits for which.
// Owner: the server.  Thread: main.
class RouteSet final {
 public:
  using Table = std::shared_ptr<const route::RouteTable>;
  // `on_interest(name, wanted)`: somebody begins to want a name, or nobody wants it any more.
  RouteSet(event::Loop& loop, std::vector<std::unique_ptr<Worker>>& workers,
           std::function<void(const std::string& name, bool wanted)> on_interest);

  // Counts a user of `name`; the name stays of interest until as many Releases.
  void Use(const std::string& name);
  void Release(const std::string& name);
  // Null until it came.
  Table Find(std::string_view name) const;
  // Calls back once when the table is there, or with nothing after `timeout` (0: never).
  event::Operation WaitFor(const std::string& name, base::Milliseconds timeout,
                           absl::AnyInvocable<void()> done);

  // There is no such table: what waits for it goes on without one.
  void StopWaiting(const std::string& name);

  // A new version: workers give it to the streams that begin after it.
  void Set(Table table);
  // Every name in use that has a table, and every name that a table routes to.
  bool UsesCluster(std::string_view cluster) const;

 private:
  struct Waiter {
    absl::AnyInvocable<void()> done;
    std::unique_ptr<event::Timer> timeout;
  };
  struct Entry {
    Table table;
    size_t users = 0;
    absl::btree_map<uint64_t, Waiter> waiters;
  };
  void Finish(const std::string& name, uint64_t id);

  event::Loop& loop_;
  std::vector<std::unique_ptr<Worker>>& workers_;
  std::function<void(const std::string&, bool)> on_interest_;
  absl::btree_map<std::string, Entry> entries_;
  uint64_t next_waiter_ = 1;
};

}  // namespace outrigger::server
