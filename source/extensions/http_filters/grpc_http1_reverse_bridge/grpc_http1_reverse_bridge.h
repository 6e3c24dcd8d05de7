#pragma once

#include "absl/status/statusor.h"
#include "envoy/extensions/filters/http/grpc_http1_reverse_bridge/v3/config.pb.h"
#include "source/config/registry.h"

namespace outrigger::grpc_http1_reverse_bridge {

using Config = envoy::extensions::filters::http::grpc_http1_reverse_bridge::v3::FilterConfig;
using RouteConfig =
    envoy::extensions::filters::http::grpc_http1_reverse_bridge::v3::FilterConfigPerRoute;

// envoy.filters.http.grpc_http1_reverse_bridge: gRPC clients call unary methods of a service that
// speaks plain HTTP. Whatever the service answers becomes a gRPC response; what it may not answer
// has a `grpc_bridge_...` token in %RESPONSE_CODE_DETAILS%.
absl::StatusOr<http::HttpFilterFactory> Create(const Config& config,
                                               config::FactoryContext& context);
absl::StatusOr<config::RouteFilterConfigPtr> CreateForRoute(const RouteConfig& config,
                                                            config::FactoryContext& context);

}  // namespace outrigger::grpc_http1_reverse_bridge
