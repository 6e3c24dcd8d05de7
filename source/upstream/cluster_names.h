#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "source/base/mutex.h"

namespace outrigger::upstream {

class ClusterNames;

// A cluster's name as routes and clusters hold it: a small number that is the same for all holders
// of one name, so that a worker finds the cluster of a route by one array access. The cluster need
// not exist (yet).
class ClusterName {
 public:
  ~ClusterName();
  uint32_t id() const { return id_; }
  const std::string& text() const { return text_; }

 private:
  friend class ClusterNames;
  ClusterName(ClusterNames& names, uint32_t id, std::string text)
      : names_(names), id_(id), text_(std::move(text)) {}
  ClusterNames& names_;  // outlives every name
  const uint32_t id_;
  const std::string text_;
};
using ClusterNameRef = std::shared_ptr<const ClusterName>;

// Numbers cluster names; a number is used again once nobody holds the name, so a control plane
// that keeps inventing names does not grow us.
// Owner: the process.  Thread: any (compile thread, main thread; the last holder may be a worker,
// hence the mutex: a posted release could come after the table is gone).
class ClusterNames {
 public:
  ClusterNameRef Intern(std::string_view name);
  // One more than the highest number in use.
  uint32_t bound() const;

 private:
  friend class ClusterName;
  void Release(uint32_t id, std::string_view text);
  mutable base::Mutex mutex_;
  // Keys are views of the texts inside the names, which take themselves out when they end.
  absl::flat_hash_map<std::string_view, std::weak_ptr<const ClusterName>> names_
      ABSL_GUARDED_BY(mutex_);
  std::vector<uint32_t> free_ ABSL_GUARDED_BY(mutex_);
  uint32_t bound_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace outrigger::upstream
