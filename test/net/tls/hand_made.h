#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "test/net/tls/world.h"

// Peers that do what our own transports would not.
namespace outrigger::net::tls {

// Seals records of TLS 1.3 (RFC 8446 5.2) with one side's key of TLS_AES_128_GCM_SHA256, as one
// that holds the secret can: from the key log.
class HandMadeRecords {
 public:
  enum Type : uint8_t { kAlert = 21, kHandshake = 22, kData = 23 };

  // `label`: "CLIENT_TRAFFIC_SECRET_0", in the lines of a key log.
  HandMadeRecords(std::string_view key_log, std::string_view label);
  std::string Seal(Type type, std::string_view text);
  // A sealed KeyUpdate message; what follows is sealed with the next key (RFC 8446 7.2).
  std::string UpdateKey(bool requests_answer);

 private:
  void DeriveKeys();

  std::string secret_;
  std::string key_;
  std::string iv_;
  uint64_t sequence_ = 0;
};

// A NewSessionTicket (RFC 8446 4.6.1) with `nonce` and a ticket that no server would open.
std::string HandMadeTicket(uint8_t nonce);

// BoringSSL itself as a client, with nothing of ours around it.
class BareClient {
 public:
  // `change` is called before the handshake.
  BareClient(const ServerContexts& serving, const std::function<void(SSL*)>& change);
  // Whether the handshake succeeded.
  bool Shake();
  SSL* ssl() { return ssl_.get(); }
  Transport& server() { return *server_; }

 private:
  void ToServer();
  void ToClient();

  bssl::UniquePtr<SSL_CTX> context_;
  bssl::UniquePtr<SSL> ssl_;
  Pair pair_;  // of which only the server is used
  Transport* server_;
};

}  // namespace outrigger::net::tls
