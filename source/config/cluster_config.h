#pragma once

#include "envoy/config/cluster/v3/cluster.pb.h"
#include "source/config/compile_environment.h"
#include "source/config/place.h"
#include "source/stats/store.h"
#include "source/upstream/cluster_spec.h"

namespace outrigger::config {

// Everything of a cluster but its name's number. What is wrong is refused at `place`. Of statistics
// only those of TLS are declared.
upstream::ClusterSpec CompileCluster(const envoy::config::cluster::v3::Cluster& cluster,
                                     bool added_via_api, const CompileEnvironment& environment,
                                     stats::Store& stats, const Place& place);

}  // namespace outrigger::config
