#pragma once

#include "envoy/config/cluster/v3/cluster.pb.h"
#include "envoy/config/core/v3/base.pb.h"
#include "source/config/compile_environment.h"
#include "source/config/place.h"
#include "source/config/tls_config.h"
#include "source/stats/store.h"
#include "source/upstream/cluster_spec.h"

namespace outrigger::config {

// What lies between the sockets of a filter chain and what is spoken there.
ServerTls CompileServerTransport(const envoy::config::core::v3::TransportSocket& socket,
                                 const TlsScope& scope, const Place& place);

// The transports of a cluster: transport_socket and transport_socket_matches. What the cluster
// speaks must be in `spec` already.
void CompileClusterTransports(const envoy::config::cluster::v3::Cluster& cluster,
                              const CompileEnvironment& environment, stats::Store& stats,
                              upstream::ClusterSpec& spec, const Place& place);

}  // namespace outrigger::config
