#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source/base/log.h"
#include "source/base/text.h"
#include "source/config/bootstrap.h"
#include "source/config/compile.h"
#include "source/config/registry.h"
#include "source/event/signals.h"
#include "source/main/options.h"
#include "source/main/register_extensions.h"
#include "source/server/server.h"
#include "source/server/version.h"

namespace outrigger::main {
namespace {

constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

int Complain(const absl::Status& status) {
  std::fprintf(stderr, "outrigger: %s\n", std::string(base::StdView(status.message())).c_str());
  return kFailed;
}

// A proxy is made of descriptors: the soft limit is whatever somebody's shell had.
void RaiseLimits(const Options& options) {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  if (options.enable_core_dump && getrlimit(RLIMIT_CORE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_CORE, &limit);
  }
}

// "upstream:debug,xds:trace". Envoy has topics that we do not: those are passed over.
absl::Status SetTopicLevels(std::string_view list) {
  while (!list.empty()) {
    const std::string_view pair = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), pair.size() + 1));
    const size_t colon = pair.find(':');
    const auto level = colon == std::string_view::npos
                           ? std::nullopt
                           : base::ParseLogLevel(pair.substr(colon + 1));
    if (!level) {
      return base::InvalidArgument("--component-log-level: wants TOPIC:LEVEL, got \"", pair, "\"");
    }
    if (const auto topic = base::ParseLogTopic(pair.substr(0, colon)))
      base::SetLogLevel(*topic, *level);
  }
  return absl::OkStatus();
}

absl::Status SetUpLog(const Options& options) {
  base::LogOutput output{.path = options.log_path};
  if (!options.log_format.empty()) output.pattern = options.log_format;
  if (absl::Status status = base::OpenLog(output); !status.ok()) return status;
  base::SetAllLogLevels(*base::ParseLogLevel(options.log_level));
  return SetTopicLevels(options.component_log_level);
}

config::BootstrapSource SourceOf(const Options& options) {
  return {.path = options.config_path,
          .yaml = options.config_yaml,
          .allow_unknown = options.allow_unknown_static_fields,
          .service_node = options.service_node,
          .service_cluster = options.service_cluster,
          .service_zone = options.service_zone};
}

absl::StatusOr<envoy::config::bootstrap::v3::Bootstrap> Load(const Options& options) {
  std::vector<std::string> warnings;
  auto bootstrap = config::LoadBootstrap(SourceOf(options), warnings);
  for (const std::string& warning : warnings) LOG(kWarning, kConfig, warning);
  return bootstrap;
}

void Warn(const std::string& text) { LOG(kWarning, kConfig, text); }

// The file stays open while a TLS context that writes to it is in use.
absl::StatusOr<std::function<void(std::string_view)>> OpenKeyLog(
    access_loggers::LogFiles& log_files, const std::string& path) {
  auto file = log_files.Open(path);
  if (!file.ok()) return file.status();
  return
      [file = *std::move(file)](std::string_view line) { file->Append(base::StrCat(line, "\n")); };
}

// What lives as long as the process, in the order of its dependencies.
struct Surroundings {
  explicit Surroundings(const Options& options)
      : log_files({.flush_interval = options.file_flush_interval,
                   .flush_min_bytes = options.file_flush_min_size_kb * size_t{1024}},
                  access_loggers::LogFileCounters::Declare(stats)) {
    RegisterExtensions(registry, log_files);
  }
  const base::SystemClock clock;
  event::Loop loop{clock};
  // Before any thread starts: they inherit that signals are the loop's.
  std::function<void(int)> on_signal;
  event::Signals signals{loop, {SIGTERM, SIGINT, SIGUSR1, SIGHUP}, [this](int signal) {
                           if (on_signal) on_signal(signal);
                         }};
  stats::Store stats;
  upstream::ClusterNames cluster_names;
  access_loggers::LogFiles log_files;
  config::Registry registry;
};

google::protobuf::Duration DurationOf(base::Milliseconds time) {
  google::protobuf::Duration duration;
  duration.set_seconds(time.count() / 1000);
  duration.set_nanos(static_cast<int32_t>(time.count() % 1000) * 1'000'000);
  return duration;
}

// As /server_info shows it.
envoy::admin::v3::CommandLineOptions CommandLineOf(const Options& options) {
  using Shown = envoy::admin::v3::CommandLineOptions;
  Shown shown;
  shown.set_base_id(options.base_id);
  shown.set_concurrency(options.concurrency.value_or(DefaultConcurrency()));
  shown.set_config_path(options.config_path);
  if (!options.config_yaml.empty()) shown.set_config_yaml("[redacted]");  // it may hold keys
  shown.set_allow_unknown_static_fields(options.allow_unknown_static_fields);
  shown.set_reject_unknown_dynamic_fields(options.reject_unknown_dynamic_fields);
  shown.set_admin_address_path(options.admin_address_path);
  shown.set_local_address_ip_version(options.local_address_ip_version == "v6" ? Shown::v6
                                                                              : Shown::v4);
  shown.set_log_level(options.log_level);
  shown.set_component_log_level(options.component_log_level);
  shown.set_log_format(options.log_format);
  shown.set_log_path(options.log_path);
  shown.set_service_cluster(options.service_cluster);
  shown.set_service_node(options.service_node);
  shown.set_service_zone(options.service_zone);
  *shown.mutable_file_flush_interval() = DurationOf(options.file_flush_interval);
  *shown.mutable_drain_time() = DurationOf(options.drain_time);
  *shown.mutable_parent_shutdown_time() = DurationOf(options.parent_shutdown_time);
  shown.set_mode(static_cast<Shown::Mode>(options.mode));
  shown.set_disable_hot_restart(true);
  shown.set_cpuset_threads(options.cpuset_threads);
  return shown;
}

server::UnknownFields UnknownFieldsOf(const Options& options) {
  if (options.reject_unknown_dynamic_fields) return server::UnknownFields::kReject;
  return options.ignore_unknown_dynamic_fields ? server::UnknownFields::kIgnore
                                               : server::UnknownFields::kWarn;
}

int Serve(const Options& options) {
  auto proto = Load(options);
  if (!proto.ok()) return Complain(proto.status());
  auto environment = config::ReadEnvironment(*proto);
  if (!environment.ok()) return Complain(environment.status());
  environment->warn = Warn;

  Surroundings around(options);
  environment->open_key_log = [&log_files = around.log_files](const std::string& path) {
    return OpenKeyLog(log_files, path);
  };
  const config::Compiler compiler(around.registry, around.clock, around.stats, around.cluster_names,
                                  *std::move(environment));
  auto bootstrap = config::CompileBootstrap(*std::move(proto), compiler);
  if (!bootstrap.ok()) return Complain(bootstrap.status());
  if (options.mode == Options::Mode::kValidate) {
    std::printf("configuration '%s' OK\n",
                options.config_path.empty() ? "--config-yaml" : options.config_path.c_str());
    return 0;
  }
  if (!bootstrap->log_format.empty() && options.log_format.empty()) {
    if (absl::Status status =
            base::OpenLog({.path = options.log_path, .pattern = bootstrap->log_format});
        !status.ok()) {
      return Complain(status);
    }
  }
  auto server =
      server::Server::Create({.clock = around.clock,
                              .loop = around.loop,
                              .stats = around.stats,
                              .log_files = around.log_files,
                              .compiler = compiler},
                             {.concurrency = options.concurrency.value_or(DefaultConcurrency()),
                              .drain_time = options.drain_time,
                              .unknown_fields = UnknownFieldsOf(options),
                              .admin_address_path = options.admin_address_path,
                              .only_initializes = options.mode == Options::Mode::kInitOnly,
                              .command_line = CommandLineOf(options)},
                             *std::move(bootstrap));
  if (!server.ok()) return Complain(server.status());
  around.on_signal = [&server](int signal) { (*server)->OnSignal(signal); };
  return (*server)->Run();
}

}  // namespace

int Main(int argc, char** argv) {
  const auto options = Options::Parse({argv + 1, static_cast<size_t>(argc - 1)});
  if (!options.ok()) {
    Complain(options.status());
    return kWrongUsage;
  }
  switch (options->ask) {
    case Options::Ask::kHelp:
      std::fputs(Options::Help().c_str(), stdout);
      return 0;
    case Options::Ask::kVersion:
      std::printf("outrigger  version: %s\n", std::string(server::kVersion).c_str());
      return 0;
    case Options::Ask::kRun:
      break;
  }
  RaiseLimits(*options);
  if (absl::Status status = SetUpLog(*options); !status.ok()) return Complain(status);
  return Serve(*options);
}

}  // namespace outrigger::main

int main(int argc, char** argv) { return outrigger::main::Main(argc, argv); }
