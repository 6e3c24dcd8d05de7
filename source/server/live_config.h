#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "source/config/compile.h"
#include "source/server/listener_set.h"
#include "source/server/route_set.h"
#include "source/server/secret_intake.h"
#include "source/upstream/cluster_set.h"
#include "source/xds/resource_type.h"

namespace outrigger::server {

inline constexpr std::string_view kClusterType =
    "type.googleapis.com/envoy.config.cluster.v3.Cluster";
inline constexpr std::string_view kEndpointType =
    "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment";
inline constexpr std::string_view kListenerType =
    "type.googleapis.com/envoy.config.listener.v3.Listener";
inline constexpr std::string_view kRouteType =
    "type.googleapis.com/envoy.config.route.v3.RouteConfiguration";

// What becomes of a resource with fields that our schema does not have.
enum class UnknownFields : uint8_t { kWarn, kIgnore, kReject };

// Puts into effect what the control plane sends, in the order of its dependencies, whatever order
// it came in: a route table waits for the clusters that it names and that are still warming, and a
// cluster that was removed stays while a route table names it. Both waits are bounded: a control
// plane that never sends the rest does not hold up what it did send.
// Owner: the server.  Thread: main, but for the types' `compile`, which runs on the compile thread.
class LiveConfig final {
 public:
  // How long a route table waits for warming clusters, and a removed cluster for its last route.
  static constexpr base::Milliseconds kMostWait{15'000};

  LiveConfig(event::Loop& loop, const config::Compiler& compiler, UnknownFields unknown_fields,
             upstream::ClusterSet& clusters, ListenerSet& listeners, RouteSet& routes);

  // CDS, EDS, LDS and RDS, for the xDS client; they borrow this object.
  std::vector<xds::ResourceType> Types();
  // What decodes and compiles secrets, whichever way they come.
  CompileSecret SecretCompiler() const;

  // A cluster became ready, or stopped waiting.
  void OnClusterReady();
  // Names of what waits, for /clusters and the home page: "route local_route waits for cluster b".
  std::vector<std::string> Waiting() const;

 private:
  struct HeldTable {
    RouteSet::Table table;
    base::MonoTime until;
  };

  xds::ResourceType ClusterType();
  xds::ResourceType EndpointType();
  xds::ResourceType ListenerType();
  xds::ResourceType RouteType();
  // Each returns what it had to refuse itself.
  std::vector<xds::RefusedResource> ApplyClusters(xds::Update update);
  std::vector<xds::RefusedResource> ApplyEndpoints(const xds::Update& update);
  std::vector<xds::RefusedResource> ApplyListeners(xds::Update update);
  std::vector<xds::RefusedResource> ApplyRoutes(const xds::Update& update);

  std::string WarmingClusterOf(const route::RouteTable& table) const;
  bool IsUsed(std::string_view cluster) const;
  // Looks again at everything that waits.
  void Settle();

  event::Loop& loop_;
  const config::Compiler& compiler_;
  const UnknownFields unknown_fields_;
  upstream::ClusterSet& clusters_;
  ListenerSet& listeners_;
  RouteSet& routes_;
  absl::btree_map<std::string, HeldTable> held_tables_;
  absl::btree_map<std::string, base::MonoTime> removals_;  // clusters, and until when they may stay
  event::Timer timer_;
};

}  // namespace outrigger::server
