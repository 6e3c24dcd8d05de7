#include "source/server/secret_streams.h"

#include <utility>

#include "source/base/check.h"
#include "source/base/text.h"
#include "source/stats/envoy_scopes.h"

namespace outrigger::server {
namespace {

// envoy.service.secret.v3.SecretDiscoveryService
std::string_view MethodOf(bool is_delta) {
  return is_delta ? "/envoy.service.secret.v3.SecretDiscoveryService/DeltaSecrets"
                  : "/envoy.service.secret.v3.SecretDiscoveryService/StreamSecrets";
}

}  // namespace

SecretStreams::SecretStreams(Surroundings surroundings, SecretIntake& intake)
    : around_(std::move(surroundings)), intake_(intake) {}

SecretStreams::~SecretStreams() = default;

void SecretStreams::Watch(const net::tls::SecretNeed& need) {
  Stream& stream = Find(need.source);
  stream.client->Watch(kSecretType, need.name, need.initial_fetch_timeout);
  if (!stream.has_started && around_.is_active(need.source.cluster)) Start(stream);
}

void SecretStreams::Unwatch(const net::tls::SecretNeed& need) {
  Find(need.source).client->Unwatch(kSecretType, need.name);
}

void SecretStreams::OnClusterReady(std::string_view name) {
  for (auto& [source, stream] : streams_) {
    if (source.cluster == name && !stream.has_started) Start(stream);
  }
}

void SecretStreams::Start(Stream& stream) {
  stream.has_started = true;
  stream.client->Start();
}

SecretStreams::Stream& SecretStreams::Find(const net::tls::SecretSource& source) {
  Stream& stream = streams_[source];
  if (stream.client != nullptr) return stream;
  const auto spec = around_.cluster(source.cluster);
  CHECK(spec != nullptr);  // CheckSecretSources saw to it
  const std::string part = stats::NamePart(source.cluster);
  const stats::Scope scope(base::StrCat("sds_stream.", part, "."), "sds_stream.",
                           {{"envoy_cluster_name", part}});
  const std::string& authority = source.authority.empty() ? source.cluster : source.authority;
  xds::XdsOptions options{
      .protocol = source.is_delta ? xds::Protocol::kDelta : xds::Protocol::kSotw,
      .node = around_.node,
      .sends_node_once = source.sends_node_once,
      .server = base::StrCat("the secret service at cluster ", source.cluster),
      .control_plane_scope = scope.Child("control_plane.", "control_plane."),
      .stream_scope = scope,
      .endpoints = [this, cluster = source.cluster, authority] {
        return around_.endpoints(cluster, authority);
      }};
  options.stream.authority = authority;
  options.stream.metadata = source.initial_metadata;
  options.stream.path = MethodOf(source.is_delta);
  options.stream.connect_timeout = spec->connect_timeout;
  options.stream.http2 = spec->http2;
  stream.client = std::make_unique<xds::XdsClient>(
      around_.loop, around_.compile_thread, std::move(options),
      std::vector<xds::ResourceType>{intake_.Type(source)}, around_.stats);
  return stream;
}

std::vector<SecretStreams::Listing> SecretStreams::Describe() const {
  std::vector<Listing> list;
  for (const auto& [source, stream] : streams_) {
    list.push_back({.cluster = source.cluster,
                    .connection = stream.client->status(),
                    .secrets = std::move(stream.client->Describe()[0].resources)});
  }
  return list;
}

}  // namespace outrigger::server
