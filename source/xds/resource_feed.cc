#include "source/xds/resource_feed.h"

#include <algorithm>

#include "source/base/check.h"
#include "source/base/log.h"
#include "source/base/text.h"
#include "source/xds/refusal_text.h"

namespace outrigger::xds {
namespace {

constexpr size_t kMaxRefusalLines = 20;  // a response; error_detail and /config_dump have more

constexpr base::Milliseconds kLongestTtl = std::chrono::hours(24 * 365);

// "Cluster"
std::string_view ShortName(std::string_view type_url) {
  return type_url.substr(type_url.rfind('.') + 1);
}

std::unique_ptr<Subscription> NewSubscription(Protocol protocol, const ResourceType& type,
                                              const ResourceSet& set) {
  if (protocol == Protocol::kSotw) return NewSotwSubscription(type.url, type.is_wildcard);
  return NewDeltaSubscription(type.url, type.is_wildcard,
                              [&set](auto visit) { set.ForEachVersion(visit); });
}

}  // namespace

ResourceFeed::ResourceFeed(event::Loop& loop, Protocol protocol, const ResourceType& type,
                           stats::Store& store, Callbacks callbacks)
    : loop_(loop),
      type_(type),
      store_(store),
      callbacks_(std::move(callbacks)),
      subscription_(NewSubscription(protocol, type, set_)),
      deadlines_(loop, [this](const std::vector<std::string>& names) { OnDue(names); }) {
  if (type_.is_wildcard) counters_ = CountersOf("");
  last_.type_url = std::string(type_.url);
  last_.last_accepted = last_.last_refused = absl::InfinitePast();
}

SubscriptionCounters ResourceFeed::CountersOf(std::string_view name) const {
  const auto scope = type_.scope == nullptr ? std::nullopt : type_.scope(name);
  return scope.has_value() ? SubscriptionCounters(store_, *scope) : SubscriptionCounters();
}

void ResourceFeed::BeginWildcard(base::Milliseconds fetch_timeout) {
  if (std::exchange(has_begun_, true)) return;
  subscription_->BeginWildcard();
  counters_.attempt.Increment();
  deadlines_.Add("", fetch_timeout);
  callbacks_.on_change();
}

void ResourceFeed::Watch(const std::string& name, base::Milliseconds fetch_timeout) {
  Interest& interest = interest_[name];
  if (set_.IsAccepted(name)) {
    redelivered_.insert(name);
    callbacks_.on_change();
  }
  if (interest.watchers++ > 0) return;
  unwanted_.erase(name);
  has_begun_ = true;
  interest.counters = CountersOf(name);
  interest.counters.attempt.Increment();
  set_.Request(name);
  subscription_->SetInterest(name, true);
  if (!set_.IsAnswered(name)) deadlines_.Add(name, fetch_timeout);
  callbacks_.on_change();
}

void ResourceFeed::Unwatch(const std::string& name) {
  const auto at = interest_.find(name);
  DCHECK(at != interest_.end());
  if (at == interest_.end() || --at->second.watchers > 0) return;
  interest_.erase(at);
  unwanted_.insert(name);
  subscription_->SetInterest(name, false);
  callbacks_.on_change();
}

std::vector<std::string> ResourceFeed::TakeUnwanted() {
  const absl::flat_hash_set<std::string> taken = std::exchange(unwanted_, {});
  for (const std::string& name : taken) {
    set_.Remove(name, /*keeps_data=*/false);
    ttls_.erase(name);
  }
  return {taken.begin(), taken.end()};
}

void ResourceFeed::Redeliver() {
  Update update;
  update.version = last_.version;
  for (const std::string& name : std::exchange(redelivered_, {})) {
    if (const ReadyResource* held = set_.FindReady(name)) update.changed.push_back(*held);
  }
  // It was applied before; that it cannot be now would be news to nobody who could act on it.
  if (!update.changed.empty()) type_.apply(std::move(update));
}

void ResourceFeed::CountFailure() {
  if (!has_begun_) return;
  counters_.failure.Increment();
  counters_.attempt.Increment();
  for (const auto& [name, interest] : interest_) {
    interest.counters.failure.Increment();
    interest.counters.attempt.Increment();
  }
}

ResourceFeed::Unused ResourceFeed::Take(Outcome outcome, bool answers, base::MonoTime received) {
  Unused unused;
  if (!outcome.refusal.empty()) {
    Conclude(outcome, outcome.refusal, answers, received);
    return unused;
  }
  if (!type_.is_wildcard) DropUnrequested(outcome, unused);
  Apply(outcome, unused, received);
  for (const auto& [name, ttl] : outcome.ttls) SetTtl(name, ttl);
  Conclude(outcome, RefusalText(outcome.update.refused, outcome.resource_count, outcome.overflow),
           answers, received);
  return unused;
}

// A server may send more than was asked for (delta). It is not for us: neither used nor refused.
void ResourceFeed::DropUnrequested(Outcome& outcome, Unused& unused) const {
  const auto is_foreign = [&](const std::string& name) { return !interest_.contains(name); };
  for (const ReadyResource& resource : outcome.taken) {
    if (is_foreign(resource.name)) unused.forgotten.push_back(resource.name);
  }
  for (const RefusedResource& resource : outcome.update.refused) {
    if (is_foreign(resource.name) && !resource.name.empty()) {
      unused.forgotten.push_back(resource.name);
    }
  }
  const auto by_name = [&](const auto& resource) { return is_foreign(resource.name); };
  std::erase_if(outcome.taken, by_name);
  std::erase_if(outcome.update.changed, by_name);
  std::erase_if(outcome.update.refused,
                [&](const auto& resource) { return by_name(resource) && !resource.name.empty(); });
  const auto by_first = [&](const auto& entry) { return is_foreign(entry.first); };
  std::erase_if(outcome.reaffirmed, by_first);
  std::erase_if(outcome.ttls, by_first);
  std::erase_if(outcome.update.removed, is_foreign);
}

// What the server no longer has. Wildcard types lose it; others keep what they had, since the
// listener or cluster that names it is still there. Returns names that now nobody should wait for.
std::vector<std::string> ResourceFeed::TakeRemoved(Update& update) {
  std::vector<std::string> missing;
  std::vector<std::string> applied;
  for (const std::string& name : update.removed) {
    if (type_.is_wildcard) {
      if (set_.IsAccepted(name)) applied.push_back(name);
    } else if (!set_.IsAnswered(name)) {
      missing.push_back(name);
    }
    set_.Remove(name, !type_.is_wildcard);
    ttls_.erase(name);
  }
  update.removed = std::move(applied);
  return missing;
}

// Hands the update on; what cannot be applied is refused, too. Returns everything refused.
std::vector<RefusedResource> ResourceFeed::HandOn(Update update, const Outcome& outcome,
                                                  Unused& unused) const {
  std::vector<RefusedResource> refused = update.refused;
  if (update.changed.empty() && update.removed.empty() && refused.empty()) return refused;
  std::vector<RefusedResource> returned = type_.apply(std::move(update));
  if (returned.empty()) return refused;
  absl::flat_hash_set<std::string_view> taken;
  for (const ReadyResource& resource : outcome.taken) taken.insert(resource.name);
  for (RefusedResource& late : returned) {
    if (!taken.contains(late.name)) continue;  // it did not compile, which we know
    unused.doubted.push_back(late.name);
    refused.push_back(std::move(late));
  }
  return refused;
}

void ResourceFeed::Apply(Outcome& outcome, Unused& unused, base::MonoTime received) {
  std::vector<std::string> missing = TakeRemoved(outcome.update);
  outcome.update.refused = HandOn(std::move(outcome.update), outcome, unused);
  const absl::Time now = loop_.clock().WallNow();
  const absl::Duration apply_time = absl::FromChrono(loop_.clock().Now() - received);
  const absl::flat_hash_set<std::string> doubted(unused.doubted.begin(), unused.doubted.end());
  for (ReadyResource& resource : outcome.taken) {
    if (doubted.contains(resource.name)) continue;
    const auto at = interest_.find(resource.name);
    if (at != interest_.end()) at->second.counters.SetAccepted(resource.version, now, apply_time);
    set_.Accept(std::move(resource), now);
  }
  for (auto& [name, version] : outcome.reaffirmed) set_.Reaffirm(name, std::move(version));
  for (const RefusedResource& resource : outcome.update.refused) {
    if (resource.name.empty()) continue;
    set_.Refuse(resource, now);
    if (!type_.is_wildcard && !set_.IsAccepted(resource.name)) missing.push_back(resource.name);
  }
  // Nothing serves under these names, and the server has said its last word for now.
  StopWaiting(missing);
}

// Counts, remembers and answers what became of a response.
void ResourceFeed::Conclude(const Outcome& outcome, std::string refusal, bool answers,
                            base::MonoTime received) {
  const absl::Time now = loop_.clock().WallNow();
  const absl::Duration apply_time = absl::FromChrono(loop_.clock().Now() - received);
  last_.is_refused = !refusal.empty();
  if (last_.is_refused) {
    counters_.rejected.Increment();
    last_.last_refusal = refusal;
    last_.last_refused = now;
    LOG(kWarning, kXds, ShortName(type_.url), ": refused, version \"", outcome.version,
        "\": ", outcome.refusal.empty() ? outcome.overflow : outcome.refusal);
    LogRefusals(outcome.update.refused);
  } else {
    counters_.SetAccepted(outcome.version, now, apply_time);
    last_.version = outcome.version;
    last_.last_accepted = now;
    const std::string line =
        base::StrCat(ShortName(type_.url), ": accepted version \"", outcome.version, "\", ",
                     outcome.taken.size(), " changed of ", outcome.resource_count, ", in ",
                     absl::ToInt64Milliseconds(apply_time), " ms");
    // Endpoints and routes change all the time.
    if (type_.is_wildcard) {
      LOG(kInfo, kXds, line);
    } else {
      LOG(kDebug, kXds, line);
    }
  }
  for (const RefusedResource& resource : outcome.update.refused) {
    const auto at = interest_.find(resource.name);
    if (at != interest_.end()) at->second.counters.rejected.Increment();
  }
  if (answers) {
    subscription_->SetAnswer(
        {.version = outcome.version, .nonce = outcome.nonce, .refusal = std::move(refusal)});
  }
  callbacks_.on_change();
  ReportFirstUpdate();
}

void ResourceFeed::LogRefusals(const std::vector<RefusedResource>& refused) const {
  for (size_t i = 0; i < std::min(refused.size(), kMaxRefusalLines); ++i) {
    LOG(kWarning, kXds, ShortName(type_.url), " \"", refused[i].name, "\": ", refused[i].reason,
        set_.IsAccepted(refused[i].name) ? "; its last good version serves on" : "");
  }
}

void ResourceFeed::ReportFirstUpdate() {
  if (!std::exchange(has_first_update_, true)) callbacks_.on_first_update();
}

void ResourceFeed::SetTtl(const std::string& name, std::optional<std::chrono::milliseconds> ttl) {
  if (!ttl.has_value()) {
    ttls_.erase(name);
    return;
  }
  std::unique_ptr<event::Timer>& timer = ttls_[name];
  if (timer == nullptr) {
    timer = std::make_unique<event::Timer>(loop_, [this, name] {
      OnExpired(std::string(name));  // a copy: the timer, which holds the name, goes
    });
  }
  timer->Arm(std::min(*ttl, kLongestTtl));
}

// As if the server had removed it.
void ResourceFeed::OnExpired(const std::string& name) {
  LOG(kWarning, kXds, ShortName(type_.url), " \"", name, "\": its ttl ran out");
  Update update;
  update.removed.push_back(name);
  TakeRemoved(update);
  if (!update.removed.empty()) type_.apply(std::move(update));
  callbacks_.on_expired(name);
}

void ResourceFeed::OnDue(const std::vector<std::string>& names) {
  if (type_.is_wildcard) {
    if (has_first_update_) return;
    counters_.init_fetch_timeout.Increment();
    LOG(kWarning, kXds, ShortName(type_.url), ": no answer within initial_fetch_timeout");
    if (type_.timed_out != nullptr) type_.timed_out({});
    ReportFirstUpdate();
    return;
  }
  std::vector<std::string> missing;
  for (const std::string& name : names) {
    const auto at = interest_.find(name);
    if (at == interest_.end() || set_.IsAnswered(name)) continue;
    at->second.counters.init_fetch_timeout.Increment();
    set_.SetTimedOut(name);
    missing.push_back(name);
    LOG(kWarning, kXds, ShortName(type_.url), " \"", name,
        "\": no answer within initial_fetch_timeout");
  }
  StopWaiting(missing);
}

void ResourceFeed::StopWaiting(const std::vector<std::string>& names) const {
  if (!names.empty() && type_.timed_out != nullptr) type_.timed_out(names);
}

TypeDescription ResourceFeed::Describe() const {
  TypeDescription out = last_;
  out.resources = set_.Describe();
  return out;
}

}  // namespace outrigger::xds
