#pragma once

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "source/net/tls/boring.h"
#include "source/net/tls/pem.h"

namespace outrigger::net::tls {

// A bundle of trusted certificates with the revocation lists that go with it, parsed once for all
// who name the same texts. Any certificate of the bundle ends a chain, root or not.
// Immutable.  Thread: any.
class Authorities {
 public:
  // Errors name which certificate or list cannot be read, as part of `what`. `crl_pem` may be
  // empty.
  static absl::StatusOr<std::shared_ptr<const Authorities>> Make(std::string_view ca_pem,
                                                                 std::string_view crl_pem,
                                                                 bool checks_leaf_crl_only,
                                                                 std::string_view what);

  X509_STORE* store() const { return store_.get(); }
  const std::vector<ParsedCertificate>& certificates() const { return certificates_; }

 private:
  std::vector<ParsedCertificate> certificates_;
  bssl::UniquePtr<X509_STORE> store_;
};

}  // namespace outrigger::net::tls
