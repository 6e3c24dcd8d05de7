#pragma once

#include "absl/status/statusor.h"
#include "envoy/extensions/filters/http/local_ratelimit/v3/local_rate_limit.pb.h"
#include "source/config/registry.h"

namespace outrigger::local_ratelimit {

using Config = envoy::extensions::filters::http::local_ratelimit::v3::LocalRateLimit;

// envoy.filters.http.local_ratelimit: answers 429 (or `status`) when the request's token buckets
// are empty. Buckets belong to the configuration and are shared by all workers, so a limit holds
// for the process. Counts in `<stat_prefix>.http_local_rate_limit.`; %RESPONSE_CODE_DETAILS% is
// `local_rate_limited`, the flag RL. The same message as a route's configuration replaces the
// filter's on that route.
absl::StatusOr<http::HttpFilterFactory> Create(const Config& config,
                                               config::FactoryContext& context);
absl::StatusOr<config::RouteFilterConfigPtr> CreateForRoute(const Config& config,
                                                            config::FactoryContext& context);

}  // namespace outrigger::local_ratelimit
