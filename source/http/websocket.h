#pragma once

#include <string>
#include <string_view>

#include "source/http/head.h"

// What the WebSocket handshake of HTTP/1 has and that of HTTP/2 has not (RFC 6455 4, RFC 8441 5):
// where the two meet, the side that speaks HTTP/1 makes it up.
namespace outrigger::http {

inline constexpr std::string_view kWebSocketKey = "sec-websocket-key";
inline constexpr std::string_view kWebSocketAccept = "sec-websocket-accept";

bool IsWebSocket(std::string_view upgrade);  // in any case

// The Sec-WebSocket-Accept that answers a Sec-WebSocket-Key.
std::string WebSocketAccept(std::string_view key);
// A key that no one can foresee: 16 random bytes in base64.
std::string NewWebSocketKey();

}  // namespace outrigger::http
