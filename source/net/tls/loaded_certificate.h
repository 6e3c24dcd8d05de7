#pragma once

#include <openssl/evp.h>
#include <openssl/ssl.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "source/net/tls/certificate.h"
#include "source/net/tls/ocsp.h"
#include "source/net/tls/pem.h"

namespace outrigger::net::tls {

// The one kind of Certificate, with what BoringSSL wants of it.
class LoadedCertificate final : public Certificate {
 public:
  struct Parts {
    std::vector<ParsedCertificate> chain;
    bssl::UniquePtr<EVP_PKEY> key;
    std::string ocsp_response;
  };
  static const LoadedCertificate& Of(const Certificate& certificate) {
    return static_cast<const LoadedCertificate&>(certificate);
  }

  LoadedCertificate(Parts parts, std::optional<OcspClaim> claim);

  const CertificateInfo& info() const override { return *info_; }
  uint64_t fingerprint() const override { return fingerprint_; }

  const std::shared_ptr<const CertificateInfo>& shared_info() const { return info_; }
  // What SSL_CTX_set_chain_and_key and its likes take.
  const std::vector<CRYPTO_BUFFER*>& chain() const { return chain_; }
  EVP_PKEY* key() const { return key_.get(); }
  bool is_ecdsa() const { return EVP_PKEY_id(key_.get()) == EVP_PKEY_EC; }
  // SSL_CURVE_...; 0 for RSA.
  uint16_t group() const { return group_; }
  // Lower case: what SNI is matched with. The common name where there are no DNS names.
  const std::vector<std::string>& server_names() const { return server_names_; }
  const std::string& ocsp_response() const { return ocsp_response_; }
  // Whether there is a response and it holds at this moment.
  bool HasFreshOcsp(absl::Time now) const {
    return claim_.has_value() && claim_->this_update <= now && now < claim_->next_update;
  }
  bool demands_ocsp() const { return demands_ocsp_; }  // RFC 7633: must staple
  bool HasExpired(absl::Time now) const { return info_->valid_to < now; }

 private:
  std::vector<bssl::UniquePtr<CRYPTO_BUFFER>> owned_chain_;
  std::vector<CRYPTO_BUFFER*> chain_;
  bssl::UniquePtr<EVP_PKEY> key_;
  std::shared_ptr<const CertificateInfo> info_;
  std::vector<std::string> server_names_;
  std::string ocsp_response_;
  std::optional<OcspClaim> claim_;
  uint64_t fingerprint_;
  uint16_t group_ = 0;
  bool demands_ocsp_ = false;
};

// A public key that may be used: RSA from 2048 bits on, P-256, P-384, P-521. `why` otherwise.
bool IsStrongKey(const EVP_PKEY* key, std::string& why);

}  // namespace outrigger::net::tls
