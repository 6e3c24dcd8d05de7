#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace outrigger::tcp {

// Text behind its length, a number of `width` bytes.
inline std::string Prefixed(size_t width, std::string_view text) {
  std::string out;
  for (size_t i = width; i > 0; --i) out += static_cast<char>(text.size() >> (8 * (i - 1)) & 0xff);
  return out.append(text);
}

inline std::string Extension(uint16_t type, std::string_view body) {
  std::string out{static_cast<char>(type >> 8), static_cast<char>(type & 0xff)};
  return out + Prefixed(2, body);
}

inline std::string ServerName(std::string_view name) {
  return Extension(0, Prefixed(2, std::string(1, '\0') + Prefixed(2, name)));
}

inline std::string Alpn(const std::vector<std::string>& protocols) {
  std::string list;
  for (const std::string& protocol : protocols) list += Prefixed(1, protocol);
  return Extension(16, Prefixed(2, list));
}

// A ClientHello with these extensions, with its handshake head.
inline std::string Hello(std::string_view extensions) {
  std::string body("\3\3", 2);
  body += std::string(32, 'r');
  body += Prefixed(1, "session");
  body += Prefixed(2, std::string_view("\x13\x01\x13\x02", 4));
  body += Prefixed(1, std::string_view("\0", 1));
  body += Prefixed(2, extensions);
  return '\1' + Prefixed(3, body);
}

// Handshake bytes in records of at most `most` bytes each.
inline std::string Records(std::string_view handshake, size_t most = 16384) {
  std::string out;
  while (!handshake.empty()) {
    out += std::string("\x16\3\1", 3) + Prefixed(2, handshake.substr(0, most));
    handshake.remove_prefix(std::min(most, handshake.size()));
  }
  return out;
}

}  // namespace outrigger::tcp
