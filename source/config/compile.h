#pragma once

#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "envoy/config/cluster/v3/cluster.pb.h"
#include "envoy/config/endpoint/v3/endpoint.pb.h"
#include "envoy/config/listener/v3/listener.pb.h"
#include "envoy/config/route/v3/route.pb.h"
#include "source/config/compile_environment.h"
#include "source/config/listener_spec.h"
#include "source/config/registry.h"
#include "source/config/route_context.h"
#include "source/upstream/cluster_spec.h"

namespace outrigger::config {

// What turns xDS resources into runtime objects. Every error names the field's path inside the
// resource, the value and what would be right; several are lines of one message. What is known but
// not implemented is refused by name. The caller adds the resource's name.
// Owner: the server.  Thread: the compile thread (everything here is stateless but for the stats
// store and the name table, which are safe there).
class Compiler {
 public:
  Compiler(const Registry& registry, const base::Clock& clock, stats::Store& stats,
           upstream::ClusterNames& names, CompileEnvironment environment = {})
      : registry_(registry),
        clock_(clock),
        stats_(stats),
        names_(names),
        environment_(std::move(environment)) {}

  absl::StatusOr<std::shared_ptr<const upstream::ClusterSpec>> Cluster(
      const envoy::config::cluster::v3::Cluster& cluster, bool added_via_api) const;
  absl::StatusOr<upstream::EndpointSet> Endpoints(
      const envoy::config::endpoint::v3::ClusterLoadAssignment& assignment) const;
  // `cluster_exists`: asked where the table says validate_clusters; null: it may name any cluster.
  absl::StatusOr<std::shared_ptr<const route::RouteTable>> Routes(
      const envoy::config::route::v3::RouteConfiguration& routes,
      const ClusterExists* cluster_exists = nullptr) const;
  // `cluster_exists`: asked for routes given inline unless they say validate_clusters: false.
  absl::StatusOr<std::shared_ptr<const ListenerSpec>> Listener(
      const envoy::config::listener::v3::Listener& listener,
      const ClusterExists* cluster_exists = nullptr) const;

  // What the filters that it makes ask before they answer a health check.
  ServerHealth& health() const { return *environment_.health; }

 private:
  const Registry& registry_;
  const base::Clock& clock_;
  stats::Store& stats_;
  upstream::ClusterNames& names_;
  const CompileEnvironment environment_;
};

}  // namespace outrigger::config
