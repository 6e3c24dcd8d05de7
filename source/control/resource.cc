#include "source/control/resource.h"

#include <cstdint>
#include <utility>

#include "absl/strings/str_format.h"

namespace outrigger::control {

std::string_view ShortTypeName(std::string_view type_name) {
  constexpr std::pair<std::string_view, std::string_view> kShort[] = {
      {kListener, "lds"},
      {kRoutes, "rds"},
      {kCluster, "cds"},
      {kEndpoints, "eds"},
      {"envoy.extensions.transport_sockets.tls.v3.Secret", "sds"},
      {"envoy.service.runtime.v3.Runtime", "rtds"},
      {"envoy.config.core.v3.TypedExtensionConfig", "ecds"},
      {"envoy.config.route.v3.ScopedRouteConfiguration", "srds"},
      {"envoy.config.route.v3.VirtualHost", "vhds"},
  };
  for (const auto& [name, shortened] : kShort) {
    if (name == type_name) return shortened;
  }
  return type_name;
}

std::string ContentVersion(std::string_view content) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const unsigned char byte : content) hash = (hash ^ byte) * 0x100000001b3;
  return absl::StrFormat("%016x", hash);
}

}  // namespace outrigger::control
