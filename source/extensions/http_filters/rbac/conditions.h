#pragma once

#include <optional>

#include "source/extensions/http_filters/rbac/rules.h"

namespace outrigger::rbac {

// One permission or principal with everything below it, at most 32 levels deep. nullopt: refused at
// `place`; kinds that are not implemented are refused by name.
std::optional<Condition> ReadPermission(const envoy::config::rbac::v3::Permission& permission,
                                        const config::Place& place, int depth = 0);
std::optional<Condition> ReadPrincipal(const envoy::config::rbac::v3::Principal& principal,
                                       const config::Place& place, int depth = 0);

}  // namespace outrigger::rbac
