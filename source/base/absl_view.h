#pragma once

#include <string_view>

#include "absl/strings/string_view.h"

namespace outrigger::base {

// Debian builds Abseil with a string_view of its own; its string functions take that.
inline absl::string_view AbslView(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace outrigger::base
