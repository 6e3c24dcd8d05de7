#include "source/control/sotw_subscription.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace outrigger::control {

SotwSubscription::SotwSubscription(std::string type_url)
    : type_url_(std::move(type_url)), is_full_state_(IsFullStateType(type_url_)) {}

RequestKind SotwSubscription::OnRequest(const Request& request) {
  if (responses_ > 0 && request.response_nonce() != nonce_) return RequestKind::kStale;
  const bool is_answer = std::exchange(is_in_flight_, false);
  const Renamed renamed = Rename(request);
  // A request that answers nothing and changes nothing asks for a fresh response: a proxy does that
  // for the endpoints of a cluster that it warms again.
  if (renamed.added || (!is_answer && !renamed.removed)) must_send_ = true;
  if (!is_answer) return RequestKind::kSubscribe;
  return request.has_error_detail() ? RequestKind::kNack : RequestKind::kAck;
}

// Takes over the names of `request`.
SotwSubscription::Renamed SotwSubscription::Rename(const Request& request) {
  if (request.resource_names().empty() && is_full_state_ && !has_named_) {
    return {.added = wanted_.Add("*")};
  }
  has_named_ = has_named_ || !request.resource_names().empty();
  const WantedNames before = std::exchange(wanted_, {});
  Renamed renamed;
  for (const std::string& name : request.resource_names()) {
    wanted_.Add(name);
    renamed.added |= name == "*" ? !before.has_everything() : before.names().count(name) == 0;
  }
  renamed.removed = before.has_everything() && !wanted_.has_everything();
  for (const std::string& name : before.names()) {
    renamed.removed |= wanted_.names().count(name) == 0;
  }
  for (auto sent = sent_.begin(); sent != sent_.end();) {
    sent = wanted_.Has(sent->first) ? std::next(sent) : sent_.erase(sent);
  }
  return renamed;
}

void SotwSubscription::Resend(const std::string& name) {
  if (wanted_.Has(name)) must_send_ = true;
}

bool SotwSubscription::HasUpdate(const Snapshot& snapshot) const {
  if (is_full_state_ && must_send_) return true;
  const std::vector<ResourcePtr> existing = wanted_.In(snapshot.Of(type_url_));
  // Routes or endpoints that do not exist are not told of: the client's timer finds out.
  if (must_send_ && !existing.empty()) return true;
  for (const ResourcePtr& resource : existing) {
    const auto sent = sent_.find(resource->name);
    if (sent == sent_.end() || sent->second->version != resource->version) return true;
  }
  return false;
}

Push SotwSubscription::MakeUpdate(const Snapshot& snapshot) {
  const ResourceSet& set = snapshot.Of(type_url_);
  std::vector<ResourcePtr> resources = wanted_.In(set);
  if (is_full_state_) {
    for (const auto& [name, resource] : sent_) {
      if (set.by_name.count(name) == 0) resources.push_back(resource);
    }
  }
  return Send(snapshot, std::move(resources));
}

bool SotwSubscription::HasRemoval(const Snapshot& snapshot) const {
  if (!is_full_state_) return false;
  const ResourceSet& set = snapshot.Of(type_url_);
  for (const auto& [name, resource] : sent_) {
    if (set.by_name.count(name) == 0) return true;
  }
  return false;
}

Push SotwSubscription::MakeRemoval(const Snapshot& snapshot) {
  return Send(snapshot, wanted_.In(snapshot.Of(type_url_)));
}

Push SotwSubscription::Send(const Snapshot& snapshot, std::vector<ResourcePtr> resources) {
  changed_.clear();
  std::map<std::string, ResourcePtr> sent;
  for (const ResourcePtr& resource : resources) {
    const auto before = sent_.find(resource->name);
    const bool is_same = before != sent_.end() && before->second->version == resource->version;
    if (!is_same) changed_.push_back(resource);
    sent.emplace(resource->name, resource);
  }
  sent_ = std::move(sent);
  must_send_ = false;
  is_in_flight_ = true;
  nonce_ = absl::StrCat(++responses_);
  last_version_ = snapshot.Of(type_url_).version;
  return {type_url_, last_version_, nonce_, std::move(resources), {}};
}

}  // namespace outrigger::control
