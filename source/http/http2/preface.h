#pragma once

#include <string_view>

namespace outrigger::http::http2 {

// How a connection of HTTP/2 with prior knowledge begins (RFC 9113 3.4).
inline constexpr std::string_view kClientPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

}  // namespace outrigger::http::http2
