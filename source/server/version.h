#pragma once

#include <string>
#include <string_view>

namespace outrigger::server {

inline constexpr std::string_view kVersion = "0.1.0";

// As /server_info says it: revision/version/state of the source tree/build type/TLS library. The
// revision is what the build defines as OUTRIGGER_REVISION.
std::string VersionText();

}  // namespace outrigger::server
