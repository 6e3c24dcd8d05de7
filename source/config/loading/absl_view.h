#pragma once

#include <string_view>

#include "absl/strings/string_view.h"

namespace outrigger::loading {

// Debian builds Abseil as C++14, where absl::string_view is a type of its own.
inline absl::string_view AbslView(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view StdView(absl::string_view text) { return {text.data(), text.size()}; }

}  // namespace outrigger::loading
