#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "source/base/clock.h"

namespace outrigger::main {

// The command line, Envoy's flags. The table in options.cc is the manual: `--help` prints it.
struct Options {
  enum class Mode : uint8_t { kServe, kValidate, kInitOnly };
  enum class Ask : uint8_t { kRun, kHelp, kVersion };

  Ask ask = Ask::kRun;
  std::string config_path;
  std::string config_yaml;
  Mode mode = Mode::kServe;
  std::optional<uint32_t> concurrency;  // nullopt: the cgroup's CPU quota, else the cores
  std::string log_level = "info";
  std::string component_log_level;
  std::string log_format;
  std::string log_path;
  std::string service_cluster;
  std::string service_node;
  std::string service_zone;
  std::string admin_address_path;
  std::string local_address_ip_version = "v4";
  base::Milliseconds drain_time{600'000};
  bool drains_immediately = false;
  base::Milliseconds parent_shutdown_time{900'000};
  base::Milliseconds file_flush_interval{1000};
  uint32_t file_flush_min_size_kb = 64;
  bool allow_unknown_static_fields = false;
  bool reject_unknown_dynamic_fields = false;
  bool ignore_unknown_dynamic_fields = false;
  bool skip_deprecated_logs = false;
  bool enable_core_dump = false;
  uint64_t base_id = 0;
  uint32_t restart_epoch = 0;
  bool cpuset_threads = false;
  bool disable_hot_restart = false;

  // Errors name the flag, the value and what would be right.
  static absl::StatusOr<Options> Parse(absl::Span<const char* const> arguments);
  static std::string Help();
};

// How many workers to run when nobody says: the CPU quota of our cgroup (v2, then v1), rounded up,
// at most the CPUs that we may run on.
uint32_t DefaultConcurrency();

}  // namespace outrigger::main
