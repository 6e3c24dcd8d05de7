#include "source/upstream/cluster_names.h"

namespace outrigger::upstream {

ClusterName::~ClusterName() { names_.Release(id_, text_); }

ClusterNameRef ClusterNames::Intern(std::string_view name) {
  base::MutexLock lock(mutex_);
  const auto found = names_.find(name);
  if (found != names_.end()) {
    if (ClusterNameRef held = found->second.lock()) return held;
    // Its last holder just went, and waits in Release for the mutex with its own number.
    names_.erase(found);
  }
  uint32_t id;
  if (free_.empty()) {
    id = bound_++;
  } else {
    id = free_.back();
    free_.pop_back();
  }
  ClusterNameRef made(new ClusterName(*this, id, std::string(name)));
  names_.emplace(made->text(), made);
  return made;
}

uint32_t ClusterNames::bound() const {
  base::MutexLock lock(mutex_);
  return bound_;
}

void ClusterNames::Release(uint32_t id, std::string_view text) {
  base::MutexLock lock(mutex_);
  free_.push_back(id);
  const auto found = names_.find(text);
  if (found != names_.end() && found->second.expired()) names_.erase(found);
}

}  // namespace outrigger::upstream
