#pragma once

#include <cstdint>
#include <memory>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "source/event/timer.h"
#include "source/net/address.h"
#include "source/upstream/worker_endpoint.h"

namespace outrigger::upstream {

// The endpoints of an ORIGINAL_DST cluster on one worker: one for each address that a connection or
// request was meant for. Whoever was not used for a cleanup interval goes.
// Owner: the WorkerCluster.  Thread: its worker.
// Limits: kMostEndpoints; above it new addresses get none.
class OriginalDestinations final {
 public:
  static constexpr size_t kMostEndpoints = 65'536;
  using Retire = absl::AnyInvocable<void(std::unique_ptr<WorkerEndpoint>)>;

  // `retire` takes an endpoint whose pools are to be drained.
  OriginalDestinations(event::Loop& loop, base::Milliseconds cleanup_interval, Retire retire);

  // Null above the limit.
  WorkerEndpoint* Of(const net::Address& address);
  void RetireAll();
  void ForEach(absl::FunctionRef<void(WorkerEndpoint& endpoint)> visit) {
    for (auto& [address, known] : known_) visit(*known.endpoint);
  }
  size_t size() const { return known_.size(); }

 private:
  struct Known {
    std::unique_ptr<WorkerEndpoint> endpoint;
    bool was_used = true;  // since the last clean-up
  };
  void CleanUp();

  const base::Milliseconds cleanup_interval_;
  Retire retire_;
  absl::flat_hash_map<net::Address, Known> known_;
  event::Timer timer_;
};

}  // namespace outrigger::upstream
