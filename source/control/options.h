#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "source/control/event_log.h"
#include "source/control/listening.h"

namespace outrigger::control {

// What the command line asks for.
struct Options {
  enum class Mode { kServe, kCheck, kShowHelp, kShowVersion };
  Mode mode = Mode::kServe;
  std::string directory;
  ListenOptions listen;
  LogLevel log_level = LogLevel::kInfo;
};

// `arguments` without the program's name; `--flag value` and `--flag=value`. Messages name the flag
// and the way out.
absl::StatusOr<Options> ParseOptions(const std::vector<std::string>& arguments);

// The text of --help.
extern const char kHelp[];

}  // namespace outrigger::control
