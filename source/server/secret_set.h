#pragma once

#include <compare>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "source/event/loop.h"
#include "source/net/tls/context_plan.h"
#include "source/stats/store.h"

namespace outrigger::server {

// `sds.<name>.`: the subscription's statistics, from wherever it comes, and ours.
stats::Scope SecretScope(std::string_view name);

// The secrets that came by name, and the TLS contexts that are made of them. A context is built
// when the last secret that it needs came, and again at each change: its connections from then on
// have the new certificate or trust, while those that stand keep what they have.
// Owner: the server.  Thread: main.
// Errors: a context that cannot be built is logged and counted, and the last good one serves on.
class SecretSet final : public net::tls::PlanBuilder, private event::Deferred {
 public:
  // Somebody begins to want a secret (`need` is that of the first), or nobody wants it any more;
  // from inside Use and a use's end.
  using OnInterest = std::function<void(const net::tls::SecretNeed& need, bool wanted)>;
  // Error: there is no such source; the secret's name is put before it.
  using CheckSource = std::function<absl::Status(const net::tls::SecretSource& source)>;
  // One that is wanted.
  struct Listing {
    net::tls::SecretSource source;
    std::string name;
    net::tls::SecretPtr secret;  // null: it has not come
  };

  // `stats` outlives this object, and this object all uses.
  SecretSet(event::Loop& loop, stats::Store& stats, OnInterest on_interest, CheckSource check);
  ~SecretSet() override;

  absl::Status Check(const net::tls::ContextPlan& plan) const override;
  // A plan that is used twice is built once.
  std::unique_ptr<net::tls::PlanUse> Use(std::shared_ptr<const net::tls::ContextPlan> plan,
                                         const stats::Scope& update_scope,
                                         absl::AnyInvocable<void()> on_ready) override;

  // A new version. Error: no context can be built with it; names the reason, never the secret's
  // text.
  absl::Status Set(const net::tls::SecretSource& source, net::tls::SecretPtr secret);
  // There is none for now: what waits for it goes on without.
  void StopWaiting(const net::tls::SecretSource& source, const std::string& name);

  std::vector<Listing> List() const;  // by source, then name
  // Days until expiry: before statistics are shown or flushed.
  void UpdateGauges(absl::Time now);
  // Runs when a context replaced another one: connections that stand may be outdated. From inside
  // Set; it may not change the set.
  void set_on_rotation(std::function<void()> on_rotation) { on_rotation_ = std::move(on_rotation); }

 private:
  class HeldPlan;
  struct Key {
    net::tls::SecretSource source;
    std::string name;
    auto operator<=>(const Key&) const = default;
  };
  struct Plan;
  struct Entry {
    net::tls::SecretPtr secret;
    bool is_absent = false;  // not waited for
    absl::Status verdict;    // of `secret`, as Set returned it
    std::vector<Plan*> users;
    stats::GroupPtr gauges;
  };
  using Entries = std::map<Key, Entry>;
  struct Plan {
    std::shared_ptr<const net::tls::ContextPlan> plan;
    std::vector<Entries::iterator> secrets;  // one for each need
    std::vector<HeldPlan*> uses;
    bool is_built = false;
  };

  Plan& Hold(const std::shared_ptr<const net::tls::ContextPlan>& plan);
  void Release(HeldPlan& use, Plan& plan);
  static bool IsComplete(const Plan& plan);
  absl::Status Build(Plan& plan);
  void Settle(const Entry& entry);
  void TellLater(HeldPlan& use);
  // Uses that became ready are told at the end of the event: who sets a secret is not called back.
  void RunDeferred() override;

  event::Loop& loop_;
  stats::Store& stats_;
  const OnInterest on_interest_;
  const CheckSource check_;
  std::function<void()> on_rotation_;
  Entries entries_;
  std::map<const net::tls::ContextPlan*, Plan> plans_;
  std::vector<HeldPlan*> to_be_told_;
};

}  // namespace outrigger::server
