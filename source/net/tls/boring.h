#pragma once

#include <openssl/base.h>
#include <openssl/bytestring.h>
#include <openssl/pool.h>
#include <openssl/sha.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace outrigger::net::tls {

// Equal certificates of the whole process are one piece of memory.  Thread: any.
CRYPTO_BUFFER_POOL* CertificatePool();

// BoringSSL's reason for an error in lower-case words.
std::string ReasonWords(uint32_t error);
// What BoringSSL complained about first, in lower-case words; empties this thread's error queue.
std::string TakeErrorText();

using Sha256Bytes = std::array<uint8_t, SHA256_DIGEST_LENGTH>;

// SHA-256 over parts, each with its length in front so that no two lists of parts look alike.
class Sha256Of {
 public:
  Sha256Of() { SHA256_Init(&state_); }
  Sha256Of& Add(std::string_view part);
  Sha256Of& Add(uint64_t number);
  Sha256Bytes Finish();

 private:
  SHA256_CTX state_;
};

// The first 64 bits, for telling apart what the same configuration wrote.
uint64_t Shortened(const Sha256Bytes& hash);

inline std::string_view ViewOf(const CRYPTO_BUFFER* buffer) {
  return {reinterpret_cast<const char*>(CRYPTO_BUFFER_data(buffer)), CRYPTO_BUFFER_len(buffer)};
}
inline std::string_view ViewOf(const CBS& bytes) {
  return {reinterpret_cast<const char*>(CBS_data(&bytes)), CBS_len(&bytes)};
}
inline const uint8_t* BytesOf(std::string_view text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}
std::string HexOf(std::string_view bytes);  // lower case

}  // namespace outrigger::net::tls
