#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include <google/protobuf/message.h>

#include "absl/time/time.h"
#include "envoy/config/bootstrap/v3/bootstrap.pb.h"
#include "source/server/admin/xds_state.h"
#include "source/server/listener_set.h"
#include "source/server/secret_sources.h"
#include "source/upstream/cluster_set.h"

namespace outrigger::server {

// Where the configuration in effect is to be found. Borrowed.
struct ConfigSources {
  const envoy::config::bootstrap::v3::Bootstrap& bootstrap;
  absl::Time loaded_at;  // of the bootstrap
  const upstream::ClusterSet& clusters;
  const ListenerSet& listeners;
  std::function<XdsState()> xds;
  std::function<std::vector<SecretDescription>()> secrets;
};

struct DumpSelection {
  // Asked about the name of each resource.
  std::function<bool(std::string_view name)> admits;
  bool includes_endpoints = false;
};

// The parts of envoy.admin.v3.ConfigDump in Envoy's order: BootstrapConfigDump, ClustersConfigDump
// and so on. Secrets are redacted, and what may hold one for all we know is left out.
std::vector<std::unique_ptr<google::protobuf::Message>> DumpConfig(const ConfigSources& sources,
                                                                   const DumpSelection& selection);

}  // namespace outrigger::server
