#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/time/time.h"
#include "source/xds/resource_type.h"

namespace outrigger::xds {

// As envoy.admin.v3.ClientResourceStatus, in its numbers.
enum class ClientStatus : uint8_t {
  kRequested = 1,     // asked for, nothing came yet
  kDoesNotExist = 2,  // the server says so
  kAcked = 3,
  kNacked = 4,   // the last version was refused; an earlier one may serve
  kTimeout = 6,  // asked for, and initial_fetch_timeout passed
};

// The last attempt at a resource, when it was refused.
struct RefusedAttempt {
  google::protobuf::Any body;
  std::string version;
  std::string details;
  absl::Time time;
};

// One resource as /config_dump shows it.
struct ResourceDescription {
  std::string name;
  ClientStatus status = ClientStatus::kRequested;
  std::string version;         // of what serves
  google::protobuf::Any body;  // of what serves; empty: nothing does
  absl::Time last_updated;
  std::optional<RefusedAttempt> refused;
};

// What the proxy holds of one type: the last good version of each resource and, where the last
// attempt at it was refused, that too. Thread: main.
class ResourceSet final {
 public:
  // Names that are asked for appear before anything comes for them.
  void Request(const std::string& name);
  void Accept(ReadyResource resource, absl::Time now);
  void Reaffirm(const std::string& name, std::string version);
  void Refuse(RefusedResource resource, absl::Time now);
  // Nobody wants it, or the server no longer has it. `keeps_data`: what came last goes on serving.
  void Remove(const std::string& name, bool keeps_data);
  void SetTimedOut(const std::string& name);

  // Whether anything came for `name`, good or bad.
  bool IsAnswered(const std::string& name) const;
  bool IsAccepted(const std::string& name) const { return FindReady(name) != nullptr; }
  // The last good version; valid until the next change.
  const ReadyResource* FindReady(const std::string& name) const;
  // Name and version of what is held, but for what the server took back.
  void ForEachVersion(
      absl::FunctionRef<void(const std::string& name, const std::string& version)> visit) const;
  std::vector<ResourceDescription> Describe() const;  // by name

 private:
  struct Entry {
    std::optional<ReadyResource> accepted;
    absl::Time last_updated;
    std::optional<RefusedAttempt> refused;
    bool is_gone = false;
    bool is_timed_out = false;
  };
  static ClientStatus StatusOf(const Entry& entry);

  absl::flat_hash_map<std::string, std::unique_ptr<Entry>> entries_;
};

}  // namespace outrigger::xds
