#pragma once

#include "absl/status/statusor.h"
#include "envoy/extensions/filters/http/grpc_web/v3/grpc_web.pb.h"
#include "source/config/registry.h"

namespace outrigger::grpc_web {

using Config = envoy::extensions::filters::http::grpc_web::v3::GrpcWeb;

// envoy.filters.http.grpc_web: gRPC-Web clients, binary and text, call gRPC services. Bodies pass
// as they come; the trailers of a response become the last frame of its body. Text that is not
// base64 is answered 400, `grpc_base_64_decode_failed`, or `..._bad_size` when its end is missing.
// A response that is not gRPC becomes a head with grpc-status and grpc-message. Calls are counted
// under `cluster.<cluster>.grpc-web.<service>.<method>.`.
absl::StatusOr<http::HttpFilterFactory> Create(const Config& config,
                                               config::FactoryContext& context);

}  // namespace outrigger::grpc_web
