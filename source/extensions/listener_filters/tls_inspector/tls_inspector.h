#pragma once

#include "absl/status/statusor.h"
#include "envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector.pb.h"
#include "source/config/registry.h"

namespace outrigger::tls_inspector {

using Config = envoy::extensions::filters::listener::tls_inspector::v3::TlsInspector;

// envoy.filters.listener.tls_inspector: tells TLS from plaintext, and reads server name and ALPN of
// the ClientHello. Counts in tls_inspector.*.
absl::StatusOr<tcp::ListenerFilterFactory> Create(const Config& config,
                                                  config::FactoryContext& context);

}  // namespace outrigger::tls_inspector
