#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace outrigger::grpc_json_transcoder {

enum class Unescape : uint8_t { kAll, kAllButSlash, kAllButReserved };

// Decodes percent-encoding (RFC 3986 2.1); what `unescape` leaves out stays encoded as it was.
// Nothing when a '%' is not followed by two hexadecimal digits.
std::optional<std::string> PercentDecode(std::string_view text, Unescape unescape,
                                         bool plus_is_space = false);

}  // namespace outrigger::grpc_json_transcoder
