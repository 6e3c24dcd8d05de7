#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.pb.h"
#include "source/config/listener_spec.h"
#include "source/config/place.h"
#include "source/config/route_context.h"

namespace outrigger::config {

// What the listener says to its connection manager.
struct HttpConnectionOwner {
  size_t buffer_bytes = 1024 * 1024;  // per_connection_buffer_limit_bytes
  std::optional<uint16_t> port;       // of its first address, for strip_matching_host_port
};

struct HttpConnectionSpec {
  std::shared_ptr<downstream::HttpOptions> options;
  RouteSource routes;
};

// One connection manager, but for its counters. `context` is that of its routes too; its factories
// know the stat_prefix.
HttpConnectionSpec CompileHttpConnection(
    const envoy::extensions::filters::network::http_connection_manager::v3::HttpConnectionManager&
        manager,
    const HttpConnectionOwner& owner, const RouteContext& context, const Place& place);

}  // namespace outrigger::config
