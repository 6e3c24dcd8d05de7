#pragma once

#include "absl/status/statusor.h"
#include "envoy/extensions/filters/http/rbac/v3/rbac.pb.h"
#include "source/config/registry.h"

namespace outrigger::rbac {

using Config = envoy::extensions::filters::http::rbac::v3::RBAC;
using RouteConfig = envoy::extensions::filters::http::rbac::v3::RBACPerRoute;

// envoy.filters.http.rbac: lets a request pass or answers 403 by its rules; shadow rules are only
// counted. Counts in `http.<prefix>.rbac.`; %RESPONSE_CODE_DETAILS% is
// `rbac_access_denied_matched_policy[<policy or none>]`. A route's configuration replaces the
// filter's and counts in the same place; one without rules switches the filter off.
absl::StatusOr<http::HttpFilterFactory> Create(const Config& config,
                                               config::FactoryContext& context);
absl::StatusOr<config::RouteFilterConfigPtr> CreateForRoute(const RouteConfig& config,
                                                            config::FactoryContext& context);

}  // namespace outrigger::rbac
