#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "source/control/resource.h"

namespace outrigger::control {

// Reads the resources of one file: `resources: [...]`, each with "@type", or one resource to a
// document. All of them, or a message with a line for each thing that is wrong, as
// `file:line:column: path: what is wrong`. Empty text holds no resources.
absl::StatusOr<std::vector<ResourcePtr>> ReadResources(std::string_view text,
                                                       const std::string& file);

}  // namespace outrigger::control
