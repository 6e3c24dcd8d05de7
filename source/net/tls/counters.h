#pragma once

#include <memory>

#include "source/stats/scope.h"
#include "source/stats/store.h"

namespace outrigger::net::tls {

// `ssl.*` of a listener (`listener.<address>.ssl.`) or a cluster (`cluster.<name>.ssl.`), by
// Envoy's names: handshake, session_reused, connection_error, no_certificate,
// fail_verify_no_cert, fail_verify_error, fail_verify_san, fail_verify_cert_hash,
// ocsp_staple_failed, ocsp_staple_omitted, ocsp_staple_responses, ocsp_staple_requests,
// was_key_usage_invalid; and one for each version, cipher, group and signature algorithm that was
// agreed on: versions.TLSv1.3, ciphers.TLS_AES_128_GCM_SHA256, curves.X25519,
// sigalgs.ecdsa_secp256r1_sha256. The latter are declared when they are first counted.
// Ours: fail_expired, fail_not_yet_valid, fail_untrusted, fail_revoked, fail_usage: each also
// counted by fail_verify_error; plaintext_request: a client spoke HTTP to a TLS port.
class Counters {
 public:
  static std::shared_ptr<const Counters> Declare(stats::Store& store, const stats::Scope& scope);
  virtual ~Counters() = default;
};

}  // namespace outrigger::net::tls
