#include "source/config/dns_config.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
#include "envoy/extensions/clusters/dns/v3/dns_cluster.pb.h"
#include "source/config/endpoint_config.h"
#include "source/config/field_values.h"
#include "source/config/loading/unpack_any.h"

namespace outrigger::config {
namespace {

using envoy::config::cluster::v3::Cluster;
using envoy::extensions::clusters::dns::v3::DnsCluster;
using net::DnsFamily;
using upstream::ClusterSpec;
using upstream::Discovery;

// Of both forms, the fields of Cluster and the extension; `families` in the order of their enum.
template <typename Config, size_t N>
void ReadLookups(const Config& config, const std::array<DnsFamily, N>& families, ClusterSpec& spec,
                 const Place& place) {
  spec.dns_family = families[std::min<size_t>(config.dns_lookup_family(), N - 1)];
  spec.respect_dns_ttl = config.respect_dns_ttl();
  if (config.has_dns_refresh_rate()) {
    spec.dns_refresh =
        ReadPositiveDuration(config.dns_refresh_rate(), place.At("dns_refresh_rate"));
  }
  spec.dns_failure_refresh = spec.dns_refresh;
  spec.dns_failure_refresh_max = spec.dns_refresh;
  if (config.has_dns_failure_refresh_rate()) {
    const auto& rate = config.dns_failure_refresh_rate();
    const Place at = place.At("dns_failure_refresh_rate");
    spec.dns_failure_refresh = ReadPositiveDuration(rate.base_interval(), at.At("base_interval"));
    spec.dns_failure_refresh_max = spec.dns_failure_refresh * 10;
    if (rate.has_max_interval()) {
      spec.dns_failure_refresh_max = ReadDuration(rate.max_interval(), at.At("max_interval"));
      if (spec.dns_failure_refresh_max < spec.dns_failure_refresh) {
        at.At("max_interval").Refuse("must not be below base_interval");
      }
    }
  }
  if (config.has_dns_jitter()) {
    spec.dns_jitter = ReadDuration(config.dns_jitter(), place.At("dns_jitter"));
  }
}

void ReadExtension(const Cluster& cluster, ClusterSpec& spec, const Place& place) {
  constexpr std::array kFamilies = {DnsFamily::kAuto,   DnsFamily::kAuto,        DnsFamily::kV4Only,
                                    DnsFamily::kV6Only, DnsFamily::kV4Preferred, DnsFamily::kAll};
  const Place at = place.At("typed_config");
  const auto& any = cluster.cluster_type().typed_config();
  const std::string type = loading::ResolvedTypeName(any);
  if (type != DnsCluster::descriptor()->full_name()) {
    return at.Refuse(absl::StrCat("unknown cluster type \"", type,
                                  "\"; known: ", DnsCluster::descriptor()->full_name(),
                                  ", or give type instead of cluster_type"));
  }
  DnsCluster config;
  if (!Unpack(any, config, at)) return;
  spec.discovery =
      config.all_addresses_in_single_endpoint() ? Discovery::kLogicalDns : Discovery::kStrictDns;
  ReadLookups(config, kFamilies, spec, at);
}

}  // namespace

void ReadDnsDiscovery(const Cluster& cluster, ClusterSpec& spec, const Place& place) {
  constexpr std::array kFamilies = {DnsFamily::kAuto, DnsFamily::kV4Only, DnsFamily::kV6Only,
                                    DnsFamily::kV4Preferred, DnsFamily::kAll};
  if (cluster.has_cluster_type()) {
    ReadExtension(cluster, spec, place.At("cluster_type"));
  } else {
    spec.discovery =
        cluster.type() == Cluster::LOGICAL_DNS ? Discovery::kLogicalDns : Discovery::kStrictDns;
    ReadLookups(cluster, kFamilies, spec, place);
  }
  const Place at = place.At("load_assignment");
  if (!cluster.has_load_assignment()) at.Refuse("must be given for clusters with DNS");
  spec.dns_names = CompileDnsNames(cluster.load_assignment(), at);
  if (spec.discovery == Discovery::kLogicalDns && cluster.has_load_assignment() &&
      spec.dns_names.size() != 1) {
    at.Refuse(absl::StrCat("must hold one endpoint for LOGICAL_DNS, got ", spec.dns_names.size(),
                           "; STRICT_DNS takes several"));
  }
}

}  // namespace outrigger::config
