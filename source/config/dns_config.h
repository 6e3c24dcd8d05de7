#pragma once

#include "envoy/config/cluster/v3/cluster.pb.h"
#include "source/config/place.h"
#include "source/upstream/cluster_spec.h"

namespace outrigger::config {

// How a STRICT_DNS or LOGICAL_DNS cluster, or one whose cluster_type is DnsCluster, looks its names
// up, and the names themselves.
void ReadDnsDiscovery(const envoy::config::cluster::v3::Cluster& cluster,
                      upstream::ClusterSpec& spec, const Place& place);

}  // namespace outrigger::config
