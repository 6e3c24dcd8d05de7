#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "source/http/header_map.h"

namespace outrigger::http::http1 {

// 1*DIGIT (RFC 9110 8.6) below 2^63: no sign, no blanks, no overflow.
std::optional<uint64_t> ParseDecimal(std::string_view text);
// What Content-Length says; nullopt without exactly one that is valid.
std::optional<uint64_t> BodyLength(const HeaderMap& headers);

}  // namespace outrigger::http::http1
