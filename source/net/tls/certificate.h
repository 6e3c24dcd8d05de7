#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "source/net/tls_info.h"

namespace outrigger::net::tls {

// A certificate as it is configured. Kept no longer than loading takes.
struct CertificateText {
  std::string chain_pem;  // the leaf first
  std::string key_pem;    // PKCS#8, PKCS#1 or SEC1; encrypted with `password` if that is given
  std::string password;
  std::string pkcs12;         // DER; instead of chain_pem and key_pem
  std::string ocsp_response;  // DER, to be stapled; may be empty
};

// A certificate with its chain and its private key. Immutable, shared by all contexts that show it.
// The key leaves this object only into BoringSSL.
// Thread: any.
class Certificate {
 public:
  // Errors: what cannot be read, by which certificate of the chain; a key that belongs to another
  // certificate; keys below RSA 2048 or that are neither RSA nor P-256, P-384, P-521; an OCSP
  // response of another certificate. Never the key's text.
  static absl::StatusOr<std::shared_ptr<const Certificate>> Load(const CertificateText& text);
  virtual ~Certificate() = default;

  virtual const CertificateInfo& info() const = 0;
  // Equal: shows the same chain with the same key.
  virtual uint64_t fingerprint() const = 0;
};

}  // namespace outrigger::net::tls
