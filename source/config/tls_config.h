#pragma once

#include <memory>

#include "envoy/extensions/transport_sockets/tls/v3/tls.pb.h"
#include "source/config/compile_environment.h"
#include "source/config/place.h"
#include "source/net/tls/context_plan.h"
#include "source/net/transport.h"
#include "source/stats/scope.h"
#include "source/stats/store.h"

namespace outrigger::config {

// What compiling a TLS context needs besides the resource. Lives during the call.
struct TlsScope {
  const CompileEnvironment& environment;
  stats::Store& stats;
  stats::Scope scope;  // `listener.<address>.ssl.`, `cluster.<name>.ssl.`
};

// A context whose secrets are all here is made now; otherwise `plan` makes it once they came, and
// `transports` make nothing until then.
struct ServerTls {
  std::shared_ptr<const net::ServerTransports> transports;  // null: refused
  std::shared_ptr<const net::tls::ContextPlan> plan;        // null: nothing to wait for
};
struct ClientTls {
  std::shared_ptr<const net::ClientTransports> transports;
  std::shared_ptr<const net::tls::ContextPlan> plan;
};

ServerTls CompileServerTls(
    const envoy::extensions::transport_sockets::tls::v3::DownstreamTlsContext& from,
    const TlsScope& scope, const Place& place);
// `needs_authority`: the cluster has certificates' names verified that stand in requests.
ClientTls CompileClientTls(
    const envoy::extensions::transport_sockets::tls::v3::UpstreamTlsContext& from,
    bool needs_authority, const TlsScope& scope, const Place& place);

}  // namespace outrigger::config
