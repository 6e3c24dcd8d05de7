#pragma once

#include "envoy/config/cluster/v3/cluster.pb.h"
#include "envoy/config/core/v3/protocol.pb.h"
#include "source/config/place.h"
#include "source/upstream/cluster_spec.h"

namespace outrigger::config {

// Which HTTP a cluster speaks and with what limits: from HttpProtocolOptions in
// typed_extension_protocol_options, or from the older fields of the cluster itself.
void CompileClusterProtocol(const envoy::config::cluster::v3::Cluster& cluster,
                            upstream::ClusterSpec& spec, const Place& place);

// Whether header names are to be written as ProperCaseWords; the other ways are refused or the
// default.
bool ReadProperCase(const envoy::config::core::v3::Http1ProtocolOptions& options,
                    const Place& place);

}  // namespace outrigger::config
