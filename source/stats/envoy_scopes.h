#pragma once

#include <string_view>

#include "source/stats/scope.h"

// The scopes whose names Envoy takes apart for Prometheus. Envoy finds the parts by regular
// expressions over finished names; here the scope knows them. Names from the configuration pass
// through NamePart.
namespace outrigger::stats {

// `cluster.<name>.`: envoy_cluster_...{envoy_cluster_name}
Scope ClusterScope(std::string_view cluster);
// `listener.<address>.`: envoy_listener_...{envoy_listener_address}; `address` is the listener's
// stat_prefix or `0.0.0.0:10000`, which becomes `0.0.0.0_10000`.
Scope ListenerScope(std::string_view address);
// `listener.<address>.worker_<n>.`:
// envoy_listener_worker_...{envoy_listener_address,envoy_worker_id}
Scope ListenerWorkerScope(std::string_view address, std::string_view worker);
// `listener.<address>.http.<prefix>.`, the per-listener twin of HttpScope:
// envoy_listener_http_...{envoy_listener_address,envoy_http_conn_manager_prefix}
Scope ListenerHttpScope(std::string_view address, std::string_view stat_prefix);
// `http.<prefix>.`: envoy_http_...{envoy_http_conn_manager_prefix}
Scope HttpScope(std::string_view stat_prefix);
// `http.<prefix>.rds.<route>.`: envoy_http_rds_...{...,envoy_rds_route_config}
Scope RdsScope(std::string_view stat_prefix, std::string_view route_config);
// `http.<prefix>.rbac.` or, with rules' own prefix, `http.<prefix>.rbac.<rules>.`:
// envoy_http_rbac_...{...,envoy_rbac_prefix where there is one}
Scope HttpRbacScope(std::string_view stat_prefix, std::string_view rules_prefix);
// `<prefix>.http_local_rate_limit.`:
// envoy_http_local_rate_limit_...{envoy_local_http_ratelimit_prefix}
Scope HttpLocalRateLimitScope(std::string_view stat_prefix);
// `cluster.<cluster>.<protocol>.`, of gRPC calls (`grpc`, `grpc-web`):
// envoy_cluster_grpc_...{envoy_cluster_name}
Scope GrpcScope(std::string_view cluster, std::string_view protocol);
// `cluster.<cluster>.<protocol>.<service>.<method>.`: envoy_cluster_grpc_...
// {envoy_cluster_name,envoy_grpc_bridge_service,envoy_grpc_bridge_method}
Scope GrpcMethodScope(std::string_view cluster, std::string_view protocol, std::string_view service,
                      std::string_view method);
// `tcp.<prefix>.`: envoy_tcp_...{envoy_tcp_prefix}
Scope TcpScope(std::string_view stat_prefix);
// `vhost.<vhost>.vcluster.<name>.`:
// envoy_vhost_vcluster_...{envoy_virtual_host,envoy_virtual_cluster}
Scope VirtualClusterScope(std::string_view virtual_host, std::string_view virtual_cluster);
// `vhost.<vhost>.route.<prefix>.`: envoy_vhost_route_...{envoy_virtual_host,envoy_route}
Scope RouteScope(std::string_view virtual_host, std::string_view stat_prefix);
// A scope with no labels, `server.`, `listener_manager.`, `cluster_manager.cds.`,
// `control_plane.`, `filesystem.`: envoy_server_...
Scope PlainScope(std::string_view prefix);

}  // namespace outrigger::stats
