#include "source/net/tls/sha1.h"

#include <openssl/sha.h>

namespace outrigger::net::tls {

std::array<uint8_t, 20> Sha1(std::string_view text) {
  std::array<uint8_t, SHA_DIGEST_LENGTH> digest;
  SHA1(reinterpret_cast<const uint8_t*>(text.data()), text.size(), digest.data());
  return digest;
}

}  // namespace outrigger::net::tls
