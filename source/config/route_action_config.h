#pragma once

#include "envoy/config/route/v3/route_components.pb.h"
#include "source/config/place.h"
#include "source/config/route_context.h"
#include "source/route/route.h"

namespace outrigger::config {

// What a route does. `bytes_limit`: of the body of a direct response.
route::Action ReadAction(const envoy::config::route::v3::Route& route, size_t bytes_limit,
                         const RouteContext& context, const Place& place);

}  // namespace outrigger::config
