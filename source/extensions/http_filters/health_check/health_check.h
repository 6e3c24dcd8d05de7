#pragma once

#include "absl/status/statusor.h"
#include "envoy/extensions/filters/http/health_check/v3/health_check.pb.h"
#include "source/config/registry.h"

namespace outrigger::health_check {

using Config = envoy::extensions::filters::http::health_check::v3::HealthCheck;

// envoy.filters.http.health_check: answers the health checks of this proxy, here or from the
// cluster, and says on every response when it was told to fail (/healthcheck/fail).
// %RESPONSE_CODE_DETAILS%: `health_check_ok`, `health_check_failed`, `health_check_cached`,
// `health_check_cluster_unhealthy`.
absl::StatusOr<http::HttpFilterFactory> Create(const Config& config,
                                               config::FactoryContext& context);

}  // namespace outrigger::health_check
