#include "source/config/endpoint_config.h"

#include <bitset>
#include <map>
#include <memory>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "source/config/field_values.h"
#include "source/config/label_config.h"

namespace outrigger::config {
namespace {

using envoy::config::endpoint::v3::ClusterLoadAssignment;
using envoy::config::endpoint::v3::LbEndpoint;
using envoy::config::endpoint::v3::LocalityLbEndpoints;
using upstream::Endpoint;
using upstream::EndpointHealth;

constexpr uint32_t kMaxPriority = 128;

EndpointHealth ToHealth(envoy::config::core::v3::HealthStatus status) {
  switch (status) {
    case envoy::config::core::v3::HEALTHY:
      return EndpointHealth::kHealthy;
    case envoy::config::core::v3::UNHEALTHY:
      return EndpointHealth::kUnhealthy;
    case envoy::config::core::v3::DRAINING:
      return EndpointHealth::kDraining;
    case envoy::config::core::v3::TIMEOUT:
      return EndpointHealth::kTimeout;
    case envoy::config::core::v3::DEGRADED:
      return EndpointHealth::kDegraded;
    default:
      return EndpointHealth::kUnknown;
  }
}

// The labels of one set: equal ones are one object.
class LabelTable {
 public:
  // Null: the endpoint says nothing.
  upstream::EndpointLabelsPtr Find(upstream::EndpointLabels labels) {
    if (labels.own.empty() && labels.locality.empty()) return nullptr;
    auto& known = table_[std::pair(labels.own, labels.locality)];
    if (known == nullptr) {
      known = std::make_shared<const upstream::EndpointLabels>(std::move(labels));
    }
    return known;
  }

 private:
  std::map<std::pair<upstream::Labels, upstream::Labels>, upstream::EndpointLabelsPtr> table_;
};

// Everything but the address and the labels.
Endpoint ReadEndpoint(const LbEndpoint& from, const LocalityLbEndpoints& group,
                      std::shared_ptr<const upstream::Locality> locality, const Place& place) {
  Endpoint endpoint;
  endpoint.hostname = from.endpoint().hostname();
  endpoint.locality = std::move(locality);
  endpoint.priority = group.priority();
  endpoint.health = ToHealth(from.health_status());
  if (from.has_load_balancing_weight()) {
    endpoint.weight = from.load_balancing_weight().value();
    if (endpoint.weight == 0) {
      place.At("load_balancing_weight").Refuse("must be at least 1, got 0");
    }
  }
  return endpoint;
}

std::shared_ptr<const upstream::Locality> ReadLocality(const LocalityLbEndpoints& group) {
  const auto& from = group.locality();
  return std::make_shared<const upstream::Locality>(
      upstream::Locality{from.region(), from.zone(), from.sub_zone()});
}

// A level that holds no endpoint could never take over from the one before it.
void CheckPriorities(const ClusterLoadAssignment& assignment, const Place& place) {
  std::bitset<kMaxPriority + 1> used;
  uint32_t highest = 0;
  for (int i = 0; i < assignment.endpoints_size(); ++i) {
    const uint32_t priority = assignment.endpoints(i).priority();
    if (priority > kMaxPriority) {
      const Place group = place.At("endpoints", i);
      group.At("priority").Refuse(absl::StrCat("must be from 0 to 128, got ", priority));
      return;
    }
    used.set(priority);
    highest = std::max(highest, priority);
  }
  for (uint32_t priority = 0; priority < highest; ++priority) {
    if (used.test(priority)) continue;
    place.At("endpoints")
        .Refuse(absl::StrCat("priority ", priority, " is missing below ", highest,
                             "; number priorities from 0 without gaps"));
    return;
  }
}

using Visit = absl::FunctionRef<void(const LbEndpoint&, Endpoint, const Place&)>;

// Calls with each endpoint and all of it but the address.
void ForEachEndpoint(const ClusterLoadAssignment& assignment, const Place& place, Visit visit) {
  CheckPriorities(assignment, place);
  LabelTable labels;
  for (int i = 0; i < assignment.endpoints_size(); ++i) {
    const LocalityLbEndpoints& group = assignment.endpoints(i);
    const Place group_place = place.At("endpoints", i);
    const auto locality = ReadLocality(group);
    const upstream::Labels of_locality = ReadTransportLabels(group.metadata());
    for (int j = 0; j < group.lb_endpoints_size(); ++j) {
      const LbEndpoint& from = group.lb_endpoints(j);
      const Place at = group_place.At("lb_endpoints", j);
      if (!from.has_endpoint() || !from.endpoint().has_address()) {
        at.At("endpoint.address").Refuse("must be given");
        continue;
      }
      Endpoint endpoint = ReadEndpoint(from, group, locality, at);
      endpoint.labels =
          labels.Find({.own = ReadTransportLabels(from.metadata()), .locality = of_locality});
      visit(from, std::move(endpoint), at.At("endpoint"));
    }
  }
}

}  // namespace

upstream::EndpointSet CompileEndpoints(const ClusterLoadAssignment& assignment,
                                       const Place& place) {
  upstream::EndpointSet set;
  set.overprovisioning_factor_percent = ReadOverprovisioningFactor(assignment, place);
  ForEachEndpoint(
      assignment, place, [&set](const LbEndpoint& from, Endpoint endpoint, const Place& at) {
        endpoint.addresses.push_back(ReadAddress(from.endpoint().address(), at.At("address")));
        for (int i = 0; i < from.endpoint().additional_addresses_size(); ++i) {
          const Place item = at.At("additional_addresses", i);
          const net::Address address =
              ReadAddress(from.endpoint().additional_addresses(i).address(), item.At("address"));
          if (address.is_unix()) item.At("address").Refuse("must be an IP address");
          endpoint.addresses.push_back(address);
        }
        set.endpoints.push_back(std::make_shared<const Endpoint>(std::move(endpoint)));
      });
  return set;
}

std::vector<upstream::DnsName> CompileDnsNames(const ClusterLoadAssignment& assignment,
                                               const Place& place) {
  std::vector<upstream::DnsName> names;
  ForEachEndpoint(
      assignment, place, [&names](const LbEndpoint& from, Endpoint like, const Place& at) {
        const Place address = at.At("address");
        if (!from.endpoint().address().has_socket_address()) {
          return address.Refuse(
              "must be a socket_address with a host name; give type: STATIC for a pipe");
        }
        if (from.endpoint().additional_addresses_size() > 0) {
          at.At("additional_addresses").Refuse("are for clusters of type STATIC and EDS");
        }
        const Place socket = address.At("socket_address");
        const auto& name = from.endpoint().address().socket_address();
        if (name.address().empty()) socket.At("address").Refuse("must be given");
        if (like.hostname.empty()) like.hostname = name.address();
        names.push_back({name.address(), ReadPort(name, socket), std::move(like)});
      });
  return names;
}

uint32_t ReadOverprovisioningFactor(const ClusterLoadAssignment& assignment, const Place& place) {
  constexpr uint32_t kDefaultPercent = 140;
  if (!assignment.policy().has_overprovisioning_factor()) return kDefaultPercent;
  const uint32_t percent = assignment.policy().overprovisioning_factor().value();
  if (percent == 0) place.At("policy.overprovisioning_factor").Refuse("must be at least 1, got 0");
  return percent;
}

}  // namespace outrigger::config
