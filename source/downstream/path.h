#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace outrigger::downstream {

// Whether NormalizePath or MergeSlashes could change `path` (a quick scan; it may say yes in vain,
// never no).
bool NeedsNormalizing(std::string_view path);

// RFC 3986 6.2.2 on a path without query: decodes escapes of unreserved characters, upper-cases the
// digits of the others, turns '\' into '/', removes dot segments. nullopt: an escape is broken or
// stands for NUL, or the path climbs above the root or is not absolute.
std::optional<std::string> NormalizePath(std::string_view path);

// "//" runs become one '/'.
std::string MergeSlashes(std::string_view path);

// Whether the path has an escaped '/' or '\' (%2F, %5C).
bool HasEscapedSlashes(std::string_view path);
// Decodes them.
std::string UnescapeSlashes(std::string_view path);

}  // namespace outrigger::downstream
