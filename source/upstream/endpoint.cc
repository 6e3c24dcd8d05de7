#include "source/upstream/endpoint.h"

#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"

namespace outrigger::upstream {
namespace {

using EndpointPtr = std::shared_ptr<const Endpoint>;
using Addresses = std::vector<net::Address>;

// Of two things that endpoints may share.
template <typename Shared>
bool IsEqual(const std::shared_ptr<const Shared>& a, const std::shared_ptr<const Shared>& b) {
  if (a == b) return true;
  if (a == nullptr || b == nullptr) return false;
  return *a == *b;
}

EndpointPtr WithTally(const Endpoint& endpoint, std::shared_ptr<const EndpointTally> tally) {
  auto made = std::make_shared<Endpoint>(endpoint);
  made->tally = std::move(tally);
  return made;
}

// An endpoint that is new here. Nobody else uses it while it has no tally; otherwise another
// cluster does, or a set that is gone did.
EndpointPtr Adopt(const EndpointPtr& endpoint) {
  auto tally = std::make_shared<const EndpointTally>();
  if (endpoint->tally != nullptr) return WithTally(*endpoint, std::move(tally));
  endpoint->tally = std::move(tally);
  return endpoint;
}

bool IsSameLogical(const EndpointSet* current, const EndpointSet& next) {
  return current != nullptr && !next.logical_name.empty() &&
         current->logical_name == next.logical_name && current->endpoints.size() == 1 &&
         next.endpoints.size() == 1;
}

}  // namespace

bool MeansTheSame(const Endpoint& a, const Endpoint& b) {
  return a.addresses == b.addresses && a.hostname == b.hostname && a.weight == b.weight &&
         a.priority == b.priority && a.health == b.health && IsEqual(a.locality, b.locality) &&
         IsEqual(a.labels, b.labels);
}

std::shared_ptr<const EndpointSet> Reconcile(const std::shared_ptr<const EndpointSet>& current,
                                             const EndpointSet& next) {
  absl::flat_hash_map<Addresses, const EndpointPtr*> known;
  if (IsSameLogical(current.get(), next)) {
    known[next.endpoints.front()->addresses] = &current->endpoints.front();
  } else if (current != nullptr) {
    for (const EndpointPtr& endpoint : current->endpoints) known[endpoint->addresses] = &endpoint;
  }
  auto made = std::make_shared<EndpointSet>();
  made->overprovisioning_factor_percent = next.overprovisioning_factor_percent;
  made->logical_name = next.logical_name;
  made->endpoints.reserve(next.endpoints.size());
  absl::flat_hash_set<Addresses> seen;
  bool is_same = current != nullptr &&
                 current->overprovisioning_factor_percent == next.overprovisioning_factor_percent;
  for (const EndpointPtr& endpoint : next.endpoints) {
    if (!seen.insert(endpoint->addresses).second) continue;
    const auto found = known.find(endpoint->addresses);
    if (found == known.end()) {
      is_same = false;
      made->endpoints.push_back(Adopt(endpoint));
    } else if (const EndpointPtr& old = *found->second; MeansTheSame(*old, *endpoint)) {
      made->endpoints.push_back(old);
    } else {
      is_same = false;
      made->endpoints.push_back(WithTally(*endpoint, old->tally));
    }
  }
  if (is_same && made->endpoints.size() == current->endpoints.size()) return current;
  return made;
}

}  // namespace outrigger::upstream
