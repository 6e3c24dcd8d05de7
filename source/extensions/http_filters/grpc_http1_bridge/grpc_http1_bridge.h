#pragma once

#include "absl/status/statusor.h"
#include "envoy/extensions/filters/http/grpc_http1_bridge/v3/config.pb.h"
#include "source/config/registry.h"

namespace outrigger::grpc_http1_bridge {

using Config = envoy::extensions::filters::http::grpc_http1_bridge::v3::Config;

// envoy.filters.http.grpc_http1_bridge: HTTP/1 clients call unary gRPC methods, with the message's
// prefix or, where it is told so, without. The response is collected, up to the listener's buffer
// limit (500 above it); its grpc-status and grpc-message go into the head, and any status but 0 is
// HTTP status 503. Calls are counted by grpc_stats, not here.
absl::StatusOr<http::HttpFilterFactory> Create(const Config& config,
                                               config::FactoryContext& context);

}  // namespace outrigger::grpc_http1_bridge
