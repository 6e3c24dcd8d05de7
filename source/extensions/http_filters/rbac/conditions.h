#pragma once

#include <string_view>

#include "source/extensions/http_filters/rbac/rules.h"

namespace outrigger::rbac {

// One permission or principal with everything below it, at most 32 levels deep. Kinds that are not
// implemented are refused by name.
absl::StatusOr<Condition> CompilePermission(const envoy::config::rbac::v3::Permission& permission,
                                            int depth = 0);
absl::StatusOr<Condition> CompilePrincipal(const envoy::config::rbac::v3::Principal& principal,
                                           int depth = 0);

// The same error, said of a field inside `where`.
absl::Status Within(std::string_view where, const absl::Status& status);

}  // namespace outrigger::rbac
