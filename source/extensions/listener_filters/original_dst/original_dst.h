#pragma once

#include "absl/status/statusor.h"
#include "envoy/extensions/filters/listener/original_dst/v3/original_dst.pb.h"
#include "source/config/registry.h"

namespace outrigger::original_dst {

using Config = envoy::extensions::filters::listener::original_dst::v3::OriginalDst;

// envoy.filters.listener.original_dst: asks the kernel where a connection was meant to go before
// iptables sent it here. A connection that was not redirected stays as it is.
absl::StatusOr<tcp::ListenerFilterFactory> Create(const Config& config,
                                                  config::FactoryContext& context);

}  // namespace outrigger::original_dst
