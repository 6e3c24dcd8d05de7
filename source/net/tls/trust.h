#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "source/net/tls_info.h"

namespace outrigger::net::tls {

enum class SanType : uint8_t { kEmail, kDns, kUri, kIpAddress, kOtherName };

// One rule for subject alternative names; a peer passes if one name of the type matches one rule.
struct SanRule {
  SanType type = SanType::kDns;
  std::string oid;  // of kOtherName
  // As for kDns, an exact rule also accepts a certificate's "*.example.com": the caller sees to it.
  std::shared_ptr<const absl::AnyInvocable<bool(std::string_view name) const>> matches;
  // For errors: `exact "a.example.com"`. Says all that the rule says: rules of equal type, oid and
  // text are taken for equal.
  std::string text;
};

// The trust bundle of one SPIFFE trust domain.
struct SpiffeDomain {
  std::string name;  // "example.org"
  std::string ca_pem;
};

// Whom to believe: envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext.
struct TrustSettings {
  std::string ca_pem;  // empty, and no SPIFFE domains: chains are not checked
  std::string crl_pem;
  bool checks_leaf_crl_only = false;            // only_verify_leaf_cert_crl
  bool accepts_untrusted = false;               // trust_chain_verification ACCEPT_UNTRUSTED
  bool accepts_expired = false;                 // allow_expired_certificate
  std::optional<uint32_t> max_depth;            // max_verify_depth
  std::vector<std::string> certificate_hashes;  // SHA-256 of the DER: 64 hex digits, or with colons
  std::vector<std::string> spki_hashes;         // SHA-256 of the key: base64
  std::vector<SanRule> san_rules;
  std::vector<SpiffeDomain> spiffe_domains;  // not empty: the SPIFFE validator
};

// Compiled. Immutable, shared; the CA bundle is parsed once for all settings that name the same
// text.  Thread: any.
class Trust {
 public:
  // Errors name which certificate or CRL of the text cannot be read.
  static absl::StatusOr<std::shared_ptr<const Trust>> Make(TrustSettings settings);
  virtual ~Trust() = default;

  // The bundle's certificates, for /certs and expiry metrics.
  virtual std::vector<std::shared_ptr<const CertificateInfo>> Authorities() const = 0;
  virtual uint64_t fingerprint() const = 0;
};

}  // namespace outrigger::net::tls
