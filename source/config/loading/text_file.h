#pragma once

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"

namespace outrigger::loading {

// The content of a file, or of anything that can be read to its end, such as /dev/stdin. Refused
// beyond `limit_bytes`. Messages begin with the path.
absl::StatusOr<std::string> ReadTextFile(const std::string& path, size_t limit_bytes = 64u << 20);

}  // namespace outrigger::loading
