#pragma once

#include "envoy/config/route/v3/route_components.pb.h"
#include "source/config/place.h"
#include "source/config/runtime_values.h"
#include "source/route/route.h"

namespace outrigger::config {

// Fills the conditions of `spec`.
void ReadRouteMatch(const envoy::config::route::v3::RouteMatch& match, const RuntimeValues& runtime,
                    route::RouteSpec& spec, const Place& place);

}  // namespace outrigger::config
