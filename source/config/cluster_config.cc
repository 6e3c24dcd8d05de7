#include "source/config/cluster_config.h"

#include <algorithm>
#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "envoy/extensions/load_balancing_policies/least_request/v3/least_request.pb.h"
#include "envoy/extensions/load_balancing_policies/random/v3/random.pb.h"
#include "envoy/extensions/load_balancing_policies/round_robin/v3/round_robin.pb.h"
#include "source/config/cluster_protocol_config.h"
#include "source/config/dns_config.h"
#include "source/config/endpoint_config.h"
#include "source/config/field_values.h"
#include "source/config/fingerprint.h"
#include "source/config/loading/unpack_any.h"
#include "source/config/transport_config.h"

namespace outrigger::config {
namespace {

using envoy::config::cluster::v3::CircuitBreakers;
using envoy::config::cluster::v3::Cluster;
using envoy::extensions::load_balancing_policies::least_request::v3::LeastRequest;
using envoy::extensions::load_balancing_policies::round_robin::v3::RoundRobin;
using PolicyRandom = envoy::extensions::load_balancing_policies::random::v3::Random;
using upstream::ClusterSpec;
using upstream::LbPolicy;

void ReadEds(const Cluster& cluster, ClusterSpec& spec, const Place& place) {
  spec.discovery = upstream::Discovery::kEds;
  const Place at = place.At("eds_cluster_config");
  if (!cluster.has_eds_cluster_config()) return at.Refuse("must be given for type EDS");
  const auto& eds = cluster.eds_cluster_config();
  const Place source = at.At("eds_config");
  RequireAds(eds.eds_config(), source);
  spec.eds_initial_fetch_timeout = ReadInitialFetchTimeout(eds.eds_config(), source);
  spec.eds_service_name = eds.service_name().empty() ? cluster.name() : eds.service_name();
  if (cluster.has_load_assignment()) {
    place.At("load_assignment").Refuse("is for types STATIC, STRICT_DNS and LOGICAL_DNS");
  }
}

void ReadOriginalDst(const Cluster& cluster, ClusterSpec& spec, const Place& place) {
  spec.discovery = upstream::Discovery::kOriginalDst;
  if (cluster.lb_policy() != Cluster::CLUSTER_PROVIDED) {
    place.At("lb_policy").Refuse("must be CLUSTER_PROVIDED for type ORIGINAL_DST");
  }
  if (cluster.has_load_assignment()) {
    place.At("load_assignment").Refuse("is for types STATIC and STRICT_DNS");
  }
  if (cluster.has_cleanup_interval()) {
    spec.cleanup_interval =
        ReadPositiveDuration(cluster.cleanup_interval(), place.At("cleanup_interval"));
  }
  const auto& from = cluster.original_dst_lb_config();
  const Place at = place.At("original_dst_lb_config");
  if (from.use_http_header()) {
    spec.destination_header = from.http_header_name().empty()
                                  ? "x-envoy-original-dst-host"
                                  : absl::AsciiStrToLower(from.http_header_name());
  } else if (!from.http_header_name().empty()) {
    at.At("http_header_name").Refuse("has a meaning only with use_http_header: true");
  }
  if (from.has_upstream_port_override()) {
    constexpr uint32_t kMostPort = 65535;
    const uint32_t port = from.upstream_port_override().value();
    if (port < 1 || port > kMostPort) {
      at.At("upstream_port_override").Refuse(absl::StrCat("must be from 1 to 65535, got ", port));
    }
    spec.destination_port = static_cast<uint16_t>(port);
  }
}

void ReadDiscovery(const Cluster& cluster, ClusterSpec& spec, const Place& place) {
  if (cluster.type() == Cluster::ORIGINAL_DST) {
    if (cluster.has_eds_cluster_config()) place.At("eds_cluster_config").Refuse("is for type EDS");
    return ReadOriginalDst(cluster, spec, place);
  }
  if (cluster.lb_policy() == Cluster::CLUSTER_PROVIDED) {
    place.At("lb_policy").Refuse("CLUSTER_PROVIDED is for type ORIGINAL_DST");
  }
  if (cluster.has_original_dst_lb_config()) {
    place.At("original_dst_lb_config").Refuse("is for type ORIGINAL_DST");
  }
  if (cluster.type() == Cluster::EDS) return ReadEds(cluster, spec, place);
  if (cluster.has_eds_cluster_config()) place.At("eds_cluster_config").Refuse("is for type EDS");
  const Place at = place.At("load_assignment");
  spec.overprovisioning_factor_percent = ReadOverprovisioningFactor(cluster.load_assignment(), at);
  if (cluster.has_cluster_type() || cluster.type() == Cluster::STRICT_DNS ||
      cluster.type() == Cluster::LOGICAL_DNS) {
    ReadDnsDiscovery(cluster, spec, place);
  } else if (cluster.type() == Cluster::STATIC) {
    spec.discovery = upstream::Discovery::kStatic;
    spec.static_endpoints = CompileEndpoints(cluster.load_assignment(), at);
  }
}

uint32_t ReadChoices(const google::protobuf::UInt32Value& count, const Place& place) {
  constexpr uint32_t kLeast = 2, kMost = 1024;
  if (count.value() < kLeast || count.value() > kMost) {
    place.Refuse(absl::StrCat("must be from 2 to 1024, got ", count.value()));
  }
  return count.value();
}

// Of both forms of least request, the old one of the cluster and the extension.
template <typename Config>
void ReadLeastRequest(const Config& config, const CompileEnvironment& environment,
                      ClusterSpec& spec, const Place& place) {
  if (config.has_choice_count()) {
    spec.least_request_choices = ReadChoices(config.choice_count(), place.At("choice_count"));
  }
  if (config.has_active_request_bias()) {
    const double bias = environment.runtime.Resolve(config.active_request_bias());
    if (bias != 1.0) {
      place.At("active_request_bias")
          .Refuse(absl::StrCat("values other than 1 are not implemented, got ", bias));
    }
  }
}

void ReadPolicyList(const Cluster& cluster, const CompileEnvironment& environment,
                    ClusterSpec& spec, const Place& place) {
  const Place at = place.At("load_balancing_policy");
  std::string unknown;
  for (int i = 0; i < cluster.load_balancing_policy().policies_size(); ++i) {
    const auto& any =
        cluster.load_balancing_policy().policies(i).typed_extension_config().typed_config();
    const Place item = at.At("policies", i);
    const Place config_place = item.At("typed_extension_config.typed_config");
    const std::string type = loading::ResolvedTypeName(any);
    if (type == LeastRequest::descriptor()->full_name()) {
      LeastRequest config;
      spec.lb_policy = LbPolicy::kLeastRequest;
      if (Unpack(any, config, config_place)) {
        ReadLeastRequest(config, environment, spec, config_place);
      }
      return;
    }
    if (type == RoundRobin::descriptor()->full_name()) {
      RoundRobin config;
      spec.lb_policy = LbPolicy::kRoundRobin;
      (void)Unpack(any, config, config_place);
      return;
    }
    if (type == PolicyRandom::descriptor()->full_name()) {
      PolicyRandom config;
      spec.lb_policy = LbPolicy::kRandom;
      (void)Unpack(any, config, config_place);
      return;
    }
    absl::StrAppend(&unknown, unknown.empty() ? "" : ", ", type);
  }
  at.At("policies")
      .Refuse(
          absl::StrCat("must hold one of LeastRequest, Random, RoundRobin, got [", unknown, "]"));
}

void ReadLoadBalancing(const Cluster& cluster, const CompileEnvironment& environment,
                       ClusterSpec& spec, const Place& place) {
  if (cluster.has_load_balancing_policy()) {
    ReadPolicyList(cluster, environment, spec, place);
  } else if (cluster.lb_policy() == Cluster::LEAST_REQUEST) {
    spec.lb_policy = LbPolicy::kLeastRequest;
    ReadLeastRequest(cluster.least_request_lb_config(), environment, spec,
                     place.At("least_request_lb_config"));
  } else if (cluster.lb_policy() == Cluster::RANDOM) {
    spec.lb_policy = LbPolicy::kRandom;
  } else if (cluster.lb_policy() == Cluster::LOAD_BALANCING_POLICY_CONFIG) {
    place.At("load_balancing_policy")
        .Refuse("must be given with lb_policy LOAD_BALANCING_POLICY_CONFIG");
  }
  if (cluster.common_lb_config().has_healthy_panic_threshold()) {
    const double percent = cluster.common_lb_config().healthy_panic_threshold().value();
    if (!(percent >= 0 && percent <= 100)) {
      place.At("common_lb_config.healthy_panic_threshold")
          .Refuse(absl::StrCat("must be from 0 to 100, got ", percent));
    }
    spec.panic_threshold_percent = percent;
  }
}

upstream::CircuitBreakerLimits ReadThresholds(const CircuitBreakers::Thresholds& from,
                                              const Place& place) {
  upstream::CircuitBreakerLimits limits;
  if (from.has_max_connections()) limits.max_connections = from.max_connections().value();
  if (from.has_max_pending_requests()) {
    limits.max_pending_requests = from.max_pending_requests().value();
  }
  if (from.has_max_requests()) limits.max_requests = from.max_requests().value();
  if (from.has_max_retries()) limits.max_retries = from.max_retries().value();
  limits.track_remaining = from.track_remaining();
  if (from.has_retry_budget()) {
    constexpr double kDefaultPercent = 20;
    const auto& budget = from.retry_budget();
    const double percent =
        budget.has_budget_percent() ? budget.budget_percent().value() : kDefaultPercent;
    if (!(percent >= 0 && percent <= 100)) {
      place.At("retry_budget.budget_percent")
          .Refuse(absl::StrCat("must be from 0 to 100, got ", percent));
    }
    limits.retry_budget_percent = percent;
    if (budget.has_min_retry_concurrency()) {
      limits.retry_budget_min_concurrency = budget.min_retry_concurrency().value();
    }
  }
  return limits;
}

void ReadBreakers(const CircuitBreakers& breakers, ClusterSpec& spec, const Place& place) {
  std::array<bool, 2> is_given = {};
  for (int i = 0; i < breakers.thresholds_size(); ++i) {
    const auto& from = breakers.thresholds(i);
    const size_t priority = from.priority() == envoy::config::core::v3::HIGH ? 1 : 0;
    if (!is_given[priority]) {  // the first of two is used
      spec.breakers[priority] = ReadThresholds(from, place.At("thresholds", i));
    }
    is_given[priority] = true;
  }
}

void ReadConnections(const Cluster& cluster, const CompileEnvironment& environment,
                     ClusterSpec& spec, const Place& place) {
  if (cluster.has_connect_timeout()) {
    spec.connect_timeout =
        ReadPositiveDuration(cluster.connect_timeout(), place.At("connect_timeout"));
  }
  if (cluster.has_per_connection_buffer_limit_bytes()) {
    spec.buffer_limit_bytes = cluster.per_connection_buffer_limit_bytes().value();
    if (spec.buffer_limit_bytes == 0) {
      place.At("per_connection_buffer_limit_bytes").Refuse("must be at least 1, got 0");
    }
  }
  if (cluster.upstream_connection_options().has_tcp_keepalive()) {
    const Place at = place.At("upstream_connection_options");
    spec.keepalive = ReadKeepalive(cluster.upstream_connection_options().tcp_keepalive(),
                                   at.At("tcp_keepalive"));
  }
  spec.bind_source = environment.bind_source;
  if (cluster.has_upstream_bind_config()) {
    spec.bind_source = std::nullopt;
    if (cluster.upstream_bind_config().has_source_address()) {
      const Place at = place.At("upstream_bind_config");
      spec.bind_source =
          ReadAddress(cluster.upstream_bind_config().source_address(), at.At("source_address"));
    }
  }
}

void ReadPreconnect(const Cluster::PreconnectPolicy& policy, ClusterSpec& spec,
                    const Place& place) {
  if (!policy.has_per_upstream_preconnect_ratio()) return;
  const double ratio = policy.per_upstream_preconnect_ratio().value();
  if (!(ratio >= 1 && ratio <= 3)) {
    place.At("per_upstream_preconnect_ratio")
        .Refuse(absl::StrCat("must be from 1 to 3, got ", ratio));
  }
  spec.preconnect_ratio = ratio;
}

}  // namespace

ClusterSpec CompileCluster(const Cluster& cluster, bool added_via_api,
                           const CompileEnvironment& environment, stats::Store& stats,
                           const Place& place) {
  ClusterSpec spec;
  spec.fingerprint = Fingerprint(cluster);
  spec.added_via_api = added_via_api;
  if (cluster.name().empty()) place.At("name").Refuse("must be given");
  spec.stat_name = cluster.alt_stat_name().empty() ? cluster.name() : cluster.alt_stat_name();
  ReadDiscovery(cluster, spec, place);
  ReadLoadBalancing(cluster, environment, spec, place);
  ReadBreakers(cluster.circuit_breakers(), spec, place.At("circuit_breakers"));
  ReadConnections(cluster, environment, spec, place);
  ReadPreconnect(cluster.preconnect_policy(), spec, place.At("preconnect_policy"));
  CompileClusterProtocol(cluster, spec, place);
  CompileClusterTransports(cluster, environment, stats, spec, place);
  if (cluster.has_wait_for_warm_on_init() && !cluster.wait_for_warm_on_init().value()) {
    place.At("wait_for_warm_on_init").Refuse("false is not implemented");
  }
  return spec;
}

}  // namespace outrigger::config
