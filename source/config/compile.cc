#include "source/config/compile.h"

#include "source/base/text.h"
#include "source/config/cluster_config.h"
#include "source/config/endpoint_config.h"
#include "source/config/listener_config.h"
#include "source/config/refusal.h"
#include "source/config/route_config.h"

namespace outrigger::config {

absl::StatusOr<std::shared_ptr<const upstream::ClusterSpec>> Compiler::Cluster(
    const envoy::config::cluster::v3::Cluster& cluster, bool added_via_api) const {
  Findings findings;
  const Place place(findings);
  RefuseNotImplemented(cluster, place);
  upstream::ClusterSpec spec = CompileCluster(cluster, added_via_api, environment_, stats_, place);
  if (absl::Status status = findings.ToStatus(); !status.ok()) return status;
  spec.name = names_.Intern(cluster.name());
  return std::make_shared<const upstream::ClusterSpec>(std::move(spec));
}

absl::StatusOr<upstream::EndpointSet> Compiler::Endpoints(
    const envoy::config::endpoint::v3::ClusterLoadAssignment& assignment) const {
  Findings findings;
  const Place place(findings);
  RefuseNotImplemented(assignment, place);
  constexpr uint32_t kDefaultPercent = 140;
  const uint32_t percent = ReadOverprovisioningFactor(assignment, place);
  if (percent != kDefaultPercent) {
    place.At("policy.overprovisioning_factor")
        .Refuse(base::StrCat("only 140 is implemented in EDS, got ", percent));
  }
  upstream::EndpointSet set = CompileEndpoints(assignment, place);
  if (absl::Status status = findings.ToStatus(); !status.ok()) return status;
  return set;
}

absl::StatusOr<std::shared_ptr<const route::RouteTable>> Compiler::Routes(
    const envoy::config::route::v3::RouteConfiguration& routes,
    const ClusterExists* cluster_exists) const {
  Findings findings;
  const Place place(findings);
  RefuseNotImplemented(routes, place);
  FactoryContext factories(clock_, stats_, "", environment_.runtime, environment_.health);
  const bool validates = routes.validate_clusters().value();
  const RouteContext context{registry_, factories, names_, environment_,
                             validates ? cluster_exists : nullptr};
  std::shared_ptr<const route::RouteTable> table = CompileRoutes(routes, context, place);
  if (absl::Status status = findings.ToStatus(); !status.ok()) return status;
  return table;
}

absl::StatusOr<std::shared_ptr<const ListenerSpec>> Compiler::Listener(
    const envoy::config::listener::v3::Listener& listener,
    const ClusterExists* cluster_exists) const {
  Findings findings;
  const Place place(findings);
  RefuseNotImplemented(listener, place);
  const ListenerContext context{registry_, clock_, stats_, names_, environment_, cluster_exists};
  ListenerSpec spec = CompileListener(listener, context, place);
  if (absl::Status status = findings.ToStatus(); !status.ok()) return status;
  return std::make_shared<const ListenerSpec>(std::move(spec));
}

}  // namespace outrigger::config
