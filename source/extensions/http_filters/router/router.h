#pragma once

#include "absl/status/statusor.h"
#include "envoy/extensions/filters/http/router/v3/router.pb.h"
#include "source/config/registry.h"
#include "source/http/filter.h"

namespace outrigger::router {

// envoy.filters.http.router: the end of every HTTP filter chain, which answers a request by its
// route: forwards it to a cluster, redirects, responds directly, or says that there is no route.
absl::StatusOr<http::TerminalFactory> Create(
    const envoy::extensions::filters::http::router::v3::Router& config,
    config::FactoryContext& context);

}  // namespace outrigger::router
