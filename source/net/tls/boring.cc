#include "source/net/tls/boring.h"

#include <openssl/err.h>

#include <algorithm>
#include <cstring>

#include "absl/strings/escaping.h"
#include "source/base/text.h"

namespace outrigger::net::tls {

CRYPTO_BUFFER_POOL* CertificatePool() {
  static CRYPTO_BUFFER_POOL* const pool = CRYPTO_BUFFER_POOL_new();
  return pool;
}

std::string ReasonWords(uint32_t error) {
  const char* reason = error == 0 ? nullptr : ERR_reason_error_string(error);
  if (reason == nullptr) return "no reason given";
  std::string text = reason;
  for (char& c : text) c = c == '_' ? ' ' : static_cast<char>(std::tolower(c));
  return text;
}

std::string TakeErrorText() {
  const uint32_t error = ERR_get_error();
  ERR_clear_error();
  return ReasonWords(error);
}

Sha256Of& Sha256Of::Add(uint64_t number) {
  SHA256_Update(&state_, &number, sizeof(number));
  return *this;
}

Sha256Of& Sha256Of::Add(std::string_view part) {
  Add(part.size());
  SHA256_Update(&state_, part.data(), part.size());
  return *this;
}

Sha256Bytes Sha256Of::Finish() {
  Sha256Bytes hash;
  SHA256_Final(hash.data(), &state_);
  return hash;
}

uint64_t Shortened(const Sha256Bytes& hash) {
  uint64_t number;
  std::memcpy(&number, hash.data(), sizeof(number));
  return number;
}

std::string HexOf(std::string_view bytes) { return absl::BytesToHexString(base::AbslView(bytes)); }

}  // namespace outrigger::net::tls
