#pragma once

#include <cstdint>
#include <memory>
#include <thread>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "source/event/loop.h"
#include "source/server/worker_listener.h"
#include "source/upstream/random.h"
#include "source/upstream/worker_clusters.h"

namespace outrigger::server {

// One thread with one loop, and everything that lives on it: listeners, connections, pools.
// Owner: the server, on the main thread.  Thread: the constructor, Start, Post and Join belong to
// the main thread, the rest to the worker's own.
class Worker final {
 public:
  Worker(uint32_t index, const base::Clock& clock);
  ~Worker();

  void Start();
  // Any thread: runs `work` on the worker, in order.
  void Post(absl::AnyInvocable<void(Worker&)> work);
  // Stops the loop, ends what is left on it, and waits for the thread.
  void Join();

  uint32_t index() const { return index_; }
  event::Loop& loop() { return loop_; }
  ListenerWorker& for_listeners() { return for_listeners_; }
  upstream::WorkerClusters& clusters() { return clusters_; }
  absl::flat_hash_map<uint64_t, std::unique_ptr<WorkerListener>>& listeners() { return listeners_; }
  // Drains a listener that no longer accepts; what is left of it after `drain_time` is cut off.
  // Then it is gone, and `on_gone` runs on this worker.
  void Drain(uint64_t listener, base::Milliseconds drain_time, absl::AnyInvocable<void()> on_gone);
  // Ends connections, to clients and to endpoints, whose certificate or trust is not that of new
  // ones any more, or has expired: each at a random moment of `window` from now, in order.
  void DrainOutdated(base::Milliseconds window);

 private:
  // How many moments a window has: connections that go in one of them go together.
  static constexpr uint32_t kDrainRounds = 64;
  void DrainRound();
  const uint32_t index_;
  event::Loop loop_;
  upstream::WorkerClusters clusters_;
  ListenerWorker for_listeners_;
  absl::flat_hash_map<uint64_t, std::unique_ptr<WorkerListener>> listeners_;
  struct Draining {
    std::unique_ptr<WorkerListener> listener;
    std::unique_ptr<event::Timer> deadline;
    absl::AnyInvocable<void()> on_gone;
  };
  void EndDraining(uint64_t listener);
  absl::flat_hash_map<uint64_t, Draining> draining_;
  upstream::Random random_;
  event::Timer drain_timer_;
  base::Milliseconds drain_round_{0};
  uint32_t drain_rounds_left_ = 0;
  std::thread thread_;
};

}  // namespace outrigger::server
