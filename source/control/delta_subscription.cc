#include "source/control/delta_subscription.h"

#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"

namespace outrigger::control {

DeltaSubscription::DeltaSubscription(std::string type_url) : type_url_(std::move(type_url)) {}

RequestKind DeltaSubscription::OnRequest(const Request& request) {
  Subscribe(request, ++requests_ == 1);
  for (const std::string& name : request.resource_names_unsubscribe()) Unsubscribe(name);
  if (request.response_nonce().empty()) return RequestKind::kSubscribe;
  if (!is_in_flight_ || request.response_nonce() != nonce_) return RequestKind::kStale;
  is_in_flight_ = false;
  return request.has_error_detail() ? RequestKind::kNack : RequestKind::kAck;
}

void DeltaSubscription::Subscribe(const Request& request, bool is_first) {
  const bool is_legacy_wildcard =
      is_first && request.resource_names_subscribe().empty() && IsFullStateType(type_url_);
  if (is_legacy_wildcard) must_answer_ = wanted_.Add("*");
  for (const std::string& name : request.resource_names_subscribe()) {
    if (wanted_.Add(name) && name == "*") must_answer_ = true;
    // Asked for again: sent again, whatever we believe that the client has.
    has_.erase(name);
    told_missing_.erase(name);
  }
  if (!is_first) return;
  for (const auto& [name, version] : request.initial_resource_versions()) {
    if (wanted_.Has(name)) has_[name] = version;
  }
}

void DeltaSubscription::Unsubscribe(const std::string& name) {
  if (!wanted_.Remove(name)) return;
  told_missing_.erase(name);
  if (name != "*") {
    has_.erase(name);
    // Under a wildcard the client waits to hear whether it still gets the resource.
    if (wanted_.has_everything()) owed_.insert(name);
    return;
  }
  for (auto had = has_.begin(); had != has_.end();) {
    had = wanted_.Has(had->first) ? std::next(had) : has_.erase(had);
  }
}

void DeltaSubscription::Resend(const std::string& name) {
  if (wanted_.Has(name)) has_.erase(name);
}

bool DeltaSubscription::NeedsSending(const Resource& resource) const {
  const auto had = has_.find(resource.name);
  return had == has_.end() || had->second != resource.version;
}

std::vector<std::string> DeltaSubscription::Missing(const ResourceSet& set) const {
  std::vector<std::string> missing;
  for (const std::string& name : wanted_.names()) {
    const bool is_known = set.by_name.count(name) > 0 || has_.count(name) > 0;
    if (!is_known && told_missing_.count(name) == 0) missing.push_back(name);
  }
  for (const std::string& name : owed_) {
    if (set.by_name.count(name) == 0) missing.push_back(name);
  }
  return missing;
}

bool DeltaSubscription::HasUpdate(const Snapshot& snapshot) const {
  if (must_answer_) return true;
  const ResourceSet& set = snapshot.Of(type_url_);
  for (const ResourcePtr& resource : wanted_.In(set)) {
    if (NeedsSending(*resource)) return true;
  }
  return !Missing(set).empty();
}

Push DeltaSubscription::MakeUpdate(const Snapshot& snapshot) {
  const ResourceSet& set = snapshot.Of(type_url_);
  std::vector<ResourcePtr> resources;
  for (ResourcePtr& resource : wanted_.In(set)) {
    if (NeedsSending(*resource)) resources.push_back(std::move(resource));
  }
  return Send(snapshot, std::move(resources), Missing(set));
}

bool DeltaSubscription::HasRemoval(const Snapshot& snapshot) const {
  const ResourceSet& set = snapshot.Of(type_url_);
  for (const auto& [name, version] : has_) {
    if (set.by_name.count(name) == 0) return true;
  }
  return false;
}

Push DeltaSubscription::MakeRemoval(const Snapshot& snapshot) {
  const ResourceSet& set = snapshot.Of(type_url_);
  std::vector<std::string> removed;
  for (const auto& [name, version] : has_) {
    if (set.by_name.count(name) == 0) removed.push_back(name);
  }
  return Send(snapshot, {}, std::move(removed));
}

Push DeltaSubscription::Send(const Snapshot& snapshot, std::vector<ResourcePtr> resources,
                             std::vector<std::string> removed) {
  for (const ResourcePtr& resource : resources) {
    has_[resource->name] = resource->version;
    told_missing_.erase(resource->name);
  }
  for (const std::string& name : removed) {
    has_.erase(name);
    if (wanted_.names().count(name) > 0) told_missing_.insert(name);
  }
  owed_.clear();
  must_answer_ = false;
  is_in_flight_ = true;
  nonce_ = absl::StrCat(++responses_);
  last_version_ = snapshot.Of(type_url_).version;
  changed_ = resources;
  return {type_url_, last_version_, nonce_, std::move(resources), std::move(removed)};
}

}  // namespace outrigger::control
