#pragma once

#include "absl/status/statusor.h"
#include "envoy/extensions/filters/listener/http_inspector/v3/http_inspector.pb.h"
#include "source/config/registry.h"

namespace outrigger::http_inspector {

using Config = envoy::extensions::filters::listener::http_inspector::v3::HttpInspector;

// envoy.filters.listener.http_inspector: finds out by the first bytes whether a connection in
// plaintext speaks HTTP/1.0, HTTP/1.1 or HTTP/2. Counts in http_inspector.*.
absl::StatusOr<tcp::ListenerFilterFactory> Create(const Config& config,
                                                  config::FactoryContext& context);

}  // namespace outrigger::http_inspector
