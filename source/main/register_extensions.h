#pragma once

#include "source/config/registry.h"
#include "source/extensions/access_loggers/log_files.h"

namespace outrigger::main {

// Everything that this binary can be configured with: one line each. `log_files` outlives the
// loggers made from the registry.
void RegisterExtensions(config::Registry& registry, access_loggers::LogFiles& log_files);

}  // namespace outrigger::main
