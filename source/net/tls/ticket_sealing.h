#pragma once

#include <openssl/ssl.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "source/net/tls/ticket_keys.h"

namespace outrigger::net::tls {

// One key as it lies in the configuration: 16 bytes of name, 32 for HMAC-SHA256, 32 for AES-256.
struct TicketKey {
  static constexpr size_t kNameBytes = 16;
  static constexpr size_t kHmacBytes = 32;
  static constexpr size_t kAesBytes = 32;
  static constexpr size_t kBytes = kNameBytes + kHmacBytes + kAesBytes;

  std::array<uint8_t, kBytes> bytes;

  const uint8_t* name() const { return bytes.data(); }
  const uint8_t* hmac() const { return bytes.data() + kNameBytes; }
  const uint8_t* aes() const { return bytes.data() + kNameBytes + kHmacBytes; }
};

class GivenTicketKeys final : public TicketKeys {
 public:
  explicit GivenTicketKeys(std::vector<TicketKey> keys);
  ~GivenTicketKeys() override;
  uint64_t fingerprint() const override { return fingerprint_; }
  const std::vector<TicketKey>& keys() const { return keys_; }

 private:
  std::vector<TicketKey> keys_;
  uint64_t fingerprint_;
};

// Random keys of this process, for contexts that were given none. A new one seals every 12 hours;
// the one before still opens, so that a ticket lives at least as long.
// Thread: any.
struct ProcessTicketKeys {
  TicketKey sealing;
  TicketKey earlier;
  static ProcessTicketKeys Now();
};

// What SSL_CTX_set_tlsext_ticket_key_cb asks for; `given` may be null. 1: done; 2: opened, and to
// be sealed anew; 0: sealed with a key that is not ours: a full handshake follows; -1: failed.
int HandleTicket(const GivenTicketKeys* given, uint8_t* key_name, uint8_t* iv, EVP_CIPHER_CTX* aes,
                 HMAC_CTX* hmac, bool seals);

}  // namespace outrigger::net::tls
