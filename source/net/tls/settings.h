#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace outrigger::net::tls {

enum class Version : uint8_t { kTls12, kTls13 };

// What both sides of a connection may agree on. Names are those of OpenSSL and BoringSSL, as
// Envoy's configuration has them; empty lists: our defaults, which are those of Mozilla's
// intermediate profile with AES first where the machine has it.
struct Parameters {
  Version min_version = Version::kTls12;
  Version max_version = Version::kTls13;
  std::vector<std::string> cipher_suites;  // of TLS 1.2; "[A|B]": of equal preference
  std::vector<std::string> groups;         // "X25519", "P-256"
  std::vector<std::string> signature_algorithms;
  bool prefer_client_ciphers = false;  // server
};

}  // namespace outrigger::net::tls
