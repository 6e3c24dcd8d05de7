// What a TlsTransport tells of its connection: made when somebody asks, and never before.
#include <openssl/err.h>

#include <utility>

#include "source/net/tls/boring.h"
#include "source/net/tls/tls_transport.h"
#include "source/net/tls/x509_text.h"

namespace outrigger::net::tls {

std::shared_ptr<const CertificateInfo> TlsTransport::DescribePeer() const {
  const STACK_OF(CRYPTO_BUFFER)* chain = SSL_get0_peer_certificates(ssl_.get());
  if (chain == nullptr || sk_CRYPTO_BUFFER_num(chain) == 0) return nullptr;
  CRYPTO_BUFFER* leaf = sk_CRYPTO_BUFFER_value(chain, 0);
  bssl::UniquePtr<X509> x509(X509_parse_from_buffer(leaf));
  if (x509 == nullptr) {
    // Nobody checked it, or it would have been refused.
    ERR_clear_error();
    return nullptr;
  }
  std::shared_ptr<CertificateInfo> info = DescribeCertificate(x509.get(), ViewOf(leaf));
  for (const CRYPTO_BUFFER* certificate : chain) info->chain_pem += PemOf(ViewOf(certificate));
  return info;
}

bool TlsTransport::IsPeerVerified() const {
  const LoadedTrust* trust = core_->trust.get();
  const STACK_OF(CRYPTO_BUFFER)* chain = SSL_get0_peer_certificates(ssl_.get());
  if (trust == nullptr || chain == nullptr || !trust->proves_identity() || is_chain_untrusted_) {
    return false;
  }
  // What was found then is not part of the session; where it could have been bad, look again.
  if (trust->accepts_untrusted() && SSL_session_reused(ssl_.get()) == 1) {
    return trust->Verify(chain, core_->peer).cause == Finding::Cause::kNone;
  }
  return true;
}

const std::shared_ptr<const TlsInfo>& TlsTransport::info() {
  if (info_ != nullptr || state_ == State::kHandshaking) return info_;
  auto info = std::make_shared<TlsInfo>();
  const SSL* ssl = ssl_.get();
  info->version = SSL_get_version(ssl);
  if (const SSL_CIPHER* cipher = SSL_get_current_cipher(ssl)) {
    info->cipher = SSL_CIPHER_standard_name(cipher);
  }
  if (const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name)) {
    info->server_name = name;
  }
  info->application_protocol = application_protocol();
  if (const SSL_SESSION* session = SSL_get_session(ssl);
      session != nullptr && SSL_version(ssl) == TLS1_2_VERSION) {
    unsigned size = 0;
    const uint8_t* id = SSL_SESSION_get_id(session, &size);
    info->session_id = HexOf({reinterpret_cast<const char*>(id), size});
  }
  info->is_resumed = SSL_session_reused(ssl) == 1;
  info->is_peer_verified = IsPeerVerified();
  info->peer = DescribePeer();
  if (shown_ != nullptr) info->local = shown_->shared_info();
  info_ = std::move(info);
  return info_;
}

}  // namespace outrigger::net::tls
