#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/time/time.h"
#include "source/event/loop.h"
#include "source/stats/store.h"
#include "source/xds/fetch_deadlines.h"
#include "source/xds/resource_set.h"
#include "source/xds/resource_type.h"
#include "source/xds/response_compiler.h"
#include "source/xds/subscription.h"
#include "source/xds/subscription_counters.h"

namespace outrigger::xds {

// What one type last accepted and refused, and everything it holds: /config_dump, the admin page.
struct TypeDescription {
  std::string type_url;
  std::string version;       // last accepted; delta: the system's version
  absl::Time last_accepted;  // InfinitePast: never
  std::string last_refusal;  // of the last response that was refused; kept when a later one is good
  absl::Time last_refused;   // InfinitePast: never
  bool is_refused = false;   // the last response was
  std::vector<ResourceDescription> resources;
};

// One resource type on the proxy's side: what of it is wanted, what of it is held, and what to say
// to the server about it. Knows neither stream nor threads.
// Owner: the ADS client.  Thread: main.
class ResourceFeed final {
 public:
  struct Callbacks {
    std::function<void()> on_change;  // a request may be due, or TakeUnwanted has something
    std::function<void(const std::string& name)> on_expired;  // a TTL ran out
    std::function<void()> on_first_update;  // once: the first answer was applied, or timed out
  };
  // `type` outlives us.
  ResourceFeed(event::Loop& loop, Protocol protocol, const ResourceType& type, stats::Store& store,
               Callbacks callbacks);

  // Wildcard types: all is wanted from now on.
  void BeginWildcard(base::Milliseconds fetch_timeout);
  // Other types: `name` is wanted until as many Unwatch. What is held is not asked for again.
  void Watch(const std::string& name, base::Milliseconds fetch_timeout);
  void Unwatch(const std::string& name);
  // The last good version of `name`, or null.
  std::shared_ptr<const void> Find(const std::string& name) const {
    const ReadyResource* ready = set_.FindReady(name);
    return ready == nullptr ? nullptr : ready->compiled;
  }

  Subscription& subscription() { return *subscription_; }
  // The stream ended, or did not come about.
  void CountFailure();

  // What Take could not use: the compiler must hear of it.
  struct Unused {
    std::vector<std::string> doubted;
    std::vector<std::string> forgotten;
  };
  // Applies a compiled response. `answers`: it came on the present stream, which gets an answer.
  Unused Take(Outcome outcome, bool answers, base::MonoTime received);
  // Names that nobody wants any more; what was held of them is gone.
  std::vector<std::string> TakeUnwanted();
  // Applies once more what was watched again while it was held: the new watcher has not seen it,
  // and the server, for which nothing changed, stays silent.
  void Redeliver();

  TypeDescription Describe() const;

 private:
  struct Interest {
    size_t watchers = 0;
    SubscriptionCounters counters;
  };

  SubscriptionCounters CountersOf(std::string_view name) const;
  void DropUnrequested(Outcome& outcome, Unused& unused) const;
  std::vector<std::string> TakeRemoved(Update& update);
  std::vector<RefusedResource> HandOn(Update update, const Outcome& outcome, Unused& unused) const;
  void Apply(Outcome& outcome, Unused& unused, base::MonoTime received);
  void Conclude(const Outcome& outcome, std::string refusal, bool answers, base::MonoTime received);
  void SetTtl(const std::string& name, std::optional<std::chrono::milliseconds> ttl);
  void OnExpired(const std::string& name);
  void StopWaiting(const std::vector<std::string>& names) const;
  void OnDue(const std::vector<std::string>& names);
  void ReportFirstUpdate();
  void LogRefusals(const std::vector<RefusedResource>& refused) const;

  event::Loop& loop_;
  const ResourceType& type_;
  stats::Store& store_;
  Callbacks callbacks_;
  ResourceSet set_;
  std::unique_ptr<Subscription> subscription_;  // asks set_
  SubscriptionCounters counters_;               // of a wildcard type
  absl::flat_hash_map<std::string, Interest> interest_;
  absl::flat_hash_set<std::string> unwanted_;     // since the last TakeUnwanted
  absl::flat_hash_set<std::string> redelivered_;  // for the next Redeliver
  FetchDeadlines deadlines_;
  absl::flat_hash_map<std::string, std::unique_ptr<event::Timer>> ttls_;
  TypeDescription last_;  // without resources
  bool has_begun_ = false;
  bool has_first_update_ = false;
};

}  // namespace outrigger::xds
