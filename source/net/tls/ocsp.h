#pragma once

#include <openssl/x509.h>

#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace outrigger::net::tls {

// What a stapled response says of one certificate, and for how long.
struct OcspClaim {
  absl::Time this_update;
  absl::Time next_update;  // InfiniteFuture: it does not say
};

// Reads an OCSP response (RFC 6960 4.2.1, DER) about `leaf`. Its signature is the client's to
// check.
// Errors: not such a response; one without success; of another certificate; "revoked", "unknown".
absl::StatusOr<OcspClaim> ReadOcspResponse(std::string_view der, X509* leaf);

}  // namespace outrigger::net::tls
