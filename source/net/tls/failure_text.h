#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace outrigger::net::tls {

// RFC 8446 B.2: "unknown_ca"; "alert 200" for a number that has no name.
std::string AlertName(uint8_t alert);

struct TakenFailure {
  int reason = 0;  // SSL_R_...; 0: of another part of BoringSSL
  std::string text;
};
// Why BoringSSL gave up, from this thread's error queue, which is emptied. `is_server`: our side.
TakenFailure TakeFailure(bool is_server);

// Whether a connection that begins with these bytes speaks HTTP/1 or HTTP/2 in plain.
bool LooksLikeHttp(std::string_view first_bytes);

// What a server answers to such a client.
extern const std::string_view kPlaintextAnswer;

}  // namespace outrigger::net::tls
