#pragma once

#include <memory>

#include "envoy/config/route/v3/route.pb.h"
#include "source/config/place.h"
#include "source/config/route_context.h"
#include "source/route/route_table.h"

namespace outrigger::config {

// The table of a route configuration; null when something was refused at `place` or below it.
std::shared_ptr<const route::RouteTable> CompileRoutes(
    const envoy::config::route::v3::RouteConfiguration& routes, const RouteContext& context,
    const Place& place);

}  // namespace outrigger::config
