#include "source/server/admin/cluster_pages.h"

#include <array>
#include <string>

#include "envoy/admin/v3/clusters.pb.h"
#include "source/base/text.h"
#include "source/server/admin/messages.h"

namespace outrigger::server {
namespace {

using Listing = upstream::ClusterSet::Listing;

struct EndpointNumber {
  std::string_view name;
  bool is_gauge;
  uint64_t value;
};

// By name, as Envoy's lines are.
std::array<EndpointNumber, 8> NumbersOf(const upstream::Endpoint& endpoint) {
  static const upstream::EndpointTally nothing_counted;
  const upstream::EndpointTally& tally =
      endpoint.tally == nullptr ? nothing_counted : *endpoint.tally;
  return {{{"cx_active", true, tally.cx_active().Value()},
           {"cx_connect_fail", false, tally.cx_connect_fail().Value()},
           {"cx_total", false, tally.cx_total().Value()},
           {"rq_active", true, tally.rq_active().Value()},
           {"rq_error", false, tally.rq_error().Value()},
           {"rq_success", false, tally.rq_success().Value()},
           {"rq_timeout", false, tally.rq_timeout().Value()},
           {"rq_total", false, tally.rq_total().Value()}}};
}

const upstream::Locality& LocalityOf(const upstream::Endpoint& endpoint) {
  static const upstream::Locality nowhere;
  return endpoint.locality == nullptr ? nowhere : *endpoint.locality;
}

// --- text --------------------------------------------------------------------------------------

void AppendBreakers(const std::string& name, std::string_view priority,
                    const upstream::CircuitBreakerLimits& limits, std::string* out) {
  const std::string start = base::StrCat(name, "::", priority, "_priority::max_");
  base::StrAppend(out, start, "connections::", limits.max_connections, "\n");
  base::StrAppend(out, start, "pending_requests::", limits.max_pending_requests, "\n");
  base::StrAppend(out, start, "requests::", limits.max_requests, "\n");
  base::StrAppend(out, start, "retries::", limits.max_retries, "\n");
}

void AppendEndpoint(const std::string& name, const upstream::Endpoint& endpoint, std::string* out) {
  const std::string start = base::StrCat(name, "::", endpoint.address().ToString(), "::");
  for (const EndpointNumber& number : NumbersOf(endpoint)) {
    base::StrAppend(out, start, number.name, "::", number.value, "\n");
  }
  const upstream::Locality& locality = LocalityOf(endpoint);
  base::StrAppend(out, start, "hostname::", endpoint.hostname, "\n");
  base::StrAppend(out, start, "health_flags::", HealthFlags(endpoint.health), "\n");
  base::StrAppend(out, start, "weight::", endpoint.weight, "\n");
  base::StrAppend(out, start, "region::", locality.region, "\n");
  base::StrAppend(out, start, "zone::", locality.zone, "\n");
  base::StrAppend(out, start, "sub_zone::", locality.sub_zone, "\n");
  // There is neither canary metadata nor outlier detection: Envoy's values where it has none.
  base::StrAppend(out, start, "canary::false\n");
  base::StrAppend(out, start, "priority::", endpoint.priority, "\n");
  base::StrAppend(out, start, "success_rate::-1\n");
  base::StrAppend(out, start, "local_origin_success_rate::-1\n");
}

void AppendCluster(const Listing& listing, std::string* out) {
  const upstream::ClusterSpec& spec = *listing.active;
  const std::string& name = listing.name;
  base::StrAppend(out, name, "::observability_name::", spec.stat_name, "\n");
  AppendBreakers(name, "default", spec.breakers[0], out);
  AppendBreakers(name, "high", spec.breakers[1], out);
  base::StrAppend(out, name, "::added_via_api::", spec.added_via_api ? "true" : "false", "\n");
  if (!spec.eds_service_name.empty()) {
    base::StrAppend(out, name, "::eds_service_name::", spec.eds_service_name, "\n");
  }
  if (listing.endpoints == nullptr) return;
  for (const auto& endpoint : listing.endpoints->endpoints) AppendEndpoint(name, *endpoint, out);
}

AdminReply ServeText(const std::vector<Listing>& listings) {
  AdminReply reply;
  std::string text;
  for (const Listing& listing : listings) {
    if (listing.active == nullptr) continue;
    text.clear();
    AppendCluster(listing, &text);
    reply.body.Append(text);
  }
  return reply;
}

// --- JSON --------------------------------------------------------------------------------------

void AddThresholds(envoy::config::core::v3::RoutingPriority priority,
                   const upstream::CircuitBreakerLimits& limits,
                   envoy::config::cluster::v3::CircuitBreakers* out) {
  auto& thresholds = *out->add_thresholds();
  thresholds.set_priority(priority);
  thresholds.mutable_max_connections()->set_value(limits.max_connections);
  thresholds.mutable_max_pending_requests()->set_value(limits.max_pending_requests);
  thresholds.mutable_max_requests()->set_value(limits.max_requests);
  thresholds.mutable_max_retries()->set_value(limits.max_retries);
}

// Envoy does not pass on what EDS said but what it makes of it.
envoy::config::core::v3::HealthStatus EdsHealth(upstream::EndpointHealth health) {
  switch (health) {
    case upstream::EndpointHealth::kUnknown:
    case upstream::EndpointHealth::kHealthy:
      return envoy::config::core::v3::HEALTHY;
    case upstream::EndpointHealth::kUnhealthy:
    case upstream::EndpointHealth::kTimeout:
      return envoy::config::core::v3::UNHEALTHY;
    case upstream::EndpointHealth::kDraining:
      return envoy::config::core::v3::DRAINING;
    case upstream::EndpointHealth::kDegraded:
      return envoy::config::core::v3::DEGRADED;
  }
  return envoy::config::core::v3::UNKNOWN;
}

void FillHost(const upstream::Endpoint& endpoint, envoy::admin::v3::HostStatus* host) {
  *host->mutable_address() = ToMessage(endpoint.address());
  for (const EndpointNumber& number : NumbersOf(endpoint)) {
    auto& metric = *host->add_stats();
    metric.set_name(std::string(number.name));
    metric.set_value(number.value);
    if (number.is_gauge) metric.set_type(envoy::admin::v3::SimpleMetric::GAUGE);
  }
  host->mutable_health_status()->set_eds_health_status(EdsHealth(endpoint.health));
  host->set_weight(endpoint.weight);
  host->set_hostname(endpoint.hostname);
  host->set_priority(endpoint.priority);
  *host->mutable_locality() = ToMessage(LocalityOf(endpoint));
}

AdminReply ServeJson(const std::vector<Listing>& listings) {
  envoy::admin::v3::Clusters message;
  for (const Listing& listing : listings) {
    if (listing.active == nullptr) continue;
    const upstream::ClusterSpec& spec = *listing.active;
    auto& status = *message.add_cluster_statuses();
    status.set_name(listing.name);
    status.set_observability_name(spec.stat_name);
    status.set_added_via_api(spec.added_via_api);
    status.set_eds_service_name(spec.eds_service_name);
    AddThresholds(envoy::config::core::v3::DEFAULT, spec.breakers[0],
                  status.mutable_circuit_breakers());
    AddThresholds(envoy::config::core::v3::HIGH, spec.breakers[1],
                  status.mutable_circuit_breakers());
    if (listing.endpoints == nullptr) continue;
    for (const auto& endpoint : listing.endpoints->endpoints) {
      FillHost(*endpoint, status.add_host_statuses());
    }
  }
  return MessageReply(message);
}

}  // namespace

std::string_view HealthFlags(upstream::EndpointHealth health) {
  switch (health) {
    case upstream::EndpointHealth::kUnknown:
    case upstream::EndpointHealth::kHealthy:
      return "healthy";
    case upstream::EndpointHealth::kUnhealthy:
    case upstream::EndpointHealth::kTimeout:
      return "/failed_eds_health";
    case upstream::EndpointHealth::kDraining:
      return "/eds_status_draining";
    case upstream::EndpointHealth::kDegraded:
      return "/degraded_eds_health";
  }
  return "";
}

void AddClusterPages(Admin& admin, const upstream::ClusterSet& clusters) {
  admin.Add({.path = "/clusters",
             .about = "clusters that serve, their limits and endpoints",
             .parameters = {{"format", "text (default) or json"}},
             .serve = [&clusters](const AdminRequest& request) {
               const absl::StatusOr<bool> json = WantsJson(request);
               if (!json.ok()) return BadRequest(json.status());
               return *json ? ServeJson(clusters.Describe()) : ServeText(clusters.Describe());
             }});
}

}  // namespace outrigger::server
