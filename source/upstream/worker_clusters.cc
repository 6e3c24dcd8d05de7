#include "source/upstream/worker_clusters.h"

#include <utility>

namespace outrigger::upstream {

WorkerClusters::WorkerClusters(event::Loop& loop)
    // Workers that draw the same numbers would send their bursts to the same endpoints.
    : loop_(loop),
      random_(reinterpret_cast<uintptr_t>(this) ^
              static_cast<uint64_t>(loop.Now().time_since_epoch().count())) {}

WorkerClusters::~WorkerClusters() { Clear(); }

WorkerClusterRef WorkerClusters::Find(uint32_t id) {
  if (id >= slots_.size() || slots_[id].state == nullptr) return {};
  Slot& slot = slots_[id];
  if (!slot.cluster) slot.cluster = WorkerClusterRef(new WorkerCluster(loop_, random_, slot.state));
  return slot.cluster;
}

WorkerClusterRef WorkerClusters::Find(std::string_view name) {
  const auto found = ids_.find(name);
  return found == ids_.end() ? WorkerClusterRef() : Find(found->second);
}

void WorkerClusters::Install(std::shared_ptr<const ClusterState> state) {
  const ClusterName& name = *state->spec->name;
  if (name.id() >= slots_.size()) slots_.resize(name.id() + 1);
  Slot& slot = slots_[name.id()];
  ids_.erase(name.text());  // its key lives in the spec that may go now
  ids_.emplace(name.text(), name.id());
  const bool is_same_spec = slot.state != nullptr && slot.state->spec == state->spec;
  slot.state = std::move(state);
  if (!slot.cluster) return;
  if (is_same_spec) return slot.cluster->SetEndpoints(slot.state);
  // In use, so it stays in use: its statistics go on without a gap.
  WorkerClusterRef next(new WorkerCluster(loop_, random_, slot.state));
  std::exchange(slot.cluster, std::move(next))->Drain();
}

void WorkerClusters::Remove(uint32_t id) {
  if (id >= slots_.size() || slots_[id].state == nullptr) return;
  Slot gone = std::exchange(slots_[id], {});
  ids_.erase(gone.state->spec->name->text());
  if (gone.cluster) gone.cluster->Drain();
}

void WorkerClusters::RetireOutdated(absl::FunctionRef<bool()> goes) {
  for (Slot& slot : slots_) {
    if (slot.cluster) slot.cluster->RetireOutdated(goes);
  }
}

void WorkerClusters::Clear() {
  for (uint32_t id = 0; id < slots_.size(); ++id) {
    if (slots_[id].cluster) slots_[id].cluster->Close();
    Remove(id);
  }
}

}  // namespace outrigger::upstream
