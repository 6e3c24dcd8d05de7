#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "envoy/config/core/v3/base.pb.h"
#include "source/xds/response.h"

namespace outrigger::xds {

// How one response is answered.
struct Answer {
  std::string version;  // of the response
  std::string nonce;
  std::string refusal;  // empty: everything was taken (ACK); else what was not, and why (NACK)
};

// What is asked for of one type, and what was last said about it on the present stream. Decides
// which request is due; sends nothing itself. Thread: main.
class Subscription {
 public:
  virtual ~Subscription() = default;
  // Wildcard types: everything is wanted from now on.
  virtual void BeginWildcard() = 0;
  // Other types: one name begins or ceases to be wanted. In turns for each name.
  virtual void SetInterest(const std::string& name, bool is_wanted) = 0;
  // A new stream began: the old one's nonces are void, and everything is asked for again.
  virtual void StartStream() = 0;
  virtual void SetAnswer(Answer answer) = 0;
  // The next request that is due, serialised, or nothing. `node` may be null: the server knows it.
  // To be called until it returns nothing; many changes between two calls make one request.
  virtual std::optional<std::string> TakeRequest(const envoy::config::core::v3::Node* node) = 0;
};

// Calls its argument with name and version of each resource that is held.
using HeldVersions = absl::AnyInvocable<void(
    absl::FunctionRef<void(const std::string& name, const std::string& version)>) const>;

// State of the world: DiscoveryRequest.
std::unique_ptr<Subscription> NewSotwSubscription(std::string_view type_url, bool is_wildcard);
// Incremental: DeltaDiscoveryRequest. `held` is asked at the first request of each stream.
std::unique_ptr<Subscription> NewDeltaSubscription(std::string_view type_url, bool is_wildcard,
                                                   HeldVersions held);

}  // namespace outrigger::xds
