#pragma once

#include <optional>
#include <string_view>

namespace outrigger::router {

// The HTTP status that statistics show for a gRPC status ("14": 503), as Envoy maps them; nullopt
// for what is no gRPC status.
std::optional<int> HttpStatusOfGrpc(std::string_view grpc_status);

}  // namespace outrigger::router
