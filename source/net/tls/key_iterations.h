#pragma once

#include <cstdint>
#include <string_view>

namespace outrigger::net::tls {

// How often an encrypted key may hash its password (PBKDF2, PKCS#12): seconds of work at most, so
// that no key that the control plane sends can hold up the thread that loads it.
inline constexpr uint64_t kMostIterations = 5'000'000;

// Of a PKCS#8 key or a PKCS#12 file, before it is opened: the largest count it asks for. Looks for
// a salt with a number behind it, which is how every scheme writes it (RFC 8018 A.2, A.3, RFC 7292
// 4). ~0: not DER.
uint64_t IterationsOf(std::string_view der);

}  // namespace outrigger::net::tls
