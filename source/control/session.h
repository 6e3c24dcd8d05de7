#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "source/control/delta_subscription.h"
#include "source/control/sotw_subscription.h"
#include "source/control/subscription.h"

namespace outrigger::control {

// All subscriptions of one ADS stream, and the order of what they have to send: make before break.
// First what is new or changed, as clusters, endpoints, listeners, routes, the rest; and when the
// client has answered all of that, what has gone, the other way round. A changed cluster is
// followed by its endpoints, changed or not, because a proxy warms it only with a fresh response.
// Owner: the stream.  Thread: one at a time.  Kind: SotwSubscription or DeltaSubscription.
template <typename Kind>
class Session {
 public:
  // More types than there are would only be garbage.
  static constexpr size_t kMaxTypes = 64;

  // What `request` turned out to be, and for which version. Nothing: the request is not one that a
  // stream can go on after (no type, or too many).
  struct Outcome {
    RequestKind kind;
    std::string version;  // of the last response, which an ACK or NACK is about
  };
  std::optional<Outcome> OnRequest(const typename Kind::Request& request);

  // What is to be sent now, if anything. Call again until there is nothing, and after each request
  // and each new snapshot.
  std::optional<Push> Next(const Snapshot& snapshot);

 private:
  struct Entry {
    int rank;
    std::string type_url;
    std::unique_ptr<Kind> subscription;
  };
  Kind* Find(const std::string& type_url);
  void ResendEndpoints(const std::vector<ResourcePtr>& clusters, const Snapshot& snapshot);

  std::vector<Entry> entries_;  // by rank
};

extern template class Session<SotwSubscription>;
extern template class Session<DeltaSubscription>;

}  // namespace outrigger::control
