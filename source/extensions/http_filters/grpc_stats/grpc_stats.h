#pragma once

#include "absl/status/statusor.h"
#include "envoy/extensions/filters/http/grpc_stats/v3/config.pb.h"
#include "source/config/registry.h"

namespace outrigger::grpc_stats {

using Config = envoy::extensions::filters::http::grpc_stats::v3::FilterConfig;

// envoy.filters.http.grpc_stats: counts gRPC calls and their messages, as they pass, under
// `cluster.<cluster>.grpc.<service>.<method>.`. What is not gRPC it leaves alone. A call that is
// answered before it has a cluster is not counted.
absl::StatusOr<http::HttpFilterFactory> Create(const Config& config,
                                               config::FactoryContext& context);

}  // namespace outrigger::grpc_stats
