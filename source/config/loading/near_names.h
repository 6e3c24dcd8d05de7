#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace outrigger::loading {

// The names of `known` that someone who wrote `wanted` may have meant, nearest first, at most
// `limit`. Case and '_' and '-' weigh little: ROUNDROBIN is near ROUND_ROBIN.
std::vector<std::string> NearNames(std::string_view wanted, const std::vector<std::string>& known,
                                   size_t limit);

// `, did you mean "x"?` for the nearest one, or nothing.
std::string DidYouMean(std::string_view wanted, const std::vector<std::string>& known);

}  // namespace outrigger::loading
