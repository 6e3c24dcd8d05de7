#include "test/net/tls/hand_made.h"

#include <openssl/aead.h>
#include <openssl/bio.h>
#include <openssl/digest.h>
#include <openssl/err.h>
#include <openssl/hkdf.h>

#include "absl/strings/escaping.h"
#include "source/base/check.h"
#include "source/base/text.h"
#include "source/net/tls/boring.h"

namespace outrigger::net::tls {
namespace {

// RFC 8446 7.1.
std::string ExpandLabel(const std::string& secret, std::string_view label, size_t size) {
  const std::string full = base::StrCat("tls13 ", label);
  std::string info = {static_cast<char>(size >> 8), static_cast<char>(size),
                      static_cast<char>(full.size())};
  info += full;
  info += '\0';
  std::string out(size, '\0');
  CHECK(HKDF_expand(reinterpret_cast<uint8_t*>(out.data()), size, EVP_sha256(), BytesOf(secret),
                    secret.size(), BytesOf(info), info.size()) == 1);
  return out;
}

}  // namespace

HandMadeRecords::HandMadeRecords(std::string_view key_log, std::string_view label) {
  const size_t line = key_log.find(base::StrCat(label, " "));
  CHECK(line != std::string_view::npos);
  // The label, 32 bytes of the client's random, the secret; both in hex.
  const size_t secret = line + label.size() + 1 + 64 + 1;
  secret_ = absl::HexStringToBytes(base::AbslView(key_log.substr(secret, 64)));
  DeriveKeys();
}

void HandMadeRecords::DeriveKeys() {
  key_ = ExpandLabel(secret_, "key", 16);
  iv_ = ExpandLabel(secret_, "iv", 12);
  sequence_ = 0;
}

std::string HandMadeRecords::Seal(Type type, std::string_view text) {
  std::string inner(text);
  inner += static_cast<char>(type);
  const size_t size = inner.size() + 16;
  const std::string header = {0x17, 3, 3, static_cast<char>(size >> 8), static_cast<char>(size)};
  std::string nonce = iv_;
  for (int i = 0; i < 8; ++i) {
    nonce[11 - i] = static_cast<char>(nonce[11 - i] ^ static_cast<char>(sequence_ >> (8 * i)));
  }
  ++sequence_;
  bssl::ScopedEVP_AEAD_CTX aead;
  CHECK(EVP_AEAD_CTX_init(aead.get(), EVP_aead_aes_128_gcm(), BytesOf(key_), key_.size(), 16,
                          nullptr) == 1);
  std::string out(size, '\0');
  size_t sealed = 0;
  CHECK(EVP_AEAD_CTX_seal(aead.get(), reinterpret_cast<uint8_t*>(out.data()), &sealed, out.size(),
                          BytesOf(nonce), nonce.size(), BytesOf(inner), inner.size(),
                          BytesOf(header), header.size()) == 1);
  return header + out;
}

std::string HandMadeRecords::UpdateKey(bool requests_answer) {
  const std::string message = {24, 0, 0, 1, static_cast<char>(requests_answer ? 1 : 0)};
  std::string record = Seal(kHandshake, message);
  secret_ = ExpandLabel(secret_, "traffic upd", 32);
  DeriveKeys();
  return record;
}

std::string HandMadeTicket(uint8_t nonce) {
  std::string body = {0, 0, 0x0e, 0x10, 0, 0, 0, 0, 1, static_cast<char>(nonce), 0, 8};
  body += "a ticket";
  body += std::string(2, '\0');
  return std::string({4, 0, 0, static_cast<char>(body.size())}) + body;
}

BareClient::BareClient(const ServerContexts& serving, const std::function<void(SSL*)>& change)
    : context_(SSL_CTX_new(TLS_with_buffers_method())),
      pair_(serving.Make(), nullptr),
      server_(&pair_.server()) {
  ssl_.reset(SSL_new(context_.get()));
  SSL_set_custom_verify(ssl_.get(), SSL_VERIFY_PEER, [](SSL*, uint8_t*) { return ssl_verify_ok; });
  BIO* in = BIO_new(BIO_s_mem());
  BIO_set_mem_eof_return(in, -1);
  SSL_set_bio(ssl_.get(), in, BIO_new(BIO_s_mem()));
  SSL_set_connect_state(ssl_.get());
  change(ssl_.get());
}

bool BareClient::Shake() {
  for (int turn = 0; turn < 10; ++turn) {
    const bool is_done = SSL_do_handshake(ssl_.get()) == 1;
    ToServer();
    ToClient();
    if (is_done) break;
  }
  ERR_clear_error();
  return SSL_is_init_finished(ssl_.get()) == 1 && server_->state() == Transport::State::kOpen;
}

void BareClient::ToServer() {
  const uint8_t* data = nullptr;
  size_t size = 0;
  BIO* out = SSL_get_wbio(ssl_.get());
  if (BIO_mem_contents(out, &data, &size) != 1 || size == 0) return;
  pair_.Give(*server_, {reinterpret_cast<const char*>(data), size}, pair_.server_plain());
  BIO_reset(out);
}

void BareClient::ToClient() {
  const std::string bytes = server_->wire().ToString();
  server_->wire().Clear();
  if (!bytes.empty()) {
    BIO_write(SSL_get_rbio(ssl_.get()), bytes.data(), static_cast<int>(bytes.size()));
  }
}

}  // namespace outrigger::net::tls
