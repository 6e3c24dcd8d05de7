#pragma once

#include <openssl/ssl.h>

#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "source/net/tls/authorities.h"
#include "source/net/tls/boring.h"
#include "source/net/tls/peer_names.h"
#include "source/net/tls/trust.h"

namespace outrigger::net::tls {

// Why a peer's certificate is refused, in what is counted and what is said.
struct Finding {
  enum class Cause : uint8_t {
    kNone,
    kUntrusted,
    kExpired,
    kNotYetValid,
    kRevoked,
    kUsage,
    kOther,  // of the chain: fail_verify_error alone
    kName,
    kHash,
  };
  Cause cause = Cause::kNone;
  uint8_t alert = 0;  // RFC 8446 6.2
  std::string text;
};

// The peer's side, for checks of usage and for texts.
enum class PeerRole : uint8_t { kServer, kClient };

// The one kind of Trust.
class LoadedTrust final : public Trust {
 public:
  static const LoadedTrust& Of(const Trust& trust) {
    return static_cast<const LoadedTrust&>(trust);
  }
  static absl::StatusOr<std::shared_ptr<LoadedTrust>> Compile(TrustSettings settings);

  std::vector<std::shared_ptr<const CertificateInfo>> Authorities() const override;
  uint64_t fingerprint() const override { return fingerprint_; }

  bool accepts_untrusted() const { return accepts_untrusted_; }
  // All checks that the settings ask for.
  Finding Verify(const STACK_OF(CRYPTO_BUFFER) * chain, PeerRole role) const;
  // Of a session that is resumed: as Verify, but signatures are only looked at again where a
  // certificate is outside its time: the session was made under equal trust.
  Finding VerifyResumed(const STACK_OF(CRYPTO_BUFFER) * chain, PeerRole role) const;
  // Whether passing Verify proves anything.
  bool proves_identity() const {
    return authorities_ != nullptr || !domains_.empty() || !certificate_hashes_.empty() ||
           !spki_hashes_.empty();
  }
  // The subjects of the bundle, DER: what a client may choose its certificate by.
  std::vector<std::string> AuthorityNames() const;

 private:
  friend class Trust;
  using AuthoritiesPtr = std::shared_ptr<const tls::Authorities>;

  Finding VerifyChain(const tls::Authorities& authorities, X509* leaf, STACK_OF(X509) * others,
                      PeerRole role) const;
  bool MatchesHash(X509* leaf, std::string_view der) const;

  AuthoritiesPtr authorities_;                     // null: chains are not checked
  std::map<std::string, AuthoritiesPtr> domains_;  // SPIFFE
  std::set<std::string> certificate_hashes_;       // 32 bytes each
  std::set<std::string> spki_hashes_;
  std::vector<SanRule> san_rules_;
  std::optional<uint32_t> max_depth_;
  bool accepts_untrusted_ = false;
  bool accepts_expired_ = false;
  uint64_t fingerprint_ = 0;
};

// The peer is not whom we meant to reach.
Finding VerifyName(const STACK_OF(CRYPTO_BUFFER) * chain, const VerifiedName& name);

}  // namespace outrigger::net::tls
