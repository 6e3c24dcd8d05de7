#include "source/control/session.h"

#include <algorithm>

#include "source/config/loading/message_types.h"

namespace outrigger::control {
namespace {

int RankOf(std::string_view type_url) {
  constexpr std::string_view kOrder[] = {kCluster, kEndpoints, kListener, kRoutes};
  const std::string_view name = loading::TypeName(type_url);
  return static_cast<int>(std::find(std::begin(kOrder), std::end(kOrder), name) - kOrder);
}

}  // namespace

template <typename Kind>
Kind* Session<Kind>::Find(const std::string& type_url) {
  for (Entry& entry : entries_) {
    if (entry.type_url == type_url) return entry.subscription.get();
  }
  return nullptr;
}

template <typename Kind>
std::optional<typename Session<Kind>::Outcome> Session<Kind>::OnRequest(
    const typename Kind::Request& request) {
  Kind* subscription = Find(request.type_url());
  if (subscription == nullptr) {
    if (request.type_url().empty() || entries_.size() == kMaxTypes) return std::nullopt;
    Entry entry{RankOf(request.type_url()), request.type_url(),
                std::make_unique<Kind>(request.type_url())};
    subscription = entry.subscription.get();
    const auto place = std::find_if(entries_.begin(), entries_.end(),
                                    [&](const Entry& other) { return other.rank > entry.rank; });
    entries_.insert(place, std::move(entry));
  }
  const RequestKind kind = subscription->OnRequest(request);
  return Outcome{kind, subscription->last_version()};
}

template <typename Kind>
std::optional<Push> Session<Kind>::Next(const Snapshot& snapshot) {
  bool all_answered = true;
  for (Entry& entry : entries_) {
    Kind& subscription = *entry.subscription;
    all_answered = all_answered && !subscription.is_in_flight();
    if (!subscription.HasUpdate(snapshot)) continue;
    // The types after this one wait as well: what they hold may need what this one holds.
    if (subscription.is_in_flight()) return std::nullopt;
    Push push = subscription.MakeUpdate(snapshot);
    if (loading::TypeName(entry.type_url) == kCluster) {
      ResendEndpoints(subscription.changed(), snapshot);
    }
    return push;
  }
  if (!all_answered) return std::nullopt;
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
    if (entry->subscription->HasRemoval(snapshot))
      return entry->subscription->MakeRemoval(snapshot);
  }
  return std::nullopt;
}

template <typename Kind>
void Session<Kind>::ResendEndpoints(const std::vector<ResourcePtr>& clusters,
                                    const Snapshot& snapshot) {
  const ResourceSet& endpoints = snapshot.Of(kEndpoints);
  for (Entry& entry : entries_) {
    if (loading::TypeName(entry.type_url) != kEndpoints) continue;
    for (const ResourcePtr& cluster : clusters) {
      for (const Reference& reference : cluster->references) {
        const bool names_endpoints = reference.type_name == kEndpoints;
        if (names_endpoints && endpoints.by_name.count(reference.name) > 0) {
          entry.subscription->Resend(reference.name);
        }
      }
    }
  }
}

template class Session<SotwSubscription>;
template class Session<DeltaSubscription>;

}  // namespace outrigger::control
