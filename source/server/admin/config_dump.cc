#include "source/server/admin/config_dump.h"

#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "envoy/admin/v3/config_dump.pb.h"
#include "envoy/admin/v3/config_dump_shared.pb.h"
#include "envoy/config/route/v3/route.pb.h"
#include "envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.pb.h"
#include "envoy/extensions/transport_sockets/tls/v3/secret.pb.h"
#include "source/config/loading/redaction.h"
#include "source/config/loading/unpack_any.h"
#include "source/server/admin/messages.h"
#include "source/server/admin/unknown_content.h"

namespace outrigger::server {
namespace {

using envoy::config::cluster::v3::Cluster;
using envoy::config::endpoint::v3::ClusterLoadAssignment;
using envoy::config::listener::v3::Listener;
using envoy::config::route::v3::RouteConfiguration;
using envoy::extensions::filters::network::http_connection_manager::v3::HttpConnectionManager;
using envoy::extensions::transport_sockets::tls::v3::Secret;

google::protobuf::Timestamp ToTimestamp(absl::Time time) {
  google::protobuf::Timestamp stamp;
  const int64_t milliseconds = absl::ToUnixMillis(time);
  stamp.set_seconds(milliseconds / 1000);
  stamp.set_nanos(static_cast<int32_t>(milliseconds % 1000) * 1'000'000);
  return stamp;
}

template <typename Resource>
std::string TypeUrl() {
  return "type.googleapis.com/" + Resource::descriptor()->full_name();
}

template <typename Resource>
xds::TypeDescription StateOf(const std::vector<xds::TypeDescription>& xds) {
  for (const xds::TypeDescription& type : xds) {
    if (type.type_url == TypeUrl<Resource>()) return type;
  }
  return {};
}

void SetName(const std::string& name, ClusterLoadAssignment& assignment) {
  assignment.set_cluster_name(name);
}
template <typename Resource>
void SetName(const std::string& name, Resource& resource) {
  resource.set_name(name);
}

// The version in use. Where there is none the status says so, and a message with nothing but the
// name says whose status it is: the entries of most dumps have no name of their own.
template <typename Resource>
google::protobuf::Any BodyOf(const xds::ResourceDescription& resource) {
  if (!resource.body.type_url().empty()) return resource.body;
  Resource only_name;
  SetName(resource.name, only_name);
  google::protobuf::Any any;
  any.PackFrom(only_name);
  return any;
}

template <typename Entry>
void SetStatus(const xds::ResourceDescription& resource, Entry* entry) {
  entry->set_client_status(static_cast<envoy::admin::v3::ClientResourceStatus>(resource.status));
  if (!resource.refused) return;
  envoy::admin::v3::UpdateFailureState& failure = *entry->mutable_error_state();
  *failure.mutable_failed_configuration() = resource.refused->body;
  *failure.mutable_last_update_attempt() = ToTimestamp(resource.refused->time);
  failure.set_details(resource.refused->details);
  failure.set_version_info(resource.refused->version);
}

// Version and time of what is in use, if anything is.
template <typename Entry>
void SetVersion(const xds::ResourceDescription& resource, Entry* entry) {
  if (resource.body.type_url().empty()) return;
  entry->set_version_info(resource.version);
  *entry->mutable_last_updated() = ToTimestamp(resource.last_updated);
}

using Dump = std::unique_ptr<google::protobuf::Message>;

Dump DumpBootstrap(const ConfigSources& sources) {
  auto dump = std::make_unique<envoy::admin::v3::BootstrapConfigDump>();
  *dump->mutable_bootstrap() = sources.bootstrap;
  *dump->mutable_last_updated() = ToTimestamp(sources.loaded_at);
  return dump;
}

// --- clusters ----------------------------------------------------------------------------------

Dump DumpClusters(const ConfigSources& sources, const std::vector<xds::TypeDescription>& xds,
                  const DumpSelection& selection) {
  auto dump = std::make_unique<envoy::admin::v3::ClustersConfigDump>();
  for (const Cluster& cluster : sources.bootstrap.static_resources().clusters()) {
    if (!selection.admits(cluster.name())) continue;
    auto& entry = *dump->add_static_clusters();
    entry.mutable_cluster()->PackFrom(cluster);
    *entry.mutable_last_updated() = ToTimestamp(sources.loaded_at);
  }
  absl::flat_hash_set<std::string> serving;  // their newest version
  for (const auto& listing : sources.clusters.Describe()) {
    if (listing.active != nullptr && listing.warming == nullptr) serving.insert(listing.name);
  }
  const xds::TypeDescription state = StateOf<Cluster>(xds);
  dump->set_version_info(state.version);
  for (const xds::ResourceDescription& resource : state.resources) {
    if (!selection.admits(resource.name)) continue;
    auto& entry = serving.contains(resource.name) ? *dump->add_dynamic_active_clusters()
                                                  : *dump->add_dynamic_warming_clusters();
    *entry.mutable_cluster() = BodyOf<Cluster>(resource);
    SetVersion(resource, &entry);
    SetStatus(resource, &entry);
  }
  return dump;
}

// --- endpoints ---------------------------------------------------------------------------------

bool IsSameGroup(const envoy::config::endpoint::v3::LocalityLbEndpoints& group,
                 const upstream::Endpoint& endpoint, const upstream::Locality& locality) {
  return group.priority() == endpoint.priority && group.locality().region() == locality.region &&
         group.locality().zone() == locality.zone &&
         group.locality().sub_zone() == locality.sub_zone;
}

// Neighbours of one locality and priority are one group, as the resource had them.
void AddEndpoint(const upstream::Endpoint& endpoint, ClusterLoadAssignment& assignment) {
  static const upstream::Locality nowhere;
  const upstream::Locality& locality = endpoint.locality == nullptr ? nowhere : *endpoint.locality;
  auto& groups = *assignment.mutable_endpoints();
  if (groups.empty() || !IsSameGroup(groups[groups.size() - 1], endpoint, locality)) {
    auto& group = *groups.Add();
    group.set_priority(endpoint.priority);
    *group.mutable_locality() = ToMessage(locality);
  }
  auto& out = *groups[groups.size() - 1].add_lb_endpoints();
  out.set_health_status(static_cast<envoy::config::core::v3::HealthStatus>(endpoint.health));
  out.mutable_load_balancing_weight()->set_value(endpoint.weight);
  *out.mutable_endpoint()->mutable_address() = ToMessage(endpoint.address());
  out.mutable_endpoint()->set_hostname(endpoint.hostname);
  for (size_t i = 1; i < endpoint.addresses.size(); ++i) {
    *out.mutable_endpoint()->add_additional_addresses()->mutable_address() =
        ToMessage(endpoint.addresses[i]);
  }
}

Dump DumpEndpoints(const ConfigSources& sources, const std::vector<xds::TypeDescription>& xds,
                   const DumpSelection& selection) {
  auto dump = std::make_unique<envoy::admin::v3::EndpointsConfigDump>();
  for (const auto& listing : sources.clusters.Describe()) {
    if (listing.active == nullptr || listing.endpoints == nullptr) continue;
    if (listing.active->discovery == upstream::Discovery::kEds) continue;
    if (!selection.admits(listing.name)) continue;
    ClusterLoadAssignment assignment;
    assignment.set_cluster_name(listing.name);
    for (const auto& endpoint : listing.endpoints->endpoints) AddEndpoint(*endpoint, assignment);
    dump->add_static_endpoint_configs()->mutable_endpoint_config()->PackFrom(assignment);
  }
  for (const xds::ResourceDescription& resource : StateOf<ClusterLoadAssignment>(xds).resources) {
    if (!selection.admits(resource.name)) continue;
    auto& entry = *dump->add_dynamic_endpoint_configs();
    *entry.mutable_endpoint_config() = BodyOf<ClusterLoadAssignment>(resource);
    SetVersion(resource, &entry);
    SetStatus(resource, &entry);
  }
  return dump;
}

// --- listeners and routes ----------------------------------------------------------------------

Dump DumpListeners(const ConfigSources& sources, const std::vector<xds::TypeDescription>& xds,
                   const DumpSelection& selection) {
  auto dump = std::make_unique<envoy::admin::v3::ListenersConfigDump>();
  for (const Listener& listener : sources.bootstrap.static_resources().listeners()) {
    if (!selection.admits(listener.name())) continue;
    auto& entry = *dump->add_static_listeners();
    entry.mutable_listener()->PackFrom(listener);
    *entry.mutable_last_updated() = ToTimestamp(sources.loaded_at);
  }
  absl::flat_hash_set<std::string> warming;
  for (const ListenerSet::Listing& listing : sources.listeners.List()) {
    if (listing.warming != nullptr) warming.insert(listing.name);
  }
  const xds::TypeDescription state = StateOf<Listener>(xds);
  dump->set_version_info(state.version);
  for (const xds::ResourceDescription& resource : state.resources) {
    if (!selection.admits(resource.name)) continue;
    auto& entry = *dump->add_dynamic_listeners();
    entry.set_name(resource.name);
    SetStatus(resource, &entry);
    if (resource.body.type_url().empty()) continue;
    auto& version = warming.contains(resource.name) ? *entry.mutable_warming_state()
                                                    : *entry.mutable_active_state();
    *version.mutable_listener() = resource.body;
    SetVersion(resource, &version);
  }
  return dump;
}

void AddInlineRoutes(const envoy::config::listener::v3::FilterChain& chain, absl::Time since,
                     const DumpSelection& selection, envoy::admin::v3::RoutesConfigDump& dump) {
  for (const auto& filter : chain.filters()) {
    HttpConnectionManager http;
    if (!loading::UnpackAny(filter.typed_config(), http).ok() || !http.has_route_config() ||
        !selection.admits(http.route_config().name())) {
      continue;
    }
    auto& entry = *dump.add_static_route_configs();
    entry.mutable_route_config()->PackFrom(http.route_config());
    *entry.mutable_last_updated() = ToTimestamp(since);
  }
}

void AddInlineRoutes(const Listener& listener, absl::Time since, const DumpSelection& selection,
                     envoy::admin::v3::RoutesConfigDump& dump) {
  for (const auto& chain : listener.filter_chains()) {
    AddInlineRoutes(chain, since, selection, dump);
  }
  AddInlineRoutes(listener.default_filter_chain(), since, selection, dump);
}

Dump DumpRoutes(const ConfigSources& sources, const std::vector<xds::TypeDescription>& xds,
                const DumpSelection& selection) {
  auto dump = std::make_unique<envoy::admin::v3::RoutesConfigDump>();
  for (const Listener& listener : sources.bootstrap.static_resources().listeners()) {
    AddInlineRoutes(listener, sources.loaded_at, selection, *dump);
  }
  for (const xds::ResourceDescription& resource : StateOf<Listener>(xds).resources) {
    Listener listener;
    if (!loading::UnpackAny(resource.body, listener).ok()) continue;
    AddInlineRoutes(listener, resource.last_updated, selection, *dump);
  }
  for (const xds::ResourceDescription& resource : StateOf<RouteConfiguration>(xds).resources) {
    if (!selection.admits(resource.name)) continue;
    auto& entry = *dump->add_dynamic_route_configs();
    *entry.mutable_route_config() = BodyOf<RouteConfiguration>(resource);
    SetVersion(resource, &entry);
    SetStatus(resource, &entry);
  }
  return dump;
}

// --- secrets -----------------------------------------------------------------------------------

Dump DumpSecrets(const ConfigSources& sources, const DumpSelection& selection) {
  auto dump = std::make_unique<envoy::admin::v3::SecretsConfigDump>();
  for (const Secret& secret : sources.bootstrap.static_resources().secrets()) {
    if (!selection.admits(secret.name())) continue;
    auto& entry = *dump->add_static_secrets();
    entry.set_name(secret.name());
    entry.mutable_secret()->PackFrom(secret);
    *entry.mutable_last_updated() = ToTimestamp(sources.loaded_at);
  }
  for (const SecretDescription& secret : sources.secrets()) {
    const xds::ResourceDescription& resource = secret.resource;
    if (!selection.admits(resource.name)) continue;
    auto& entry = resource.body.type_url().empty() ? *dump->add_dynamic_warming_secrets()
                                                   : *dump->add_dynamic_active_secrets();
    entry.set_name(resource.name);
    *entry.mutable_secret() = BodyOf<Secret>(resource);
    SetVersion(resource, &entry);
    SetStatus(resource, &entry);
  }
  return dump;
}

}  // namespace

std::vector<std::unique_ptr<google::protobuf::Message>> DumpConfig(const ConfigSources& sources,
                                                                   const DumpSelection& selection) {
  const std::vector<xds::TypeDescription> xds = sources.xds().types;
  std::vector<Dump> dumps;
  dumps.push_back(DumpBootstrap(sources));
  dumps.push_back(DumpClusters(sources, xds, selection));
  if (selection.includes_endpoints) dumps.push_back(DumpEndpoints(sources, xds, selection));
  dumps.push_back(DumpListeners(sources, xds, selection));
  // Of these there are none; tools look for the message all the same.
  dumps.push_back(std::make_unique<envoy::admin::v3::ScopedRoutesConfigDump>());
  dumps.push_back(DumpRoutes(sources, xds, selection));
  dumps.push_back(DumpSecrets(sources, selection));
  for (const Dump& dump : dumps) {
    ClearUnknownContent(*dump);
    loading::Redact(*dump);
  }
  return dumps;
}

}  // namespace outrigger::server
