#pragma once

#include <cstdint>
#include <vector>

#include "envoy/config/endpoint/v3/endpoint.pb.h"
#include "source/config/place.h"
#include "source/upstream/cluster_spec.h"

namespace outrigger::config {

// The endpoints of an assignment whose addresses are numbers: of STATIC clusters and EDS.
upstream::EndpointSet CompileEndpoints(
    const envoy::config::endpoint::v3::ClusterLoadAssignment& assignment, const Place& place);

// The same for STRICT_DNS: names to look up, each with the endpoint its addresses become.
std::vector<upstream::DnsName> CompileDnsNames(
    const envoy::config::endpoint::v3::ClusterLoadAssignment& assignment, const Place& place);

uint32_t ReadOverprovisioningFactor(
    const envoy::config::endpoint::v3::ClusterLoadAssignment& assignment, const Place& place);

}  // namespace outrigger::config
