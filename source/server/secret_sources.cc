#include "source/server/secret_sources.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "source/base/text.h"

namespace outrigger::server {
namespace {

using net::tls::SecretNeed;
using net::tls::SecretSource;

// The static cluster that secrets of `source` come through; empty: none.
std::string_view WayOf(const SecretSource& source, const StaticClusters& clusters) {
  switch (source.kind) {
    case SecretSource::Kind::kAds:
      return clusters.ads;
    case SecretSource::Kind::kApi:
      return source.cluster;
    case SecretSource::Kind::kFile:
      return "";
  }
  return "";
}

// Follows what `name` waits for. `path`: the clusters that wait for it.
absl::Status FindCycle(std::string_view name, const StaticClusters& clusters,
                       std::vector<std::string_view>& path,
                       absl::flat_hash_set<std::string_view>& done) {
  const auto spec = clusters.Find(name);
  if (spec == nullptr || done.contains(name)) return absl::OkStatus();
  path.push_back(name);
  for (const auto& plan : spec->TlsPlans()) {
    for (const SecretNeed& need : plan->needs) {
      const std::string_view way = WayOf(need.source, clusters);
      if (std::find(path.begin(), path.end(), way) != path.end()) {
        return base::InvalidArgument("cluster ", name, ": secret \"", need.name,
                                     "\" comes through cluster ", way,
                                     ", which waits for it itself; give it from a file, or in "
                                     "static_resources.secrets");
      }
      if (absl::Status status = FindCycle(way, clusters, path, done); !status.ok()) return status;
    }
  }
  path.pop_back();
  done.insert(name);
  return absl::OkStatus();
}

}  // namespace

std::shared_ptr<const upstream::ClusterSpec> StaticClusters::Find(std::string_view name) const {
  for (const auto& spec : all) {
    if (spec->name->text() == name) return spec;
  }
  return nullptr;
}

absl::Status CheckSecretSource(const SecretSource& source, const StaticClusters& clusters) {
  switch (source.kind) {
    case SecretSource::Kind::kAds:
      if (!clusters.ads.empty()) return absl::OkStatus();
      return base::InvalidArgument("sds_config.ads: needs dynamic_resources.ads_config");
    case SecretSource::Kind::kApi: {
      const auto spec = clusters.Find(source.cluster);
      if (spec == nullptr) {
        return base::InvalidArgument(
            "sds_config.api_config_source: no static cluster has the name "
            "\"",
            source.cluster,
            "\"; secrets come through clusters of "
            "the bootstrap");
      }
      if (spec->protocol != upstream::UpstreamProtocol::kHttp2) {
        return base::InvalidArgument(
            "sds_config.api_config_source: cluster \"", source.cluster,
            "\" must speak HTTP/2; give it explicit_http_config.http2_protocol_options");
      }
      return absl::OkStatus();
    }
    case SecretSource::Kind::kFile:
      return absl::OkStatus();
  }
  return absl::OkStatus();
}

absl::Status CheckSecretCycles(const StaticClusters& clusters) {
  absl::flat_hash_set<std::string_view> done;
  for (const auto& spec : clusters.all) {
    std::vector<std::string_view> path;
    if (absl::Status status = FindCycle(spec->name->text(), clusters, path, done); !status.ok()) {
      return status;
    }
  }
  return absl::OkStatus();
}

SecretSources::SecretSources(SecretStreams::Surroundings surroundings, SecretSet& secrets,
                             CompileSecret compile)
    : watcher_(surroundings.loop),
      intake_(surroundings.loop, surroundings.compile_thread, watcher_, surroundings.stats, secrets,
              std::move(compile)),
      streams_(surroundings, intake_),
      files_(surroundings.loop, surroundings.compile_thread, watcher_, surroundings.stats,
             intake_) {}

void SecretSources::SetInterest(const SecretNeed& need, bool wanted, xds::XdsClient* ads) {
  if (!wanted) intake_.Forget(need.source, need.name);
  switch (need.source.kind) {
    case SecretSource::Kind::kAds:
      if (ads == nullptr) return;  // refused by CheckSecretSource
      return wanted ? ads->Watch(kSecretType, need.name, need.initial_fetch_timeout)
                    : ads->Unwatch(kSecretType, need.name);
    case SecretSource::Kind::kApi:
      return wanted ? streams_.Watch(need) : streams_.Unwatch(need);
    case SecretSource::Kind::kFile:
      return wanted ? files_.Watch(need) : files_.Unwatch(need);
  }
}

std::vector<SecretDescription> SecretSources::Describe(const xds::XdsClient* ads) const {
  std::vector<SecretDescription> out;
  const auto add = [&](std::string from, std::vector<xds::ResourceDescription> resources) {
    for (xds::ResourceDescription& resource : resources) {
      out.push_back({.from = from, .resource = std::move(resource)});
    }
  };
  if (ads != nullptr) {
    for (xds::TypeDescription& type : ads->Describe()) {
      if (type.type_url == kSecretType) add("ads", std::move(type.resources));
    }
  }
  for (SecretStreams::Listing& listing : streams_.Describe()) {
    add(base::StrCat("cluster ", listing.cluster), std::move(listing.secrets));
  }
  for (SecretFiles::Listing& listing : files_.Describe()) {
    add(base::StrCat("file ", listing.path), std::move(listing.secrets));
  }
  return out;
}

}  // namespace outrigger::server
