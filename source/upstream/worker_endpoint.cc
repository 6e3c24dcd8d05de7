#include "source/upstream/worker_endpoint.h"

#include <utility>
#include <vector>

#include "source/base/text.h"
#include "source/upstream/pool.h"

namespace outrigger::upstream {
namespace {

// Whether no request goes on or waits in any of them.
bool AreIdle(const WorkerEndpoint::Pools& pools) {
  for (const auto& pool : pools) {
    if (pool != nullptr && !pool->is_idle()) return false;
  }
  return true;
}

bool AreEmpty(const WorkerEndpoint::Pools& pools) {
  for (const auto& pool : pools) {
    if (pool != nullptr && !pool->is_empty()) return false;
  }
  return true;
}

}  // namespace

WorkerEndpoint::WorkerEndpoint(std::shared_ptr<const Endpoint> served)
    : endpoint(std::move(served)) {}

WorkerEndpoint::~WorkerEndpoint() = default;

std::unique_ptr<Pool>* WorkerEndpoint::PlaceOf(const PoolKey& key, std::string_view name,
                                               event::Loop& loop) {
  if (name.empty()) return &pools_[key.index()];
  if (named_ == nullptr) named_ = std::make_unique<Named>();
  if (const auto found = named_->find(base::AbslView(name)); found != named_->end()) {
    return &found->second[key.index()];
  }
  if (named_->size() >= kMostNames) MakeRoom(loop);
  if (named_->size() >= kMostNames) return nullptr;
  return &(*named_)[std::string(name)][key.index()];
}

void WorkerEndpoint::MakeRoom(event::Loop& loop) {
  for (auto named = named_->begin(); named != named_->end(); ++named) {
    if (AreIdle(named->second)) return Forget(named, loop);
  }
}

void WorkerEndpoint::RemoveNamed(std::string_view name, event::Loop& loop) {
  if (named_ == nullptr) return;
  const auto named = named_->find(base::AbslView(name));
  if (named != named_->end() && AreEmpty(named->second)) Forget(named, loop);
}

// Its pools may still be on the stack.
void WorkerEndpoint::Forget(Named::iterator named, event::Loop& loop) {
  Pools pools = std::move(named->second);
  named_->erase(named);
  for (auto& pool : pools) {
    if (pool == nullptr) continue;
    pool->Drain();
    loop.DeleteLater(std::move(pool));
  }
}

void WorkerEndpoint::DrainPools() {
  for (auto& pool : pools_) {
    if (pool != nullptr) pool->Drain();
  }
  if (named_ == nullptr) return;
  for (auto& [name, pools] : *named_) {
    for (auto& pool : pools) {
      if (pool != nullptr) pool->Drain();
    }
  }
}

void WorkerEndpoint::RetireOutdated(absl::FunctionRef<bool()> goes) {
  // One that becomes empty is taken out of its place, and lives to the end of the event.
  std::vector<Pool*> all;
  const auto add = [&](const Pools& pools) {
    for (const auto& pool : pools) {
      if (pool != nullptr) all.push_back(pool.get());
    }
  };
  add(pools_);
  if (named_ != nullptr) {
    for (const auto& [name, pools] : *named_) add(pools);
  }
  for (Pool* pool : all) pool->RetireOutdated(goes);
}

bool WorkerEndpoint::has_empty_pools() const {
  if (!AreEmpty(pools_)) return false;
  if (named_ == nullptr) return true;
  for (const auto& [name, pools] : *named_) {
    if (!AreEmpty(pools)) return false;
  }
  return true;
}

}  // namespace outrigger::upstream
