#pragma once

#include "absl/status/statusor.h"
#include "envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy.pb.h"
#include "source/config/registry.h"

namespace outrigger::tcp_proxy {

using Config = envoy::extensions::filters::network::tcp_proxy::v3::TcpProxy;

// envoy.filters.network.tcp_proxy: carries bytes between a client and an endpoint of a cluster.
absl::StatusOr<config::MadeNetworkFilter> Create(const Config& config,
                                                 config::NetworkContext& context);

}  // namespace outrigger::tcp_proxy
