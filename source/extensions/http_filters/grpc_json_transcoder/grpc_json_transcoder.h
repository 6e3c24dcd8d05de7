#pragma once

#include "absl/status/statusor.h"
#include "envoy/extensions/filters/http/grpc_json_transcoder/v3/transcoder.pb.h"
#include "source/config/registry.h"

namespace outrigger::grpc_json_transcoder {

using Config = envoy::extensions::filters::http::grpc_json_transcoder::v3::GrpcJsonTranscoder;

// envoy.filters.http.grpc_json_transcoder: lets HTTP clients with JSON call gRPC services, by the
// google.api.http options of their methods. A request becomes a gRPC call, messages become JSON, a
// gRPC error becomes the HTTP status that goes with it. Requests that are gRPC already, and those
// that no rule matches, pass untouched. %RESPONSE_CODE_DETAILS% of what the filter answers itself
// begins with `grpc_json_transcode_failure`. The same message as a route's configuration replaces
// the filter's on that route.
absl::StatusOr<http::HttpFilterFactory> Create(const Config& config,
                                               config::FactoryContext& context);
absl::StatusOr<config::RouteFilterConfigPtr> CreateForRoute(const Config& config,
                                                            config::FactoryContext& context);

}  // namespace outrigger::grpc_json_transcoder
