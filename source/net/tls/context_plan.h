#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "source/base/clock.h"
#include "source/net/tls/certificate.h"
#include "source/net/tls/ticket_keys.h"
#include "source/stats/scope.h"

namespace outrigger::net::tls {

// A secret as it came: exactly one of these. Immutable, shared.
struct Secret {
  std::string name;
  uint64_t fingerprint = 0;
  std::shared_ptr<const Certificate> certificate;
  std::shared_ptr<const void> validation;  // config/'s CertificateValidationContext: merged later
  std::shared_ptr<const TicketKeys> ticket_keys;
};
using SecretPtr = std::shared_ptr<const Secret>;

// Where a secret comes from. Equal sources of equal names are one subscription.
struct SecretSource {
  enum class Kind : uint8_t { kAds, kApi, kFile } kind = Kind::kAds;
  std::string cluster;           // kApi: whose SecretDiscoveryService
  bool is_delta = false;         // kApi
  bool sends_node_once = false;  // kApi: set_node_on_first_message_only
  std::string authority;         // kApi: :authority; the cluster's name unless given
  std::vector<std::pair<std::string, std::string>> initial_metadata;  // kApi: headers of the call
  std::string path;               // kFile: of a DiscoveryResponse or a Secret
  std::string watched_directory;  // kFile; empty: the file's own
  friend auto operator<=>(const SecretSource&, const SecretSource&) = default;
};
struct SecretNeed {
  std::string name;
  SecretSource source;
  enum class Kind : uint8_t { kCertificate, kValidation, kTicketKeys } kind = Kind::kCertificate;
  base::Milliseconds initial_fetch_timeout{15000};  // 0: wait for ever
};

// How the TLS context of one filter chain or cluster is made of secrets that come and change. The
// transports that it makes them for are held by the same spec; until the first `build` they make
// none. Immutable.
struct ContextPlan {
  std::vector<SecretNeed> needs;  // never empty: what needs none is built when it is compiled
  // Main thread: makes a context of one secret for each need, and gives it to the transports: new
  // connections use it at once. An error leaves the last one in place; it names the secret.
  absl::AnyInvocable<absl::Status(absl::Span<const SecretPtr> secrets) const> build;
};

// A plan that is kept built, from secrets as they come and change, while this lives.
// Owner: the cluster or listener that connects with it.  Thread: main.
class PlanUse {
 public:
  virtual ~PlanUse() = default;
  // Built, or not waited for any more: its secrets did not come within their
  // initial_fetch_timeout, do not exist, or cannot be used. What comes later is used at once.
  virtual bool is_ready() const = 0;
  // What is waited for, for people: "secret default". Empty when ready.
  virtual std::string waits_for() const = 0;
};

// Keeps plans built.
// Owner: the server.  Thread: main.
class PlanBuilder {
 public:
  virtual ~PlanBuilder() = default;
  // Error: a secret has a source that this process does not have. Names secret and source.
  virtual absl::Status Check(const ContextPlan& plan) const = 0;
  // A plan whose secrets are all here is built before this returns; else `on_ready` runs once when
  // it becomes ready, never from inside this, and not after the use is gone. The use may be
  // destroyed from inside it. `update_scope`: where `ssl_context_update_by_sds` is counted.
  virtual std::unique_ptr<PlanUse> Use(std::shared_ptr<const ContextPlan> plan,
                                       const stats::Scope& update_scope,
                                       absl::AnyInvocable<void()> on_ready) = 0;
};

}  // namespace outrigger::net::tls
