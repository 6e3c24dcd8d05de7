#pragma once

#include <google/protobuf/repeated_field.h>
#include "envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.pb.h"
#include "source/config/place.h"
#include "source/config/route_context.h"
#include "source/downstream/http_options.h"

namespace outrigger::config {

// The chain of filters: `options.filters` and, from the last of them, `options.terminal`.
void ReadHttpFilters(
    const google::protobuf::RepeatedPtrField<
        envoy::extensions::filters::network::http_connection_manager::v3::HttpFilter>& filters,
    const RouteContext& context, downstream::HttpOptions& options, const Place& place);

}  // namespace outrigger::config
