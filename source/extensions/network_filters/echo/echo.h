#pragma once

#include "absl/status/statusor.h"
#include "envoy/extensions/filters/network/echo/v3/echo.pb.h"
#include "source/config/registry.h"

namespace outrigger::echo {

using Config = envoy::extensions::filters::network::echo::v3::Echo;

// envoy.filters.network.echo: sends back what it gets, and ends when the client does.
absl::StatusOr<config::MadeNetworkFilter> Create(const Config& config,
                                                 config::NetworkContext& context);

}  // namespace outrigger::echo
