#pragma once

#include <map>
#include <string>

#include "envoy/service/discovery/v3/discovery.pb.h"
#include "source/control/subscription.h"

namespace outrigger::control {

// One resource type on one state-of-the-world stream. It decides; it sends nothing.
// Owner: the Session of its stream.  Thread: one at a time.
//
// One response is in flight at most: the next waits for its ACK or NACK and holds all that changed
// meanwhile. A refused version is not sent again; the next change is. Each response holds
// everything that is wanted, so that for LDS and CDS a resource left out is deleted: Update keeps
// what has gone, Removal leaves it out.
class SotwSubscription {
 public:
  using Request = envoy::service::discovery::v3::DiscoveryRequest;

  explicit SotwSubscription(std::string type_url);

  RequestKind OnRequest(const Request& request);

  // Sends `name` once more, if it is wanted and exists, although it has not changed.
  void Resend(const std::string& name);

  bool is_in_flight() const { return is_in_flight_; }
  const std::string& last_version() const { return last_version_; }

  bool HasUpdate(const Snapshot& snapshot) const;
  Push MakeUpdate(const Snapshot& snapshot);
  bool HasRemoval(const Snapshot& snapshot) const;
  Push MakeRemoval(const Snapshot& snapshot);

  // What of `push` the client did not have in this form.
  const std::vector<ResourcePtr>& changed() const { return changed_; }

 private:
  struct Renamed {
    bool added = false;
    bool removed = false;
  };
  Renamed Rename(const Request& request);
  Push Send(const Snapshot& snapshot, std::vector<ResourcePtr> resources);

  const std::string type_url_;
  const bool is_full_state_;
  WantedNames wanted_;
  bool has_named_ = false;  // a list of names was sent: from then on an empty one means nothing
  bool must_send_ = false;  // even if nothing has changed
  bool is_in_flight_ = false;
  int responses_ = 0;
  std::string nonce_;
  std::string last_version_;
  std::map<std::string, ResourcePtr> sent_;  // by the last response
  std::vector<ResourcePtr> changed_;
};

}  // namespace outrigger::control
