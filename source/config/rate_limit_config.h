#pragma once

#include <google/protobuf/repeated_field.h>
#include "envoy/config/route/v3/route_components.pb.h"
#include "source/config/place.h"
#include "source/route/rate_limit.h"

namespace outrigger::config {

// The rate_limits of a route, a virtual host or a filter. What is wrong is refused below `place`,
// the place of the list's owner; kinds that are not implemented are refused by name.
route::RateLimits ReadRateLimits(
    const google::protobuf::RepeatedPtrField<envoy::config::route::v3::RateLimit>& limits,
    const Place& place);

}  // namespace outrigger::config
