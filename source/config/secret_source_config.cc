#include "source/base/text.h"
#include "source/config/field_values.h"
#include "source/config/secret_config.h"

namespace outrigger::config {
namespace {

using envoy::config::core::v3::ApiConfigSource;
using envoy::config::core::v3::ApiVersion;
using envoy::config::core::v3::ConfigSource;
using envoy::config::core::v3::GrpcService;
using net::tls::SecretNeed;
using net::tls::SecretSource;

void RequireV3(ApiVersion version, const Place& place) {
  if (version == ApiVersion::V2) place.Refuse("V2 no longer exists; give V3");
}

void ReadGrpcService(const GrpcService& from, SecretSource& source, const Place& place) {
  source.cluster = from.envoy_grpc().cluster_name();
  if (source.cluster.empty()) place.At("envoy_grpc.cluster_name").Refuse("must be given");
  source.authority = from.envoy_grpc().authority();
  for (int i = 0; i < from.initial_metadata_size(); ++i) {
    const auto& header = from.initial_metadata(i);
    const Place at = place.At("initial_metadata", i);
    if (header.key().empty()) at.At("key").Refuse("must be given");
    source.initial_metadata.emplace_back(
        header.key(), header.raw_value().empty() ? header.value() : header.raw_value());
  }
}

void ReadApiSource(const ApiConfigSource& from, SecretSource& source, const Place& place) {
  source.kind = SecretSource::Kind::kApi;
  RequireV3(from.transport_api_version(), place.At("transport_api_version"));
  if (from.api_type() == ApiConfigSource::DEPRECATED_AND_UNAVAILABLE_DO_NOT_USE) {
    place.At("api_type").Refuse("must be given; GRPC or DELTA_GRPC");
  }
  source.is_delta = from.api_type() == ApiConfigSource::DELTA_GRPC;
  source.sends_node_once = from.set_node_on_first_message_only();
  if (from.grpc_services_size() != 1) {
    return place.At("grpc_services")
        .Refuse(base::StrCat("must hold one server; several are not implemented, got ",
                             from.grpc_services_size()));
  }
  ReadGrpcService(from.grpc_services(0), source, place.At("grpc_services", 0));
}

SecretSource ReadSource(const ConfigSource& from, const Place& place) {
  SecretSource source;
  RequireV3(from.resource_api_version(), place.At("resource_api_version"));
  switch (from.config_source_specifier_case()) {
    case ConfigSource::kAds:
    case ConfigSource::kSelf:
      return source;
    case ConfigSource::kApiConfigSource:
      ReadApiSource(from.api_config_source(), source, place.At("api_config_source"));
      return source;
    case ConfigSource::kPath:
      source.kind = SecretSource::Kind::kFile;
      source.path = from.path();
      if (source.path.empty()) place.At("path").Refuse("must be given");
      return source;
    case ConfigSource::kPathConfigSource: {
      const Place at = place.At("path_config_source");
      const auto& path = from.path_config_source();
      source.kind = SecretSource::Kind::kFile;
      source.path = path.path();
      source.watched_directory = path.watched_directory().path();
      if (source.path.empty()) at.At("path").Refuse("must be given");
      if (path.has_watched_directory() && source.watched_directory.empty()) {
        at.At("watched_directory.path").Refuse("must be given");
      }
      return source;
    }
    case ConfigSource::CONFIG_SOURCE_SPECIFIER_NOT_SET:
      break;
  }
  place.Refuse("must hold one of ads, api_config_source, path_config_source");
  return source;
}

}  // namespace

SecretNeed ReadSecretNeed(
    const envoy::extensions::transport_sockets::tls::v3::SdsSecretConfig& from,
    SecretNeed::Kind kind, const Place& place) {
  const Place at = place.At("sds_config");
  return {.name = from.name(),
          .source = ReadSource(from.sds_config(), at),
          .kind = kind,
          .initial_fetch_timeout = ReadInitialFetchTimeout(from.sds_config(), at)};
}

}  // namespace outrigger::config
