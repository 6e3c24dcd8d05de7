#include "source/stats/envoy_scopes.h"

#include <initializer_list>
#include <string>

namespace outrigger::stats {
namespace {

std::string Joined(std::initializer_list<std::string_view> parts) {
  std::string joined;
  for (std::string_view part : parts) joined += part;
  return joined;
}

}  // namespace

Scope PlainScope(std::string_view prefix) { return Scope(prefix, prefix); }

Scope ClusterScope(std::string_view cluster) {
  const std::string name = NamePart(cluster);
  return Scope(Joined({"cluster.", name, "."}), "cluster.", {{"envoy_cluster_name", name}});
}

Scope ListenerScope(std::string_view address) {
  const std::string name = NamePart(address);
  return Scope(Joined({"listener.", name, "."}), "listener.", {{"envoy_listener_address", name}});
}

Scope ListenerWorkerScope(std::string_view address, std::string_view worker) {
  const std::string id(worker);
  return ListenerScope(address).Child(Joined({"worker_", id, "."}), "worker.",
                                      {{"envoy_worker_id", id}});
}

Scope ListenerHttpScope(std::string_view address, std::string_view stat_prefix) {
  const std::string name = NamePart(stat_prefix);
  return ListenerScope(address).Child(Joined({"http.", name, "."}), "http.",
                                      {{"envoy_http_conn_manager_prefix", name}});
}

Scope HttpScope(std::string_view stat_prefix) {
  const std::string name = NamePart(stat_prefix);
  return Scope(Joined({"http.", name, "."}), "http.", {{"envoy_http_conn_manager_prefix", name}});
}

Scope RdsScope(std::string_view stat_prefix, std::string_view route_config) {
  const std::string name = NamePart(route_config);
  return HttpScope(stat_prefix)
      .Child(Joined({"rds.", name, "."}), "rds.", {{"envoy_rds_route_config", name}});
}

Scope HttpRbacScope(std::string_view stat_prefix, std::string_view rules_prefix) {
  Scope rbac = HttpScope(stat_prefix).Child("rbac.", "rbac.");
  if (rules_prefix.empty()) return rbac;
  const std::string name = NamePart(rules_prefix);
  return rbac.Child(Joined({name, "."}), "", {{"envoy_rbac_prefix", name}});
}

Scope HttpLocalRateLimitScope(std::string_view stat_prefix) {
  const std::string name = NamePart(stat_prefix);
  return Scope(Joined({name, ".http_local_rate_limit."}), "http_local_rate_limit.",
               {{"envoy_local_http_ratelimit_prefix", name}});
}

Scope GrpcScope(std::string_view cluster, std::string_view protocol) {
  const std::string part = Joined({protocol, "."});
  return ClusterScope(cluster).Child(part, part);
}

Scope GrpcMethodScope(std::string_view cluster, std::string_view protocol, std::string_view service,
                      std::string_view method) {
  const std::string service_part = NamePart(service);
  const std::string method_part = NamePart(method);
  return GrpcScope(cluster, protocol)
      .Child(
          Joined({service_part, ".", method_part, "."}), "",
          {{"envoy_grpc_bridge_service", service_part}, {"envoy_grpc_bridge_method", method_part}});
}

Scope TcpScope(std::string_view stat_prefix) {
  const std::string name = NamePart(stat_prefix);
  return Scope(Joined({"tcp.", name, "."}), "tcp.", {{"envoy_tcp_prefix", name}});
}

Scope VirtualClusterScope(std::string_view virtual_host, std::string_view virtual_cluster) {
  const std::string host = NamePart(virtual_host);
  const std::string name = NamePart(virtual_cluster);
  return Scope(Joined({"vhost.", host, ".vcluster.", name, "."}), "vhost.vcluster.",
               {{"envoy_virtual_host", host}, {"envoy_virtual_cluster", name}});
}

Scope RouteScope(std::string_view virtual_host, std::string_view stat_prefix) {
  const std::string host = NamePart(virtual_host);
  const std::string name = NamePart(stat_prefix);
  return Scope(Joined({"vhost.", host, ".route.", name, "."}), "vhost.route.",
               {{"envoy_virtual_host", host}, {"envoy_route", name}});
}

}  // namespace outrigger::stats
