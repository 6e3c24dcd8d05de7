#pragma once

#include <memory>
#include <vector>

#include <google/protobuf/repeated_field.h>
#include "envoy/config/accesslog/v3/accesslog.pb.h"
#include "source/config/place.h"
#include "source/config/registry.h"
#include "source/config/runtime_values.h"
#include "source/http/access_logger.h"

namespace outrigger::config {

// The loggers of a connection manager, each behind its filter. `field` names the list, for errors.
std::vector<std::shared_ptr<const http::AccessLogger>> ReadAccessLogs(
    const google::protobuf::RepeatedPtrField<envoy::config::accesslog::v3::AccessLog>& logs,
    std::string_view field, const Registry& registry, FactoryContext& factories,
    const RuntimeValues& runtime, const Place& place);

}  // namespace outrigger::config
