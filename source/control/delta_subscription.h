#pragma once

#include <map>
#include <set>
#include <string>

#include "envoy/service/discovery/v3/discovery.pb.h"
#include "source/control/subscription.h"

namespace outrigger::control {

// One resource type on one incremental stream. It decides; it sends nothing.
// Owner: the Session of its stream.  Thread: one at a time.
//
// It keeps what the client has, by name and version, and sends only differences. One response is in
// flight at most. What was refused counts as had: it is sent again when it changes or is asked for.
class DeltaSubscription {
 public:
  using Request = envoy::service::discovery::v3::DeltaDiscoveryRequest;

  explicit DeltaSubscription(std::string type_url);

  // Changes of what is wanted are honoured in every request, also in a stale one.
  RequestKind OnRequest(const Request& request);

  // Sends `name` once more, if it is wanted and exists, although it has not changed.
  void Resend(const std::string& name);

  bool is_in_flight() const { return is_in_flight_; }
  const std::string& last_version() const { return last_version_; }

  // New and changed resources, and the absence of those asked for by a name that does not exist.
  bool HasUpdate(const Snapshot& snapshot) const;
  Push MakeUpdate(const Snapshot& snapshot);
  // What the client has and the snapshot no longer does.
  bool HasRemoval(const Snapshot& snapshot) const;
  Push MakeRemoval(const Snapshot& snapshot);

  const std::vector<ResourcePtr>& changed() const { return changed_; }

 private:
  void Subscribe(const Request& request, bool is_first);
  void Unsubscribe(const std::string& name);
  bool NeedsSending(const Resource& resource) const;
  std::vector<std::string> Missing(const ResourceSet& set) const;
  Push Send(const Snapshot& snapshot, std::vector<ResourcePtr> resources,
            std::vector<std::string> removed);

  const std::string type_url_;
  WantedNames wanted_;
  bool must_answer_ = false;  // a new wildcard: the client waits for a response, even an empty one
  bool is_in_flight_ = false;
  int requests_ = 0;
  int responses_ = 0;
  std::string nonce_;
  std::string last_version_;
  std::map<std::string, std::string> has_;  // by the client: name -> version
  std::set<std::string> told_missing_;      // wanted by name, and told that it does not exist
  std::set<std::string> owed_;              // no longer wanted by name, but by the wildcard
  std::vector<ResourcePtr> changed_;
};

}  // namespace outrigger::control
