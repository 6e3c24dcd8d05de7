#include "source/route/rate_limit.h"

namespace outrigger::route {

std::optional<Descriptor> RateLimit::Make(http::StreamView& stream) const {
  Descriptor descriptor;
  for (const Action& action : actions_) {
    if (action(stream, descriptor) == Outcome::kMissing) return std::nullopt;
  }
  if (descriptor.empty()) return std::nullopt;
  return descriptor;
}

}  // namespace outrigger::route
