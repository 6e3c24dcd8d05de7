#include "source/server/secret_set.h"

#include <algorithm>
#include <array>
#include <utility>

#include "source/base/log.h"
#include "source/base/text.h"
#include "source/stats/envoy_scopes.h"

namespace outrigger::server {
namespace {

using net::tls::ContextPlan;
using net::tls::Secret;
using net::tls::SecretNeed;
using net::tls::SecretPtr;
using net::tls::SecretSource;

// Of a listener's or cluster's TLS contexts; ssl_context_update_failed is ours.
constexpr std::array<stats::Metric, 2> kUpdateTable = {{
    {"ssl_context_update_by_sds", stats::Kind::kCounter},
    {"ssl_context_update_failed", stats::Kind::kCounter},
}};
constexpr size_t kUpdated = stats::IndexOf(kUpdateTable, "ssl_context_update_by_sds");
constexpr size_t kFailed = stats::IndexOf(kUpdateTable, "ssl_context_update_failed");
// Ours: of a secret that is a certificate; 0 once it has expired.
constexpr std::array<stats::Metric, 1> kExpiryTable = {{
    {"days_until_expiry", stats::Kind::kGauge},
}};

std::string_view WhatItIs(const Secret& secret) {
  if (secret.certificate != nullptr) return "a certificate";
  if (secret.validation != nullptr) return "a validation context";
  return "session ticket keys";
}

absl::Status CheckKind(const SecretNeed& need, const Secret& secret) {
  std::string_view wanted;
  switch (need.kind) {
    case SecretNeed::Kind::kCertificate:
      if (secret.certificate != nullptr) return absl::OkStatus();
      wanted = "tls_certificate";
      break;
    case SecretNeed::Kind::kValidation:
      if (secret.validation != nullptr) return absl::OkStatus();
      wanted = "validation_context";
      break;
    case SecretNeed::Kind::kTicketKeys:
      if (secret.ticket_keys != nullptr) return absl::OkStatus();
      wanted = "session_ticket_keys";
      break;
  }
  return base::InvalidArgument("secret \"", need.name, "\": must have ", wanted, ", got ",
                               WhatItIs(secret));
}

}  // namespace

stats::Scope SecretScope(std::string_view name) {
  const std::string part = stats::NamePart(name);
  return stats::Scope(base::StrCat("sds.", part, "."), "sds.", {{"envoy_xds_resource_name", part}});
}

// --- uses --------------------------------------------------------------------------------------

// One use of a plan, with what it still waits for.
// Owner: a listener or cluster.  Lifetime: shorter than the set's.
class SecretSet::HeldPlan final : public net::tls::PlanUse {
 public:
  HeldPlan(SecretSet& set, Plan& plan, const stats::Scope& update_scope,
           absl::AnyInvocable<void()> on_ready)
      : set_(set),
        plan_(plan),
        updates_(set.stats_.Declare(update_scope, kUpdateTable)),
        on_ready_(std::move(on_ready)),
        given_up_(plan.secrets.size()),
        timeout_(set.loop_, [this] { OnTimeout(); }) {
    plan_.uses.push_back(this);
    start_ = set_.loop_.Now();
  }
  ~HeldPlan() override { set_.Release(*this, plan_); }

  bool is_ready() const override { return is_ready_; }
  std::string waits_for() const override {
    if (is_ready_) return "";
    for (size_t i = 0; i < plan_.secrets.size(); ++i) {
      if (IsMissing(i)) return base::StrCat("secret ", plan_.secrets[i]->first.name);
    }
    return "";
  }

  // Looks at what is here now. True: it just became ready.
  bool Settle() {
    if (is_ready_) return false;
    base::Milliseconds next{0};
    bool waits = false;
    for (size_t i = 0; i < plan_.secrets.size(); ++i) {
      if (!IsMissing(i)) continue;
      waits = true;
      const base::Milliseconds timeout = plan_.plan->needs[i].initial_fetch_timeout;
      if (timeout.count() > 0 && (next.count() == 0 || timeout < next)) next = timeout;
    }
    timeout_.Cancel();
    if (waits) {
      if (next.count() > 0) timeout_.Arm(start_ + next - set_.loop_.Now());
      return false;
    }
    is_ready_ = true;
    return true;
  }
  absl::AnyInvocable<void()> TakeCall() { return std::exchange(on_ready_, nullptr); }
  void Count(size_t metric) const { updates_->counter(metric).Increment(); }

 private:
  bool IsMissing(size_t need) const {
    const Entry& entry = plan_.secrets[need]->second;
    return entry.secret == nullptr && !entry.is_absent && !given_up_[need];
  }
  void OnTimeout() {
    for (size_t i = 0; i < plan_.secrets.size(); ++i) {
      const base::Milliseconds timeout = plan_.plan->needs[i].initial_fetch_timeout;
      if (timeout.count() > 0 && start_ + timeout <= set_.loop_.Now()) given_up_[i] = true;
    }
    if (Settle()) set_.TellLater(*this);
  }

  SecretSet& set_;
  Plan& plan_;
  const stats::GroupPtr updates_;
  absl::AnyInvocable<void()> on_ready_;
  std::vector<bool> given_up_;  // by need: its initial_fetch_timeout passed
  event::Timer timeout_;
  base::MonoTime start_;
  bool is_ready_ = false;
};

SecretSet::SecretSet(event::Loop& loop, stats::Store& stats, OnInterest on_interest,
                     CheckSource check)
    : loop_(loop), stats_(stats), on_interest_(std::move(on_interest)), check_(std::move(check)) {}

SecretSet::~SecretSet() = default;

absl::Status SecretSet::Check(const ContextPlan& plan) const {
  for (const SecretNeed& need : plan.needs) {
    const absl::Status status = check_(need.source);
    if (!status.ok()) {
      return base::InvalidArgument("secret \"", need.name, "\": ", base::StdView(status.message()));
    }
  }
  return absl::OkStatus();
}

std::unique_ptr<net::tls::PlanUse> SecretSet::Use(std::shared_ptr<const ContextPlan> plan,
                                                  const stats::Scope& update_scope,
                                                  absl::AnyInvocable<void()> on_ready) {
  Plan& held = Hold(plan);
  auto use = std::make_unique<HeldPlan>(*this, held, update_scope, std::move(on_ready));
  // A failure is logged, and stays until a secret changes.
  if (!held.is_built && IsComplete(held)) (void)Build(held);
  (void)use->Settle();
  return use;
}

SecretSet::Plan& SecretSet::Hold(const std::shared_ptr<const ContextPlan>& plan) {
  Plan& held = plans_[plan.get()];
  if (held.plan != nullptr) return held;
  held.plan = plan;
  for (const SecretNeed& need : plan->needs) {
    const auto [at, is_new] = entries_.try_emplace(Key{need.source, need.name});
    held.secrets.push_back(at);
    at->second.users.push_back(&held);
    if (is_new) on_interest_(need, true);
  }
  return held;
}

void SecretSet::Release(HeldPlan& use, Plan& plan) {
  std::erase(to_be_told_, &use);
  std::erase(plan.uses, &use);
  if (!plan.uses.empty()) return;
  for (size_t i = 0; i < plan.secrets.size(); ++i) {
    const Entries::iterator at = plan.secrets[i];
    auto& users = at->second.users;
    users.erase(std::find(users.begin(), users.end(), &plan));
    if (!users.empty()) continue;
    entries_.erase(at);
    on_interest_(plan.plan->needs[i], false);
  }
  plans_.erase(plan.plan.get());
}

// --- secrets -----------------------------------------------------------------------------------

bool SecretSet::IsComplete(const Plan& plan) {
  return std::all_of(plan.secrets.begin(), plan.secrets.end(),
                     [](const auto& at) { return at->second.secret != nullptr; });
}

absl::Status SecretSet::Build(Plan& plan) {
  std::vector<SecretPtr> secrets;
  absl::Status status;
  for (size_t i = 0; i < plan.secrets.size(); ++i) {
    secrets.push_back(plan.secrets[i]->second.secret);
    status.Update(CheckKind(plan.plan->needs[i], *secrets.back()));
  }
  if (status.ok()) status = plan.plan->build(secrets);
  for (const HeldPlan* use : plan.uses) use->Count(status.ok() ? kUpdated : kFailed);
  if (!status.ok()) {
    LOG(kWarning, kConfig, "a TLS context cannot be built: ", base::StdView(status.message()),
        plan.is_built ? "; the last good one serves on" : "; its connections are closed");
    return status;
  }
  if (std::exchange(plan.is_built, true) && on_rotation_ != nullptr) on_rotation_();
  return absl::OkStatus();
}

absl::Status SecretSet::Set(const SecretSource& source, SecretPtr secret) {
  const auto at = entries_.find(Key{source, secret->name});
  if (at == entries_.end()) return absl::OkStatus();  // nobody wants it (any more)
  Entry& entry = at->second;
  entry.is_absent = false;
  if (entry.secret != nullptr && entry.secret->fingerprint == secret->fingerprint) {
    return entry.verdict;
  }
  entry.secret = std::move(secret);
  absl::Status first_error;
  bool is_of_use = false;
  for (Plan* plan : entry.users) {
    if (!IsComplete(*plan)) {
      is_of_use = true;  // for all that we know
      continue;
    }
    absl::Status status = Build(*plan);
    is_of_use = is_of_use || status.ok();
    first_error.Update(std::move(status));
  }
  Settle(entry);
  entry.verdict = is_of_use ? absl::OkStatus() : first_error;
  return entry.verdict;
}

void SecretSet::StopWaiting(const SecretSource& source, const std::string& name) {
  const auto at = entries_.find(Key{source, name});
  if (at == entries_.end() || at->second.secret != nullptr) return;
  at->second.is_absent = true;
  Settle(at->second);
}

void SecretSet::Settle(const Entry& entry) {
  for (Plan* plan : entry.users) {
    for (HeldPlan* use : plan->uses) {
      if (use->Settle()) TellLater(*use);
    }
  }
}

void SecretSet::TellLater(HeldPlan& use) {
  to_be_told_.push_back(&use);
  loop_.Defer(*this);
}

void SecretSet::RunDeferred() {
  // Each call may end uses, its own too, and begin others.
  while (!to_be_told_.empty()) {
    HeldPlan* use = to_be_told_.back();
    to_be_told_.pop_back();
    use->TakeCall()();
  }
}

// --- reading -----------------------------------------------------------------------------------

std::vector<SecretSet::Listing> SecretSet::List() const {
  std::vector<Listing> list;
  for (const auto& [key, entry] : entries_) {
    list.push_back({.source = key.source, .name = key.name, .secret = entry.secret});
  }
  return list;
}

void SecretSet::UpdateGauges(absl::Time now) {
  for (auto& [key, entry] : entries_) {
    if (entry.secret == nullptr || entry.secret->certificate == nullptr) {
      entry.gauges = nullptr;
      continue;
    }
    if (entry.gauges == nullptr) entry.gauges = stats_.Declare(SecretScope(key.name), kExpiryTable);
    const absl::Duration left = entry.secret->certificate->info().valid_to - now;
    entry.gauges->gauge(0).Set(
        static_cast<uint64_t>(std::max<int64_t>(0, absl::ToInt64Hours(left) / 24)));
  }
}

}  // namespace outrigger::server
