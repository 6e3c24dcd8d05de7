#include <sys/resource.h>

#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "source/base/log.h"
#include "source/base/text.h"
#include "source/config/bootstrap.h"
#include "source/config/compile.h"
#include "source/config/registry.h"
#include "source/main/options.h"
#include "source/main/register_extensions.h"
#include "source/server/server.h"
#include "source/server/version.h"

namespace outrigger::main {
namespace {

constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

int Complain(const absl::Status& status) {
  std::fprintf(stderr, "outrigger: %s\n", std::string(status.message()).c_str());
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

absl::Status SetUpLog(const Options& options) {
  base::LogOutput output{.path = options.log_path};
  if (!options.log_format.empty()) output.pattern = options.log_format;
  if (absl::Status status = base::OpenLog(output); !status.ok()) return status;
  base::SetAllLogLevels(*base::ParseLogLevel(options.log_level));
  return base::SetLogLevels(options.component_log_level);
}

int Serve(const Options& options) {
  const base::SystemClock clock;
  event::Loop loop(clock);
  stats::Store stats;
  upstream::ClusterNames cluster_names;
  access_loggers::LogFiles log_files(stats, {.flush_interval = options.file_flush_interval,
                                             .flush_bytes = options.file_flush_min_size_kb * 1024});
  config::Registry registry;
  RegisterExtensions(registry, log_files);

  auto bootstrap = config::LoadBootstrap(BootstrapInput(options));
  if (!bootstrap.ok()) return Complain(bootstrap.status());
  const config::Compiler compiler(registry, clock, stats, cluster_names, bootstrap->environment);
  if (absl::Status status = config::CompileStatic(compiler, *bootstrap); !status.ok()) {
    return Complain(status);
  }
  if (options.mode == Options::Mode::kValidate) {
    std::printf("configuration '%s' OK\n",
                options.config_path.empty() ? "--config-yaml" : options.config_path.c_str());
    return 0;
  }
  auto server = server::Server::Create(
      {.clock = clock, .loop = loop, .stats = stats, .log_files = log_files, .compiler = compiler},
      {.concurrency = options.concurrency.value_or(DefaultConcurrency()),
       .drain_time = options.drain_time,
       .admin_address_path = options.admin_address_path},
      *std::move(bootstrap));
  if (!server.ok()) return Complain(server.status());
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
      std::printf("outrigger  version: %s\n", std::string(server::VersionText()).c_str());
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
