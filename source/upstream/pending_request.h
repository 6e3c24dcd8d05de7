#pragma once

#include <cstdint>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "source/base/intrusive_list.h"
#include "source/http/codec.h"
#include "source/upstream/worker_cluster.h"

namespace outrigger::upstream {

class Pool;

// A request that waits: for a connection, or for the end of the event to be told its result.
// Owner: counted by the queue that it stands in and by the Operation that can take it out.
// Thread: one worker.
struct PendingRequest : base::ListLink<> {
  PendingRequest(WorkerCluster& its_cluster, const PickHints& hints,
                 http::ResponseReceiver& its_receiver,
                 absl::AnyInvocable<void(StartResult)> its_done)
      : cluster(&its_cluster),
        receiver(its_receiver),
        needs_fresh_connection(hints.needs_fresh_connection),
        done(std::move(its_done)) {}

  // Tells the result and gives up the queue's count. The request stands in no queue any more.
  void Answer(StartResult result_told);
  // Gives up the Operation's count, and the place in a queue.
  void Cancel();

  WorkerClusterRef cluster;  // lives at least until we are answered
  http::ResponseReceiver& receiver;
  Pool* pool = nullptr;  // whose queue it stands in
  StartResult result;    // what is to be told, when no pool is waited for
  uint32_t refs = 1;
  bool needs_fresh_connection;
  absl::AnyInvocable<void(StartResult)> done;

 private:
  void Unref() {
    if (--refs == 0) delete this;
  }
};

}  // namespace outrigger::upstream
