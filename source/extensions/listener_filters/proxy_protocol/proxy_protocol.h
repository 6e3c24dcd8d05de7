#pragma once

#include "absl/status/statusor.h"
#include "envoy/extensions/filters/listener/proxy_protocol/v3/proxy_protocol.pb.h"
#include "source/config/registry.h"

namespace outrigger::proxy_protocol {

using Config = envoy::extensions::filters::listener::proxy_protocol::v3::ProxyProtocol;

// envoy.filters.listener.proxy_protocol: takes the PROXY header, version 1 or 2, off the front of a
// connection; the client and its destination are what it says. Counts in proxy_proto.*.
absl::StatusOr<tcp::ListenerFilterFactory> Create(const Config& config,
                                                  config::FactoryContext& context);

}  // namespace outrigger::proxy_protocol
