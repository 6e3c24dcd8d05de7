#pragma once

#include <openssl/x509.h>

#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace outrigger::net::tls {

struct ParsedCertificate {
  bssl::UniquePtr<CRYPTO_BUFFER> der;
  bssl::UniquePtr<X509> x509;
};

// Every certificate of a PEM text, in order; other blocks and text between blocks are skipped.
// Errors: none there; which one cannot be read. `what` names the text: "chain", "trusted_ca".
absl::StatusOr<std::vector<ParsedCertificate>> ReadCertificates(std::string_view pem,
                                                                std::string_view what);
absl::StatusOr<std::vector<bssl::UniquePtr<X509_CRL>>> ReadCrls(std::string_view pem,
                                                                std::string_view what);
// A private key: PKCS#8, PKCS#1 or SEC1, encrypted or not. Errors never quote the text.
absl::StatusOr<bssl::UniquePtr<EVP_PKEY>> ReadPrivateKey(std::string_view pem,
                                                         std::string_view password);

// Null, with the reason in the error queue, when the DER is not one certificate and nothing else.
ParsedCertificate ParseCertificate(std::string_view der);

}  // namespace outrigger::net::tls
