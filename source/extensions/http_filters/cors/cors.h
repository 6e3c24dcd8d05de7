#pragma once

#include "absl/status/statusor.h"
#include "envoy/extensions/filters/http/cors/v3/cors.pb.h"
#include "source/config/registry.h"

namespace outrigger::cors {

using Config = envoy::extensions::filters::http::cors::v3::Cors;
using RouteConfig = envoy::extensions::filters::http::cors::v3::CorsPolicy;

// envoy.filters.http.cors: answers preflights (Fetch standard, CORS protocol) with 200 and
// %RESPONSE_CODE_DETAILS% `cors_response`, and tells browsers which responses a page may read, as
// the CorsPolicy of the route says. Without one it takes no part in the stream. Origins are counted
// as `origin_valid` and `origin_invalid` under `http.<stat_prefix>.cors.`.
absl::StatusOr<http::HttpFilterFactory> Create(const Config& config,
                                               config::FactoryContext& context);
absl::StatusOr<config::RouteFilterConfigPtr> CreateForRoute(const RouteConfig& config,
                                                            config::FactoryContext& context);

}  // namespace outrigger::cors
