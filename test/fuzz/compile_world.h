#pragma once

#include "source/base/clock.h"
#include "source/config/compile.h"
#include "source/extensions/access_loggers/log_files.h"
#include "source/main/register_extensions.h"

namespace outrigger::fuzz {

// Everything that compiling configuration needs, with all extensions of the proxy.
struct CompileWorld {
  CompileWorld() { main::RegisterExtensions(registry, log_files); }

  base::SystemClock clock;
  stats::Store store;
  upstream::ClusterNames names;
  access_loggers::LogFiles log_files{{}, {}};
  config::Registry registry;
};

}  // namespace outrigger::fuzz
