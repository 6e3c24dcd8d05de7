#include "source/xds/resource_set.h"

#include <algorithm>
#include <utility>

namespace outrigger::xds {

void ResourceSet::Request(const std::string& name) {
  std::unique_ptr<Entry>& entry = entries_[name];
  if (entry == nullptr) entry = std::make_unique<Entry>();
}

void ResourceSet::Accept(ReadyResource resource, absl::Time now) {
  Request(resource.name);
  Entry& entry = *entries_[resource.name];
  entry = Entry{.accepted = std::move(resource), .last_updated = now};
}

void ResourceSet::Reaffirm(const std::string& name, std::string version) {
  const auto at = entries_.find(name);
  if (at == entries_.end() || !at->second->accepted.has_value()) return;
  at->second->accepted->version = std::move(version);
  at->second->refused.reset();
  at->second->is_gone = false;
}

void ResourceSet::Refuse(RefusedResource resource, absl::Time now) {
  Request(resource.name);
  entries_[resource.name]->refused = RefusedAttempt{.body = std::move(resource.body),
                                                    .version = std::move(resource.version),
                                                    .details = std::move(resource.reason),
                                                    .time = now};
}

void ResourceSet::Remove(const std::string& name, bool keeps_data) {
  const auto at = entries_.find(name);
  if (at == entries_.end()) return;
  if (!keeps_data) {
    entries_.erase(at);
    return;
  }
  at->second->is_gone = true;
  at->second->refused.reset();
}

void ResourceSet::SetTimedOut(const std::string& name) {
  const auto at = entries_.find(name);
  if (at != entries_.end()) at->second->is_timed_out = true;
}

bool ResourceSet::IsAnswered(const std::string& name) const {
  const auto at = entries_.find(name);
  if (at == entries_.end()) return false;
  const Entry& entry = *at->second;
  return entry.accepted.has_value() || entry.refused.has_value() || entry.is_gone;
}

const ReadyResource* ResourceSet::FindReady(const std::string& name) const {
  const auto at = entries_.find(name);
  if (at == entries_.end() || !at->second->accepted.has_value()) return nullptr;
  return &*at->second->accepted;
}

void ResourceSet::ForEachVersion(
    absl::FunctionRef<void(const std::string& name, const std::string& version)> visit) const {
  for (const auto& [name, entry] : entries_) {
    if (entry->accepted.has_value() && !entry->is_gone) visit(name, entry->accepted->version);
  }
}

ClientStatus ResourceSet::StatusOf(const Entry& entry) {
  if (entry.refused.has_value()) return ClientStatus::kNacked;
  if (entry.is_gone) return ClientStatus::kDoesNotExist;
  if (entry.accepted.has_value()) return ClientStatus::kAcked;
  return entry.is_timed_out ? ClientStatus::kTimeout : ClientStatus::kRequested;
}

std::vector<ResourceDescription> ResourceSet::Describe() const {
  std::vector<ResourceDescription> out;
  out.reserve(entries_.size());
  for (const auto& [name, entry] : entries_) {
    ResourceDescription& described = out.emplace_back();
    described.name = name;
    described.status = StatusOf(*entry);
    described.last_updated = entry->last_updated;
    described.refused = entry->refused;
    if (entry->accepted.has_value()) {
      described.version = entry->accepted->version;
      described.body = entry->accepted->body;
    }
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return out;
}

}  // namespace outrigger::xds
