#include "source/config/bootstrap.h"

#include <memory>

#include "absl/container/flat_hash_set.h"
#include "envoy/extensions/access_loggers/file/v3/file.pb.h"
#include "envoy/extensions/resource_monitors/downstream_connections/v3/downstream_connections.pb.h"
#include "source/base/text.h"
#include "source/config/ads_config.h"
#include "source/config/field_values.h"
#include "source/config/loading/unpack_any.h"
#include "source/config/place.h"
#include "source/config/refusal.h"
#include "source/config/secret_config.h"

namespace outrigger::config {
namespace {

using envoy::config::bootstrap::v3::Bootstrap;
using envoy::config::overload::v3::OverloadManager;
using envoy::extensions::access_loggers::file::v3::FileAccessLog;
using envoy::extensions::resource_monitors::downstream_connections::v3::DownstreamConnectionsConfig;

// Static resources are looked at one by one, each by the compiler.
void RefuseOutsideStaticResources(Bootstrap& bootstrap, const Place& place) {
  std::unique_ptr<Bootstrap::StaticResources> resources(bootstrap.release_static_resources());
  RefuseNotImplemented(bootstrap, place);
  bootstrap.set_allocated_static_resources(resources.release());
}

// Each line of `status` begins with a path inside the resource.
void RefuseResource(const absl::Status& status, const Place& place) {
  std::string_view lines = base::StdView(status.message());
  while (!lines.empty()) {
    const size_t end = lines.find('\n');
    place.findings().Add(base::StrCat(place.ToString(), ".", lines.substr(0, end)));
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
  }
}

void CompileClusters(const Bootstrap& bootstrap, const Compiler& compiler, BootstrapSpec& spec,
                     const Place& place) {
  absl::flat_hash_set<std::string> names;
  for (int i = 0; i < bootstrap.static_resources().clusters_size(); ++i) {
    const auto& cluster = bootstrap.static_resources().clusters(i);
    const Place at = place.At("clusters", i);
    if (!names.insert(cluster.name()).second) {
      at.At("name").Refuse(
          base::StrCat("an earlier cluster has the name \"", cluster.name(), "\""));
    }
    auto compiled = compiler.Cluster(cluster, false);
    if (compiled.ok()) {
      spec.clusters.push_back(*std::move(compiled));
    } else {
      RefuseResource(compiled.status(), at);
    }
  }
}

void CompileListeners(const Bootstrap& bootstrap, const Compiler& compiler, BootstrapSpec& spec,
                      const Place& place) {
  absl::flat_hash_set<std::string> clusters;
  for (const auto& cluster : bootstrap.static_resources().clusters())
    clusters.insert(cluster.name());
  const ClusterExists exists = [&clusters](std::string_view name) {
    return clusters.contains(base::AbslView(name));
  };
  absl::flat_hash_set<std::string> names;
  for (int i = 0; i < bootstrap.static_resources().listeners_size(); ++i) {
    const Place at = place.At("listeners", i);
    auto compiled = compiler.Listener(bootstrap.static_resources().listeners(i), &exists);
    if (!compiled.ok()) {
      RefuseResource(compiled.status(), at);
      continue;
    }
    if (!names.insert((*compiled)->name).second) {
      at.At("name").Refuse(
          base::StrCat("an earlier listener has the name \"", (*compiled)->name, "\""));
    }
    spec.listeners.push_back(*std::move(compiled));
  }
}

// The admin endpoint writes no access log; /dev/null, which many bootstraps name, is no log either.
void CheckAdminLogs(const envoy::config::bootstrap::v3::Admin& admin, const Place& place) {
  constexpr std::string_view kNone = "/dev/null";
  if (!admin.access_log_path().empty() && admin.access_log_path() != kNone) {
    place.At("access_log_path").Refuse("not implemented; give /dev/null or leave it out");
  }
  for (int i = 0; i < admin.access_log_size(); ++i) {
    FileAccessLog log;
    const bool is_file = loading::UnpackAny(admin.access_log(i).typed_config(), log).ok();
    if (!is_file || log.path() != kNone) {
      place.At("access_log", i).Refuse("not implemented; leave it out");
    }
  }
}

void ReadAdmin(const Bootstrap& bootstrap, BootstrapSpec& spec, const Place& place) {
  const auto& admin = bootstrap.admin();
  if (admin.has_address()) spec.admin_address = ReadAddress(admin.address(), place.At("address"));
  spec.admin_ignores_global_limit = admin.ignore_global_conn_limit();
  CheckAdminLogs(admin, place);
}

void ReadOverload(const OverloadManager& overload, BootstrapSpec& spec, const Place& place) {
  absl::flat_hash_set<std::string> names;
  for (int i = 0; i < overload.resource_monitors_size(); ++i) {
    const auto& monitor = overload.resource_monitors(i);
    const Place at = place.At("resource_monitors", i);
    const Place config_place = at.At("typed_config");
    if (!names.insert(monitor.name()).second) at.At("name").Refuse("must be unique");
    const std::string type = loading::ResolvedTypeName(monitor.typed_config());
    const std::string& known = DownstreamConnectionsConfig::descriptor()->full_name();
    DownstreamConnectionsConfig config;
    if (type != known) {
      config_place.Refuse(base::StrCat("unknown type \"", type, "\"; known: ", known));
    } else if (Unpack(monitor.typed_config(), config, config_place)) {
      spec.global_connection_limit = config.max_active_downstream_connections();
      if (spec.global_connection_limit < 1) {
        config_place.At("max_active_downstream_connections")
            .Refuse(base::StrCat("must be at least 1, got ", spec.global_connection_limit));
      }
    }
  }
  if (overload.has_refresh_interval()) {
    (void)ReadDuration(overload.refresh_interval(), place.At("refresh_interval"));
  }
}

void ReadStats(const Bootstrap& bootstrap, BootstrapSpec& spec, const Place& place) {
  constexpr base::Milliseconds kMost{300'000};
  if (bootstrap.has_stats_flush_interval()) {
    const Place at = place.At("stats_flush_interval");
    spec.stats_flush_interval = ReadPositiveDuration(bootstrap.stats_flush_interval(), at);
    if (spec.stats_flush_interval > kMost) {
      at.Refuse(
          base::StrCat("must be at most 300 s, got ", spec.stats_flush_interval.count(), " ms"));
    }
  }
  const auto& config = bootstrap.stats_config();
  if (config.has_use_all_default_tags() && !config.use_all_default_tags().value()) {
    place.At("stats_config.use_all_default_tags").Refuse("false is not implemented");
  }
}

void CheckLocalCluster(const Bootstrap& bootstrap, const Place& place) {
  const std::string& name = bootstrap.cluster_manager().local_cluster_name();
  if (name.empty()) return;
  for (const auto& cluster : bootstrap.static_resources().clusters()) {
    if (cluster.name() == name) return;
  }
  place.At("cluster_manager.local_cluster_name")
      .Refuse(base::StrCat("no static cluster has the name \"", name, "\""));
}

void CheckRuntime(const envoy::config::bootstrap::v3::LayeredRuntime& runtime, const Place& place) {
  absl::flat_hash_set<std::string> names;
  int admin_layers = 0;
  for (int i = 0; i < runtime.layers_size(); ++i) {
    const Place at = place.At("layers", i);
    if (!names.insert(runtime.layers(i).name()).second) at.At("name").Refuse("must be unique");
    if (runtime.layers(i).has_admin_layer() && ++admin_layers > 1) {
      at.At("admin_layer").Refuse("there may be only one");
    }
  }
}

void ReadRotation(const Bootstrap& bootstrap, BootstrapSpec& spec, const Place& place) {
  constexpr char kKey[] = "outrigger.tls.rotation_drain_ms";
  constexpr double kMost = 24 * 3600 * 1000;
  Findings known;  // ReadEnvironment reported them
  RuntimeValues runtime;
  runtime.Add(bootstrap.layered_runtime(), Place(known));
  const std::optional<double> number = runtime.Number(kKey);
  if (!number) return;
  if (*number < 0 || *number > kMost) {
    place.Refuse(base::StrCat(kKey, ": must be 0 (never) to 86400000, got ", *number));
    return;
  }
  spec.rotation_drain = base::Milliseconds(static_cast<int64_t>(*number));
}

}  // namespace

absl::StatusOr<CompileEnvironment> ReadEnvironment(const Bootstrap& bootstrap) {
  Findings findings;
  const Place place(findings);
  CompileEnvironment environment;
  const Place runtime = place.At("layered_runtime");
  CheckRuntime(bootstrap.layered_runtime(), runtime);
  environment.runtime.Add(bootstrap.layered_runtime(), runtime);
  const auto& bind = bootstrap.cluster_manager().upstream_bind_config();
  if (bind.has_source_address()) {
    environment.bind_source = ReadAddress(
        bind.source_address(), place.At("cluster_manager.upstream_bind_config.source_address"));
  }
  const Place resources = place.At("static_resources");
  environment.secrets = CompileStaticSecrets(bootstrap.static_resources().secrets(), resources);
  if (absl::Status status = findings.ToStatus(); !status.ok()) return status;
  return environment;
}

absl::StatusOr<BootstrapSpec> CompileBootstrap(Bootstrap bootstrap, const Compiler& compiler) {
  Findings findings;
  const Place place(findings);
  BootstrapSpec spec;
  spec.node = bootstrap.node();
  RefuseOutsideStaticResources(bootstrap, place);
  const Place resources = place.At("static_resources");
  CompileClusters(bootstrap, compiler, spec, resources);
  CompileListeners(bootstrap, compiler, spec, resources);
  ReadAds(bootstrap, spec, place);
  ReadAdmin(bootstrap, spec, place.At("admin"));
  ReadOverload(bootstrap.overload_manager(), spec, place.At("overload_manager"));
  ReadStats(bootstrap, spec, place);
  ReadRotation(bootstrap, spec, place.At("layered_runtime"));
  CheckLocalCluster(bootstrap, place);
  spec.log_format = bootstrap.application_log_config().log_format().text_format();
  if (absl::Status status = findings.ToStatus(); !status.ok()) return status;
  spec.proto = std::move(bootstrap);
  return spec;
}

}  // namespace outrigger::config
