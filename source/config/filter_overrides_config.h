#pragma once

#include <string>

#include <google/protobuf/any.pb.h>
#include <google/protobuf/map.h>
#include "source/config/place.h"
#include "source/config/route_context.h"
#include "source/route/virtual_host.h"

namespace outrigger::config {

// typed_per_filter_config of one level, by the filters' names in the chain.
route::FilterConfigs ReadFilterOverrides(
    const google::protobuf::Map<std::string, google::protobuf::Any>& overrides,
    const RouteContext& context, const Place& place);

}  // namespace outrigger::config
