#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "envoy/config/bootstrap/v3/bootstrap.pb.h"
#include "source/base/clock.h"
#include "source/config/compile.h"
#include "source/config/compile_environment.h"
#include "source/net/address.h"

namespace outrigger::config {

// What the command line says about the bootstrap.
struct BootstrapSource {
  std::string path;            // -c; may be empty when yaml is given
  std::string yaml;            // --config-yaml, merged over the file
  bool allow_unknown = false;  // --allow-unknown-static-fields: warnings instead of errors
  // For what the bootstrap's node leaves empty.
  std::string service_node, service_cluster, service_zone;
};

// The control plane's stream.
struct AdsSpec {
  bool is_delta = false;
  bool sends_node_once = false;  // set_node_on_first_message_only
  std::string cluster_name;      // of a static cluster that speaks HTTP/2
  std::string authority;         // :authority; the cluster's name unless given
  std::vector<std::pair<std::string, std::string>> initial_metadata;
  base::Milliseconds connect_timeout{5000};  // of that cluster
  base::Milliseconds fetch_timeout{15000};   // initial_fetch_timeout; 0: wait for ever
  bool asks_for_clusters = false;            // cds_config is given
  bool asks_for_listeners = false;           // lds_config is given
};

// The bootstrap, compiled.
struct BootstrapSpec {
  envoy::config::bootstrap::v3::Bootstrap proto;  // merged, as /config_dump shows it
  envoy::config::core::v3::Node node;
  std::optional<net::Address> admin_address;
  bool admin_ignores_global_limit = false;
  std::vector<std::shared_ptr<const upstream::ClusterSpec>> clusters;
  std::vector<std::shared_ptr<const ListenerSpec>> listeners;
  std::optional<AdsSpec> ads;
  base::Milliseconds stats_flush_interval{5000};
  // Over how long connections end whose certificate was replaced or has expired: the runtime's
  // outrigger.tls.rotation_drain_ms. 0: they do not for that.
  base::Milliseconds rotation_drain{300'000};
  int64_t global_connection_limit = std::numeric_limits<int64_t>::max();
  std::string log_format;  // application_log_config; empty: --log-format
};

// Reads and merges; unknown fields that are allowed become lines of `warnings`. Errors name file,
// line, column and field path.
absl::StatusOr<envoy::config::bootstrap::v3::Bootstrap> LoadBootstrap(
    const BootstrapSource& source, std::vector<std::string>& warnings);

// What all resources are compiled with, static ones and those of the control plane; with the static
// secrets. It has no `warn` and no `open_key_log` yet.
absl::StatusOr<CompileEnvironment> ReadEnvironment(
    const envoy::config::bootstrap::v3::Bootstrap& bootstrap);

// Checks all of it; the compiler must have been made with its environment. Errors name field paths.
absl::StatusOr<BootstrapSpec> CompileBootstrap(envoy::config::bootstrap::v3::Bootstrap bootstrap,
                                               const Compiler& compiler);

}  // namespace outrigger::config
