#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "envoy/config/route/v3/route_components.pb.h"
#include "source/http/filter.h"

namespace outrigger::local_ratelimit {

// What a request is, for the purpose of limiting it: ordered keys and values.
using Descriptor = std::vector<std::pair<std::string, std::string>>;

// How one configured RateLimit makes a descriptor of a request: each action adds one entry; one
// that finds nothing makes the request have no such descriptor.
// Immutable; any thread.
class DescriptorSource {
 public:
  // Errors name the action's field. Kinds that are not implemented are refused by name.
  static absl::StatusOr<DescriptorSource> Compile(const envoy::config::route::v3::RateLimit& proto);
  std::optional<Descriptor> Make(http::StreamView& stream) const;

 private:
  // Adds its entry; kMissing: there is none to add, so there is no descriptor.
  enum class Outcome : uint8_t { kAdded, kSkipped, kMissing };
  using Action = std::function<Outcome(http::StreamView&, Descriptor&)>;
  using Proto = envoy::config::route::v3::RateLimit::Action;
  static absl::StatusOr<Action> CompileAction(const Proto& proto);
  static Action GenericKey(const Proto::GenericKey& proto);
  static Action RequestHeader(const Proto::RequestHeaders& proto);
  static Action QueryParameter(const Proto::QueryParameters& proto);
  static Action RemoteAddress();
  static Action MaskedAddress(const Proto::MaskedRemoteAddress& proto);
  static absl::StatusOr<Action> HeaderMatch(const Proto::HeaderValueMatch& proto);
  static absl::StatusOr<Action> QueryMatch(const Proto::QueryParameterValueMatch& proto);
  static Action DestinationCluster();
  std::vector<Action> actions_;
};

}  // namespace outrigger::local_ratelimit
