#pragma once

#include "absl/status/statusor.h"
#include "envoy/extensions/filters/network/direct_response/v3/config.pb.h"
#include "source/config/registry.h"

namespace outrigger::direct_response {

using Config = envoy::extensions::filters::network::direct_response::v3::Config;

// envoy.filters.network.direct_response: sends the same bytes to every client, and closes.
absl::StatusOr<config::MadeNetworkFilter> Create(const Config& config,
                                                 config::NetworkContext& context);

}  // namespace outrigger::direct_response
