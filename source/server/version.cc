#include "source/server/version.h"

#include "source/base/text.h"

namespace outrigger::server {

std::string VersionText() {
#ifdef OUTRIGGER_REVISION
  constexpr std::string_view kRevision = OUTRIGGER_REVISION;
  constexpr std::string_view kTree = "Clean";
#else
  constexpr std::string_view kRevision = "0000000000000000000000000000000000000000";
  constexpr std::string_view kTree = "Distribution";  // Envoy's word: built outside of a repository
#endif
#ifdef NDEBUG
  constexpr std::string_view kBuild = "RELEASE";
#else
  constexpr std::string_view kBuild = "DEBUG";
#endif
  return base::StrCat(kRevision, "/", kVersion, "/", kTree, "/", kBuild, "/none");
}

}  // namespace outrigger::server
