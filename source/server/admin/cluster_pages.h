#pragma once

#include "source/server/admin/admin.h"
#include "source/upstream/cluster_set.h"

namespace outrigger::server {

// /clusters: every cluster that serves, with its endpoints. In Envoy's line format and messages.
void AddClusterPages(Admin& admin, const upstream::ClusterSet& clusters);

// An endpoint's health in Envoy's words: "healthy", "/failed_eds_health" and so on.
std::string_view HealthFlags(upstream::EndpointHealth health);

}  // namespace outrigger::server
