#include "source/config/ads_config.h"

#include <algorithm>

#include "source/base/text.h"
#include "source/config/field_values.h"

namespace outrigger::config {
namespace {

using envoy::config::bootstrap::v3::Bootstrap;
using envoy::config::core::v3::ApiConfigSource;
using envoy::config::core::v3::ConfigSource;
using envoy::config::core::v3::GrpcService;

void RequireV3(envoy::config::core::v3::ApiVersion version, const Place& place) {
  if (version == envoy::config::core::v3::V2) {
    place.At("transport_api_version").Refuse("V2 no longer exists; give V3");
  }
}

void ReadGrpcService(const GrpcService& service, AdsSpec& ads, const Place& place) {
  ads.cluster_name = service.envoy_grpc().cluster_name();
  if (ads.cluster_name.empty()) place.At("envoy_grpc.cluster_name").Refuse("must be given");
  ads.authority = service.envoy_grpc().authority().empty() ? ads.cluster_name
                                                           : service.envoy_grpc().authority();
  for (int i = 0; i < service.initial_metadata_size(); ++i) {
    const auto& header = service.initial_metadata(i);
    const Place at = place.At("initial_metadata", i);
    if (header.key().empty()) at.At("key").Refuse("must be given");
    ads.initial_metadata.emplace_back(
        header.key(), header.raw_value().empty() ? header.value() : header.raw_value());
  }
}

void CheckCluster(const BootstrapSpec& spec, AdsSpec& ads, const Place& place) {
  if (ads.cluster_name.empty()) return;
  const auto found = std::find_if(spec.clusters.begin(), spec.clusters.end(), [&](const auto& c) {
    return c->name->text() == ads.cluster_name;
  });
  const Place at = place.At("envoy_grpc.cluster_name");
  if (found == spec.clusters.end()) {
    return at.Refuse(base::StrCat("no static cluster has the name \"", ads.cluster_name,
                                  "\"; add it to static_resources.clusters"));
  }
  const upstream::ClusterSpec& cluster = **found;
  ads.connect_timeout = cluster.connect_timeout;
  if (cluster.protocol != upstream::UpstreamProtocol::kHttp2) {
    at.Refuse(base::StrCat("cluster \"", ads.cluster_name,
                           "\" must speak HTTP/2; give it explicit_http_config with "
                           "http2_protocol_options in its HttpProtocolOptions"));
  }
  if (cluster.discovery == upstream::Discovery::kEds) {
    at.Refuse(base::StrCat("cluster \"", ads.cluster_name,
                           "\" must be of type STATIC or STRICT_DNS, got EDS"));
  }
}

void ReadSource(const ApiConfigSource& from, const BootstrapSpec& spec, AdsSpec& ads,
                const Place& place) {
  RequireV3(from.transport_api_version(), place);
  ads.is_delta = from.api_type() == ApiConfigSource::DELTA_GRPC;
  if (from.api_type() == ApiConfigSource::DEPRECATED_AND_UNAVAILABLE_DO_NOT_USE) {
    place.At("api_type").Refuse("must be given; GRPC or DELTA_GRPC");
  }
  ads.sends_node_once = from.set_node_on_first_message_only();
  if (from.grpc_services_size() != 1) {
    return place.At("grpc_services")
        .Refuse(base::StrCat("must hold one control plane; several are not implemented, got ",
                             from.grpc_services_size()));
  }
  const Place service = place.At("grpc_services", 0);
  ReadGrpcService(from.grpc_services(0), ads, service);
  CheckCluster(spec, ads, service);
}

// lds_config or cds_config.
base::Milliseconds ReadWildcard(const ConfigSource& source, bool has_ads, const Place& place) {
  if (!source.has_ads()) {
    place.Refuse("only ads is implemented; give ads: {}");
  } else if (!has_ads) {
    place.At("ads").Refuse("needs dynamic_resources.ads_config");
  }
  if (source.resource_api_version() == envoy::config::core::v3::V2) {
    place.At("resource_api_version").Refuse("V2 no longer exists; give V3");
  }
  return ReadInitialFetchTimeout(source, place);
}

void CheckNode(const BootstrapSpec& spec, const Place& place) {
  if (spec.node.id().empty()) {
    place.At("node.id").Refuse(
        "must be given when a control plane is used; or give --service-node");
  }
  if (spec.node.cluster().empty()) {
    place.At("node.cluster")
        .Refuse("must be given when a control plane is used; or give --service-cluster");
  }
}

}  // namespace

void ReadAds(const Bootstrap& bootstrap, BootstrapSpec& spec, const Place& place) {
  const auto& dynamic = bootstrap.dynamic_resources();
  const Place at = place.At("dynamic_resources");
  AdsSpec ads;
  ads.asks_for_clusters = dynamic.has_cds_config();
  ads.asks_for_listeners = dynamic.has_lds_config();
  std::optional<base::Milliseconds> cds_timeout;
  if (dynamic.has_cds_config()) {
    cds_timeout = ReadWildcard(dynamic.cds_config(), dynamic.has_ads_config(), at.At("cds_config"));
    ads.fetch_timeout = *cds_timeout;
  }
  if (dynamic.has_lds_config()) {
    ads.fetch_timeout =
        ReadWildcard(dynamic.lds_config(), dynamic.has_ads_config(), at.At("lds_config"));
    if (cds_timeout && *cds_timeout != ads.fetch_timeout) {
      at.At("lds_config.initial_fetch_timeout").Refuse("must be the same as that of cds_config");
    }
  }
  if (!dynamic.has_ads_config()) return;
  ReadSource(dynamic.ads_config(), spec, ads, at.At("ads_config"));
  CheckNode(spec, place);
  spec.ads = std::move(ads);
}

}  // namespace outrigger::config
