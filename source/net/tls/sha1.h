#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace outrigger::net::tls {

// SHA-1 (FIPS 180-4). Only where a protocol asks for it as a fingerprint (RFC 6455 4.2.2): it
// proves nothing to anyone.
std::array<uint8_t, 20> Sha1(std::string_view text);

}  // namespace outrigger::net::tls
