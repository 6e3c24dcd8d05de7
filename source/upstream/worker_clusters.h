#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "source/event/loop.h"
#include "source/upstream/cluster_state.h"
#include "source/upstream/random.h"
#include "source/upstream/worker_cluster.h"

namespace outrigger::upstream {

// The clusters as one worker has them, by the number of their name. A cluster costs a slot here
// until its first request brings it to life.
// Owner: the worker; outlives its streams.  Thread: the worker's.
class WorkerClusters final {
 public:
  explicit WorkerClusters(event::Loop& loop);
  ~WorkerClusters();
  WorkerClusters(const WorkerClusters&) = delete;
  WorkerClusters& operator=(const WorkerClusters&) = delete;

  // The cluster whose ClusterName has this number, or this text; null when there is none (yet). A
  // stream that goes on with it holds it by a WorkerClusterRef.
  WorkerClusterRef Find(uint32_t id);
  WorkerClusterRef Find(std::string_view name);

  // What the ClusterSet posts: a new cluster, a new version or new endpoints of one.
  void Install(std::shared_ptr<const ClusterState> state);
  void Remove(uint32_t id);
  // Of all clusters: see Pool.
  void RetireOutdated(absl::FunctionRef<bool()> goes);
  // Drops all clusters, at the end of the worker.
  void Clear();

  event::Loop& loop() { return loop_; }

 private:
  struct Slot {
    std::shared_ptr<const ClusterState> state;  // null: no such cluster
    WorkerClusterRef cluster;                   // null: not used since it came
  };

  event::Loop& loop_;
  Random random_;
  std::vector<Slot> slots_;
  // Keys are views of the names in the slots' specs.
  absl::flat_hash_map<std::string_view, uint32_t> ids_;
};

}  // namespace outrigger::upstream
