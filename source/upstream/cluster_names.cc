#include "source/upstream/cluster_names.h"

namespace outrigger::upstream {

ClusterName::~ClusterName() { names_.Release(id_, text_); }

ClusterNameRef ClusterNames::Intern(std::string_view name) {
  base::MutexLock lock(mutex_);
  std::weak_ptr<const ClusterName>& known = names_[std::string(name)];
  if (ClusterNameRef held = known.lock()) return held;
  // New, or its last holder just went and waits in Release for the mutex; then it gives back its
  // own number and finds ours in the table.
  uint32_t id;
  if (free_.empty()) {
    id = bound_++;
  } else {
    id = free_.back();
    free_.pop_back();
  }
  ClusterNameRef made(new ClusterName(*this, id, std::string(name)));
  known = made;
  return made;
}

uint32_t ClusterNames::bound() const {
  base::MutexLock lock(mutex_);
  return bound_;
}

void ClusterNames::Release(uint32_t id, const std::string& text) {
  base::MutexLock lock(mutex_);
  free_.push_back(id);
  const auto found = names_.find(text);
  if (found != names_.end() && found->second.expired()) names_.erase(found);
}

}  // namespace outrigger::upstream
