#pragma once

#include <cstddef>
#include <map>
#include <memory>

#include "source/base/mutex.h"
#include "source/net/tls/boring.h"

namespace outrigger::net::tls {

// Immutable objects by the hash of what they were made of: what is configured twice is in memory
// once. Holds nobody alive.
// Thread: any; the mutex is taken when configuration is compiled, never on a worker.
template <typename T>
class SharedByContent {
 public:
  // Null: there is none (any more).
  std::shared_ptr<const T> Find(const Sha256Bytes& hash) {
    base::MutexLock lock(mutex_);
    const auto at = entries_.find(hash);
    return at == entries_.end() ? nullptr : at->second.lock();
  }
  // The one that another thread added meanwhile, or `made`.
  std::shared_ptr<const T> Add(const Sha256Bytes& hash, std::shared_ptr<const T> made) {
    base::MutexLock lock(mutex_);
    if (entries_.size() >= sweep_at_) Sweep();
    std::weak_ptr<const T>& entry = entries_[hash];
    if (std::shared_ptr<const T> other = entry.lock()) return other;
    entry = made;
    return made;
  }

 private:
  void Sweep() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    std::erase_if(entries_, [](const auto& entry) { return entry.second.expired(); });
    sweep_at_ = 2 * entries_.size() + 64;
  }

  base::Mutex mutex_;
  std::map<Sha256Bytes, std::weak_ptr<const T>> entries_ ABSL_GUARDED_BY(mutex_);
  size_t sweep_at_ ABSL_GUARDED_BY(mutex_) = 64;  // entries, dead ones included
};

}  // namespace outrigger::net::tls
