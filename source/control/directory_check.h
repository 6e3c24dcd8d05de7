#pragma once

#include <string>
#include <vector>

namespace outrigger::control {

// All that --check has to say about a directory.
struct CheckReport {
  std::vector<std::string> errors;
  std::vector<std::string> warnings;
  std::string summary;  // "DIR: 3 files, 9 resources, 0 errors, 1 warning"
};

CheckReport CheckDirectory(const std::string& directory);

}  // namespace outrigger::control
