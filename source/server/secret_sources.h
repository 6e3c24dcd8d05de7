#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "envoy/config/core/v3/base.pb.h"
#include "source/server/secret_files.h"
#include "source/server/secret_set.h"
#include "source/server/secret_streams.h"
#include "source/upstream/cluster_spec.h"

namespace outrigger::server {

// The clusters of the bootstrap, and which of them ADS comes through (empty: there is no ADS).
struct StaticClusters {
  std::vector<std::shared_ptr<const upstream::ClusterSpec>> all;
  std::string ads;

  std::shared_ptr<const upstream::ClusterSpec> Find(std::string_view name) const;
};

// Whether secrets can come from there: ADS needs a control plane; a cluster must be one of the
// bootstrap, so that it is there before all that comes from a control plane, and speak HTTP/2.
absl::Status CheckSecretSource(const net::tls::SecretSource& source,
                               const StaticClusters& clusters);
// Whether each cluster of the bootstrap can come up: the way by which one's secrets come may not
// wait for a secret that comes by that way.
absl::Status CheckSecretCycles(const StaticClusters& clusters);

// A wanted secret as the admin pages show it.
struct SecretDescription {
  std::string from;  // "ads", "cluster sds-grpc", "file /etc/sds.yaml"
  xds::ResourceDescription resource;
};

// Where the secrets of a SecretSet come from, and who is asked for which.
// Owner: the server.  Thread: main.
class SecretSources final {
 public:
  // `secrets` outlives this object.
  SecretSources(SecretStreams::Surroundings surroundings, SecretSet& secrets,
                CompileSecret compile);

  // Secrets that come by ADS, for its client; it borrows this object.
  xds::ResourceType AdsType() { return intake_.Type(net::tls::SecretSource()); }

  // From SecretSet::OnInterest; `ads` null: there is none.
  void SetInterest(const net::tls::SecretNeed& need, bool wanted, xds::XdsClient* ads);
  void OnClusterReady(std::string_view name) { streams_.OnClusterReady(name); }

  // Those that come by `ads` (null: none do) too.
  std::vector<SecretDescription> Describe(const xds::XdsClient* ads) const;
  const SecretStreams& streams() const { return streams_; }

 private:
  event::DirectoryWatcher watcher_;
  SecretIntake intake_;
  SecretStreams streams_;
  SecretFiles files_;
};

}  // namespace outrigger::server
