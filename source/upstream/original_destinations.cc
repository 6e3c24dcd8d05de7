#include "source/upstream/original_destinations.h"

#include <utility>
#include <vector>

namespace outrigger::upstream {

OriginalDestinations::OriginalDestinations(event::Loop& loop, base::Milliseconds cleanup_interval,
                                           Retire retire)
    : cleanup_interval_(cleanup_interval),
      retire_(std::move(retire)),
      timer_(loop, [this] { CleanUp(); }) {}

WorkerEndpoint* OriginalDestinations::Of(const net::Address& address) {
  const auto found = known_.find(address);
  if (found != known_.end()) {
    found->second.was_used = true;
    return found->second.endpoint.get();
  }
  if (known_.size() >= kMostEndpoints) return nullptr;
  auto served = std::make_shared<Endpoint>();
  served->addresses = {address};
  served->tally = std::make_shared<EndpointTally>();
  Known& known = known_[address];
  known.endpoint = std::make_unique<WorkerEndpoint>(std::move(served));
  if (!timer_.is_armed()) timer_.Arm(cleanup_interval_);
  return known.endpoint.get();
}

void OriginalDestinations::CleanUp() {
  for (auto at = known_.begin(); at != known_.end();) {
    const auto here = at++;
    Known& known = here->second;
    if (std::exchange(known.was_used, false) || known.endpoint->active_requests > 0) continue;
    retire_(std::move(known.endpoint));
    known_.erase(here);
  }
  if (!known_.empty()) timer_.Arm(cleanup_interval_);
}

void OriginalDestinations::RetireAll() {
  timer_.Cancel();
  auto gone = std::exchange(known_, {});
  for (auto& [address, known] : gone) retire_(std::move(known.endpoint));
}

}  // namespace outrigger::upstream
