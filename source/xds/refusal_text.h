#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "source/xds/resource_type.h"

namespace outrigger::xds {

inline constexpr size_t kMaxRefusalBytes = 8 * 1024;

// What error_detail says: each refused resource with its reason, as far as kMaxRefusalBytes allow,
// and how many more there are. Empty when nothing was refused.
//   2 of 10 resources refused: "a": filter_chains[0]: ...; "b": name: ...
std::string RefusalText(const std::vector<RefusedResource>& refused, size_t resource_count,
                        std::string_view overflow);

}  // namespace outrigger::xds
