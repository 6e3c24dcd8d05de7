#pragma once

#include "absl/status/statusor.h"
#include "envoy/extensions/filters/http/fault/v3/fault.pb.h"
#include "source/config/registry.h"

namespace outrigger::fault {

using Config = envoy::extensions::filters::http::fault::v3::HTTPFault;

// envoy.filters.http.fault: holds requests for a while (flag DI) and answers them in the cluster's
// place (flag FI, %RESPONSE_CODE_DETAILS% `fault_filter_abort`), a share of them, on purpose. What
// a route says replaces the filter's own configuration. Counted under `http.<stat_prefix>.fault.`.
absl::StatusOr<http::HttpFilterFactory> Create(const Config& config,
                                               config::FactoryContext& context);
absl::StatusOr<config::RouteFilterConfigPtr> CreateForRoute(const Config& config,
                                                            config::FactoryContext& context);

}  // namespace outrigger::fault
