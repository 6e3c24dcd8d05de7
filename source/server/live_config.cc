#include "source/server/live_config.h"

#include <algorithm>
#include <utility>

#include "envoy/config/cluster/v3/cluster.pb.h"
#include "envoy/config/endpoint/v3/endpoint.pb.h"
#include "envoy/config/listener/v3/listener.pb.h"
#include "envoy/config/route/v3/route.pb.h"
#include "envoy/extensions/transport_sockets/tls/v3/secret.pb.h"
#include "source/base/text.h"
#include "source/config/loading/unknown_fields.h"
#include "source/config/loading/unpack_any.h"
#include "source/config/secret_config.h"
#include "source/stats/envoy_scopes.h"

namespace outrigger::server {
namespace {

using Compiled = absl::StatusOr<xds::ResourceType::Compiled>;

// Decodes the body and compiles it; `name_of` reads the resource's name, `compile` makes the
// object.
template <typename Proto, typename NameOf, typename Compile>
std::function<Compiled(const google::protobuf::Any&)> Compiling(UnknownFields unknown_fields,
                                                                NameOf name_of, Compile compile) {
  return [unknown_fields, name_of, compile](const google::protobuf::Any& body) -> Compiled {
    Proto proto;
    if (absl::Status status = loading::UnpackAny(body, proto); !status.ok()) return status;
    xds::ResourceType::Compiled compiled{.name = name_of(proto)};
    if (unknown_fields != UnknownFields::kIgnore) {
      for (const loading::UnknownField& field : loading::FindUnknownFields(proto)) {
        compiled.unknown_fields.push_back(loading::Describe(field));
      }
    }
    if (unknown_fields == UnknownFields::kReject && !compiled.unknown_fields.empty()) {
      return base::InvalidArgument(compiled.unknown_fields.front());
    }
    auto object = compile(proto);
    if (!object.ok()) return object.status();
    compiled.object = *std::move(object);
    return compiled;
  };
}

xds::RefusedResource Refused(xds::ReadyResource resource, const absl::Status& status) {
  return {.name = std::move(resource.name),
          .version = std::move(resource.version),
          .body = std::move(resource.body),
          .reason = std::string(base::StdView(status.message()))};
}

}  // namespace

LiveConfig::LiveConfig(event::Loop& loop, const config::Compiler& compiler,
                       UnknownFields unknown_fields, upstream::ClusterSet& clusters,
                       ListenerSet& listeners, RouteSet& routes)
    : loop_(loop),
      compiler_(compiler),
      unknown_fields_(unknown_fields),
      clusters_(clusters),
      listeners_(listeners),
      routes_(routes),
      timer_(loop, [this] { Settle(); }) {}

std::vector<xds::ResourceType> LiveConfig::Types() {
  return {ClusterType(), EndpointType(), ListenerType(), RouteType()};
}

xds::ResourceType LiveConfig::ClusterType() {
  using envoy::config::cluster::v3::Cluster;
  return {.url = kClusterType,
          .is_wildcard = true,
          .compile = Compiling<Cluster>(
              unknown_fields_, [](const Cluster& c) { return c.name(); },
              [this](const Cluster& c) { return compiler_.Cluster(c, true); }),
          .apply = [this](xds::Update u) { return ApplyClusters(std::move(u)); },
          .timed_out = [](const std::vector<std::string>&) {},
          .scope = [](std::string_view) { return stats::PlainScope("cluster_manager.cds."); }};
}

xds::ResourceType LiveConfig::EndpointType() {
  using envoy::config::endpoint::v3::ClusterLoadAssignment;
  using SetPtr = std::shared_ptr<const upstream::EndpointSet>;
  return {.url = kEndpointType,
          .compile = Compiling<ClusterLoadAssignment>(
              unknown_fields_, [](const ClusterLoadAssignment& a) { return a.cluster_name(); },
              [this](const ClusterLoadAssignment& a) -> absl::StatusOr<SetPtr> {
                auto set = compiler_.Endpoints(a);
                if (!set.ok()) return set.status();
                return std::make_shared<const upstream::EndpointSet>(*std::move(set));
              }),
          .apply = [this](const xds::Update& u) { return ApplyEndpoints(u); },
          .timed_out =
              [this](const std::vector<std::string>& names) {
                for (const std::string& n : names) clusters_.StopWaitingForEndpoints(n);
              }};
}

xds::ResourceType LiveConfig::ListenerType() {
  using envoy::config::listener::v3::Listener;
  return {.url = kListenerType,
          .is_wildcard = true,
          .compile = Compiling<Listener>(
              unknown_fields_, [](const Listener& l) { return l.name(); },
              [this](const Listener& l) { return compiler_.Listener(l); }),
          .apply = [this](xds::Update u) { return ApplyListeners(std::move(u)); },
          .timed_out = [](const std::vector<std::string>&) {},
          .scope = [](std::string_view) { return stats::PlainScope("listener_manager.lds."); }};
}

xds::ResourceType LiveConfig::RouteType() {
  using envoy::config::route::v3::RouteConfiguration;
  return {.url = kRouteType,
          .compile = Compiling<RouteConfiguration>(
              unknown_fields_, [](const RouteConfiguration& r) { return r.name(); },
              [this](const RouteConfiguration& r) { return compiler_.Routes(r); }),
          .apply = [this](const xds::Update& u) { return ApplyRoutes(u); },
          .timed_out =
              [this](const std::vector<std::string>& names) {
                for (const std::string& n : names) routes_.StopWaiting(n);
              },
          .scope = [this](std::string_view name) { return listeners_.RdsScopeOf(name); }};
}

CompileSecret LiveConfig::SecretCompiler() const {
  using envoy::extensions::transport_sockets::tls::v3::Secret;
  return Compiling<Secret>(
      unknown_fields_, [](const Secret& s) { return s.name(); },
      [](const Secret& s) -> absl::StatusOr<std::shared_ptr<const CompiledSecret>> {
        auto secret = config::CompileSecret(s);
        if (!secret.ok()) return secret.status();
        return std::make_shared<const CompiledSecret>(CompiledSecret{
            .secret = *std::move(secret), .directories = config::WatchedDirectories(s)});
      });
}

std::vector<xds::RefusedResource> LiveConfig::ApplyClusters(xds::Update update) {
  std::vector<xds::RefusedResource> refused;
  for (xds::ReadyResource& resource : update.changed) {
    removals_.erase(resource.name);
    auto spec = std::static_pointer_cast<const upstream::ClusterSpec>(resource.compiled);
    if (absl::Status status = clusters_.Add(std::move(spec)); !status.ok()) {
      refused.push_back(Refused(std::move(resource), status));
    }
  }
  for (const std::string& name : update.removed) removals_[name] = loop_.Now() + kMostWait;
  Settle();
  return refused;
}

std::vector<xds::RefusedResource> LiveConfig::ApplyEndpoints(const xds::Update& update) {
  for (const xds::ReadyResource& resource : update.changed) {
    clusters_.SetEndpoints(resource.name,
                           *static_cast<const upstream::EndpointSet*>(resource.compiled.get()));
  }
  // A removed assignment leaves the last endpoints in place, as with Envoy: the cluster's own
  // removal is what takes them away.
  Settle();
  return {};
}

std::vector<xds::RefusedResource> LiveConfig::ApplyListeners(xds::Update update) {
  std::vector<xds::RefusedResource> refused;
  // Removals first: a new listener may want the address of one that goes.
  for (const std::string& name : update.removed) listeners_.Remove(name);
  for (xds::ReadyResource& resource : update.changed) {
    auto spec = std::static_pointer_cast<const config::ListenerSpec>(resource.compiled);
    if (absl::Status status = listeners_.Add(std::move(spec), false); !status.ok()) {
      refused.push_back(Refused(std::move(resource), status));
    }
  }
  Settle();
  return refused;
}

std::vector<xds::RefusedResource> LiveConfig::ApplyRoutes(const xds::Update& update) {
  for (const xds::ReadyResource& resource : update.changed) {
    held_tables_[resource.name] = {
        .table = std::static_pointer_cast<const route::RouteTable>(resource.compiled),
        .until = loop_.Now() + kMostWait};
  }
  Settle();
  return {};
}

// --- what waits --------------------------------------------------------------------------------

std::string LiveConfig::WarmingClusterOf(const route::RouteTable& table) const {
  for (const std::string& name : table.clusters()) {
    if (clusters_.IsWarming(name) && !clusters_.IsActive(name)) return name;
  }
  return "";
}

bool LiveConfig::IsUsed(std::string_view cluster) const {
  if (routes_.UsesCluster(cluster) || listeners_.UsesCluster(cluster)) return true;
  const std::string name(cluster);
  return std::any_of(held_tables_.begin(), held_tables_.end(), [&](const auto& held) {
    return held.second.table->clusters().contains(name);
  });
}

void LiveConfig::OnClusterReady() { Settle(); }

void LiveConfig::Settle() {
  const base::MonoTime now = loop_.Now();
  base::MonoTime next = base::MonoTime::max();
  for (auto at = held_tables_.begin(); at != held_tables_.end();) {
    if (at->second.until > now && !WarmingClusterOf(*at->second.table).empty()) {
      next = std::min(next, at->second.until);
      ++at;
      continue;
    }
    routes_.Set(std::move(at->second.table));
    at = held_tables_.erase(at);
  }
  for (auto at = removals_.begin(); at != removals_.end();) {
    if (at->second > now && IsUsed(at->first)) {
      next = std::min(next, at->second);
      ++at;
      continue;
    }
    clusters_.Remove(at->first);
    at = removals_.erase(at);
  }
  timer_.Cancel();
  if (next != base::MonoTime::max()) timer_.Arm(next - now);
}

std::vector<std::string> LiveConfig::Waiting() const {
  std::vector<std::string> lines;
  for (const auto& [name, held] : held_tables_) {
    lines.push_back(
        base::StrCat("routes ", name, " wait for cluster ", WarmingClusterOf(*held.table)));
  }
  for (const auto& [name, until] : removals_) {
    lines.push_back(
        base::StrCat("cluster ", name, " was removed and stays while a route names it"));
  }
  return lines;
}

}  // namespace outrigger::server
