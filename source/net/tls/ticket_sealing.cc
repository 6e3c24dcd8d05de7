#include "source/net/tls/ticket_sealing.h"

#include <openssl/cipher.h>
#include <openssl/digest.h>
#include <openssl/hmac.h>
#include <openssl/mem.h>
#include <openssl/rand.h>

#include <chrono>
#include <cstring>
#include <utility>

#include "source/base/mutex.h"
#include "source/base/text.h"
#include "source/net/tls/boring.h"

namespace outrigger::net::tls {
namespace {

constexpr std::chrono::hours kRotation(12);

TicketKey RandomKey() {
  TicketKey key;
  RAND_bytes(key.bytes.data(), key.bytes.size());
  return key;
}

// 1 when the cipher and the HMAC stand ready.
int Prepare(const TicketKey& key, const uint8_t* iv, EVP_CIPHER_CTX* aes, HMAC_CTX* hmac,
            bool seals) {
  const bool is_ready =
      HMAC_Init_ex(hmac, key.hmac(), TicketKey::kHmacBytes, EVP_sha256(), nullptr) == 1 &&
      EVP_CipherInit_ex(aes, EVP_aes_256_cbc(), nullptr, key.aes(), iv, seals ? 1 : 0) == 1;
  return is_ready ? 1 : -1;
}

int Seal(const TicketKey& key, uint8_t* key_name, uint8_t* iv, EVP_CIPHER_CTX* aes,
         HMAC_CTX* hmac) {
  std::memcpy(key_name, key.name(), TicketKey::kNameBytes);
  RAND_bytes(iv, EVP_CIPHER_iv_length(EVP_aes_256_cbc()));
  return Prepare(key, iv, aes, hmac, /*seals=*/true);
}

bool HasName(const TicketKey& key, const uint8_t* name) {
  return std::memcmp(key.name(), name, TicketKey::kNameBytes) == 0;
}

}  // namespace

GivenTicketKeys::GivenTicketKeys(std::vector<TicketKey> keys) : keys_(std::move(keys)) {
  Sha256Of hash;
  for (const TicketKey& key : keys_) {
    hash.Add({reinterpret_cast<const char*>(key.bytes.data()), key.bytes.size()});
  }
  fingerprint_ = Shortened(hash.Finish());
}

GivenTicketKeys::~GivenTicketKeys() {
  OPENSSL_cleanse(keys_.data(), keys_.size() * sizeof(TicketKey));
}

absl::StatusOr<std::shared_ptr<const TicketKeys>> TicketKeys::Make(std::vector<std::string> keys) {
  if (keys.empty()) return absl::InvalidArgumentError("keys: at least one is needed");
  std::vector<TicketKey> parsed(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    if (keys[i].size() != TicketKey::kBytes) {
      return base::InvalidArgument("keys[", i, "]: must be ", TicketKey::kBytes, " bytes, got ",
                                   keys[i].size());
    }
    std::memcpy(parsed[i].bytes.data(), keys[i].data(), TicketKey::kBytes);
    OPENSSL_cleanse(keys[i].data(), keys[i].size());
  }
  return std::make_shared<GivenTicketKeys>(std::move(parsed));
}

ProcessTicketKeys ProcessTicketKeys::Now() {
  // A mutex on the workers: every handshake needs the same keys at the same time, and it is held
  // for as long as it takes to copy them.
  static base::Mutex& mutex = *new base::Mutex();
  static auto& keys = *new ProcessTicketKeys{.sealing = RandomKey(), .earlier = RandomKey()};
  static auto made_at = std::chrono::steady_clock::now();
  const auto now = std::chrono::steady_clock::now();
  base::MutexLock lock(mutex);
  if (now - made_at >= kRotation) {
    // After two rotations nothing that was sealed may be opened.
    keys.earlier = now - made_at >= 2 * kRotation ? RandomKey() : keys.sealing;
    keys.sealing = RandomKey();
    made_at = now;
  }
  return keys;
}

int HandleTicket(const GivenTicketKeys* given, uint8_t* key_name, uint8_t* iv, EVP_CIPHER_CTX* aes,
                 HMAC_CTX* hmac, bool seals) {
  if (given == nullptr) {
    const ProcessTicketKeys own = ProcessTicketKeys::Now();
    if (seals) return Seal(own.sealing, key_name, iv, aes, hmac);
    if (HasName(own.sealing, key_name)) return Prepare(own.sealing, iv, aes, hmac, seals);
    if (!HasName(own.earlier, key_name)) return 0;
    return Prepare(own.earlier, iv, aes, hmac, seals) == 1 ? 2 : -1;
  }
  if (seals) return Seal(given->keys().front(), key_name, iv, aes, hmac);
  for (const TicketKey& key : given->keys()) {
    if (!HasName(key, key_name)) continue;
    const int result = Prepare(key, iv, aes, hmac, seals);
    return result == 1 && &key != &given->keys().front() ? 2 : result;
  }
  return 0;
}

}  // namespace outrigger::net::tls
