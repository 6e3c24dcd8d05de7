#include "source/main/options.h"
#include "source/base/text.h"

#include <functional>
#include <utility>

namespace outrigger::main {
namespace {

using Set = std::function<absl::Status(Options&, std::string_view value)>;

struct Flag {
  std::string_view name;        // "--concurrency"
  std::string_view short_name;  // "-c", or empty
  std::string_view value;       // what stands for the value in the help; empty: a switch
  std::string_view help;
  Set set;
};

absl::Status Wrong(std::string_view value, std::string_view wanted) {
  return absl::InvalidArgumentError(base::StrCat("wants ", wanted, ", got \"", value, "\""));
}

Set Text(std::string Options::*field) {
  return [field](Options& options, std::string_view value) {
    options.*field = std::string(value);
    return absl::OkStatus();
  };
}

Set Switch(bool Options::*field) {
  return [field](Options& options, std::string_view) {
    options.*field = true;
    return absl::OkStatus();
  };
}

std::string Join(const std::vector<std::string_view>& words) {
  std::string text;
  for (const std::string_view word : words) base::StrAppend(&text, text.empty() ? "" : ", ", word);
  return text;
}

template <typename Number>
Set Count(Number Options::*field) {
  return [field](Options& options, std::string_view value) {
    const auto number = base::ParseNumber<uint32_t>(value);
    if (!number) return Wrong(value, "a number from 0 to 4294967295");
    options.*field = static_cast<Number>(*number);
    return absl::OkStatus();
  };
}

Set Seconds(base::Milliseconds Options::*field) {
  return [field](Options& options, std::string_view value) {
    const auto seconds = base::ParseNumber<uint32_t>(value);
    if (!seconds) return Wrong(value, "a number of seconds");
    options.*field = std::chrono::seconds(*seconds);
    return absl::OkStatus();
  };
}

Set OneOf(std::vector<std::string_view> words, std::function<void(Options&, size_t)> choose) {
  return [words = std::move(words), choose = std::move(choose)](Options& options,
                                                                std::string_view value) {
    for (size_t i = 0; i < words.size(); ++i) {
      if (value != words[i]) continue;
      choose(options, i);
      return absl::OkStatus();
    }
    return Wrong(value, base::StrCat("one of ", Join(words)));
  };
}

absl::Status SetConcurrency(Options& options, std::string_view value) {
  const auto workers = base::ParseNumber<uint32_t>(value);
  if (!workers || *workers > 512) {
    return Wrong(value, "a number of worker threads from 0 to 512 (0: as many as CPUs)");
  }
  if (*workers > 0) options.concurrency = workers;
  return absl::OkStatus();
}

absl::Status SetFlushInterval(Options& options, std::string_view value) {
  const auto milliseconds = base::ParseNumber<uint32_t>(value);
  if (!milliseconds || *milliseconds == 0) {
    return Wrong(value, "a number of milliseconds, at least 1");
  }
  options.file_flush_interval = base::Milliseconds(*milliseconds);
  return absl::OkStatus();
}

Set LogLevel() {
  static constexpr std::string_view kLevels[] = {"trace", "debug", "info",     "warning",
                                                 "warn",  "error", "critical", "off"};
  return OneOf({std::begin(kLevels), std::end(kLevels)},
               [](Options& o, size_t i) { o.log_level = std::string(kLevels[i]); });
}

const std::vector<Flag>& Flags() {
  static const auto* flags = new std::vector<Flag>{
      {"--config-path", "-c", "FILE", "The bootstrap, YAML or JSON.", Text(&Options::config_path)},
      {"--config-yaml", "", "TEXT", "Bootstrap text, merged over the file's.",
       Text(&Options::config_yaml)},
      {"--mode", "", "MODE",
       "serve (default); validate: check the bootstrap and exit; init_only: warm up, then exit.",
       OneOf({"serve", "validate", "init_only"},
             [](Options& o, size_t i) { o.mode = static_cast<Options::Mode>(i); })},
      {"--concurrency", "", "N", "Worker threads. Default: the CPU quota, else the CPUs.",
       SetConcurrency},
      {"--log-level", "-l", "LEVEL", "trace, debug, info (default), warning, error, critical, off.",
       LogLevel()},
      {"--component-log-level", "", "LIST",
       "Levels of single components, as upstream:debug,xds:trace.",
       Text(&Options::component_log_level)},
      {"--log-format", "", "FORMAT", "Pattern of a log line, in spdlog's language.",
       Text(&Options::log_format)},
      {"--log-path", "", "FILE", "Log there instead of to stderr.", Text(&Options::log_path)},
      {"--service-cluster", "", "NAME", "node.cluster, where the bootstrap has none.",
       Text(&Options::service_cluster)},
      {"--service-node", "", "NAME", "node.id, where the bootstrap has none.",
       Text(&Options::service_node)},
      {"--service-zone", "", "NAME", "node.locality.zone, where the bootstrap has none.",
       Text(&Options::service_zone)},
      {"--admin-address-path", "", "FILE", "Write the admin endpoint's address there.",
       Text(&Options::admin_address_path)},
      {"--local-address-ip-version", "", "v4|v6", "Accepted: an endpoint's family decides here.",
       OneOf({"v4", "v6"},
             [](Options& o, size_t i) { o.local_address_ip_version = i == 0 ? "v4" : "v6"; })},
      {"--drain-time-s", "", "SECONDS", "How long connections may take to end when draining (600).",
       Seconds(&Options::drain_time)},
      {"--drain-strategy", "", "gradual|immediate",
       "Accepted: draining asks all connections to close at once.",
       OneOf({"gradual", "immediate"},
             [](Options& o, size_t i) { o.drains_immediately = i == 1; })},
      {"--parent-shutdown-time-s", "", "SECONDS",
       "Of hot restart, which is not there; kept for scripts (900).",
       Seconds(&Options::parent_shutdown_time)},
      {"--file-flush-interval-msec", "", "MS", "How often access logs are written out (1000).",
       SetFlushInterval},
      {"--file-flush-min-size-kb", "", "KB", "Access log bytes that are written out at once (64).",
       Count(&Options::file_flush_min_size_kb)},
      {"--allow-unknown-static-fields", "", "",
       "Unknown fields of the bootstrap are warnings, not errors.",
       Switch(&Options::allow_unknown_static_fields)},
      {"--reject-unknown-dynamic-fields", "", "", "Unknown fields refuse an xDS resource.",
       Switch(&Options::reject_unknown_dynamic_fields)},
      {"--ignore-unknown-dynamic-fields", "", "",
       "Unknown fields of xDS resources are not even logged.",
       Switch(&Options::ignore_unknown_dynamic_fields)},
      {"--skip-deprecated-logs", "", "", "Accepted: there are no warnings about deprecated fields.",
       Switch(&Options::skip_deprecated_logs)},
      {"--enable-core-dump", "", "", "Lift the limit on core dumps.",
       Switch(&Options::enable_core_dump)},
      {"--cpuset-threads", "", "",
       "Default concurrency from the CPUs we may run on (always so here).",
       Switch(&Options::cpuset_threads)},
      {"--disable-hot-restart", "", "", "Accepted: there is no hot restart to disable.",
       Switch(&Options::disable_hot_restart)},
      {"--base-id", "", "N", "Of hot restart; shown in /server_info.", Count(&Options::base_id)},
      {"--restart-epoch", "", "N", "Of hot restart; must be 0.", Count(&Options::restart_epoch)},
      {"--bootstrap-version", "", "N", "Must be 3.", OneOf({"3"}, [](Options&, size_t) {})},
      {"--version", "", "", "Print the version and exit.",
       [](Options& o, std::string_view) {
         o.ask = Options::Ask::kVersion;
         return absl::OkStatus();
       }},
      {"--help", "-h", "", "Print this and exit.",
       [](Options& o, std::string_view) {
         o.ask = Options::Ask::kHelp;
         return absl::OkStatus();
       }},
  };
  return *flags;
}

const Flag* FindFlag(std::string_view name) {
  for (const Flag& flag : Flags()) {
    if (name == flag.name || (!flag.short_name.empty() && name == flag.short_name)) return &flag;
  }
  return nullptr;
}

absl::Status CheckTogether(const Options& options) {
  if (options.ask != Options::Ask::kRun) return absl::OkStatus();
  if (options.config_path.empty() && options.config_yaml.empty()) {
    return absl::InvalidArgumentError(
        "no configuration: give a bootstrap with -c FILE or --config-yaml TEXT");
  }
  if (options.restart_epoch != 0) {
    return absl::InvalidArgumentError(
        base::StrCat("--restart-epoch: hot restart is not implemented, got ", options.restart_epoch,
                     "; leave it at 0"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Options> Options::Parse(absl::Span<const char* const> arguments) {
  Options options;
  for (size_t i = 0; i < arguments.size(); ++i) {
    std::string_view name = arguments[i];
    std::optional<std::string_view> value;
    if (const size_t equals = name.find('='); name.starts_with("--") && equals != name.npos) {
      value = name.substr(equals + 1);
      name = name.substr(0, equals);
    }
    const Flag* flag = FindFlag(name);
    if (flag == nullptr) {
      return absl::InvalidArgumentError(base::StrCat(name, ": unknown flag; --help lists them"));
    }
    if (flag->value.empty() && value) {
      return absl::InvalidArgumentError(
          base::StrCat(name, ": takes no value, got \"", *value, "\""));
    }
    if (!flag->value.empty() && !value) {
      if (i + 1 == arguments.size()) {
        return absl::InvalidArgumentError(base::StrCat(name, ": wants a value, ", flag->value));
      }
      value = arguments[++i];
    }
    if (absl::Status status = flag->set(options, value.value_or("")); !status.ok()) {
      return absl::InvalidArgumentError(base::StrCat(name, ": ", status.message()));
    }
  }
  if (absl::Status status = CheckTogether(options); !status.ok()) return status;
  return options;
}

std::string Options::Help() {
  std::string text =
      "outrigger: a sidecar proxy that an xDS control plane drives live.\n\n"
      "  outrigger -c bootstrap.yaml                  run\n"
      "  outrigger -c bootstrap.yaml --mode validate  check the bootstrap, then exit\n\n"
      "Flags (as Envoy's):\n";
  for (const Flag& flag : Flags()) {
    std::string left =
        base::StrCat("  ", flag.short_name.empty() ? "" : base::StrCat(flag.short_name, ", "),
                     flag.name, flag.value.empty() ? "" : " ", flag.value);
    if (left.size() < 38) left.resize(38, ' ');
    base::StrAppend(&text, left, " ", flag.help, "\n");
  }
  base::StrAppend(&text,
                  "\nSignals: SIGTERM and SIGINT drain and exit; SIGUSR1 reopens access logs.\n");
  return text;
}

}  // namespace outrigger::main
