#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "envoy/config/route/v3/route_components.pb.h"
#include "source/config/place.h"
#include "source/http/filter.h"

namespace outrigger::local_ratelimit {

// What a request is, for the purpose of limiting it: ordered keys and values.
using Descriptor = std::vector<std::pair<std::string, std::string>>;

// How one configured RateLimit makes a descriptor of a request: each action adds one entry; one
// that finds nothing makes the request have no such descriptor.
// Immutable; any thread.
class DescriptorSource {
 public:
  // What is wrong is refused below `place`; kinds that are not implemented are refused by name.
  static DescriptorSource Read(const envoy::config::route::v3::RateLimit& proto,
                               const config::Place& place);
  std::optional<Descriptor> Make(http::StreamView& stream) const;

  // kMissing: there is nothing to add, so there is no descriptor.
  enum class Outcome : uint8_t { kAdded, kSkipped, kMissing };
  using Action = std::function<Outcome(http::StreamView&, Descriptor&)>;

 private:
  std::vector<Action> actions_;
};

}  // namespace outrigger::local_ratelimit
