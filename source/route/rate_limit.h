#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "source/http/filter.h"

namespace outrigger::route {

// What a request is, for the purpose of limiting it: ordered keys and values.
using Descriptor = std::vector<std::pair<std::string, std::string>>;

// How one configured RateLimit makes a descriptor of a request: each action adds one entry; one
// that finds nothing makes the request have no such descriptor.
// Immutable; any thread.
class RateLimit {
 public:
  // kMissing: there is nothing to add, so there is no descriptor.
  enum class Outcome : uint8_t { kAdded, kSkipped, kMissing };
  using Action = std::function<Outcome(http::StreamView&, Descriptor&)>;

  RateLimit(uint32_t stage, std::vector<Action> actions)
      : stage_(stage), actions_(std::move(actions)) {}

  std::optional<Descriptor> Make(http::StreamView& stream) const;
  // Which filters use it, those of the same stage.
  uint32_t stage() const { return stage_; }

 private:
  uint32_t stage_;
  std::vector<Action> actions_;
};
using RateLimits = std::vector<RateLimit>;

}  // namespace outrigger::route
