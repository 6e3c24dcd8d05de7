// How a peer's certificate is checked: RFC 5280 6 by BoringSSL, and what the settings ask for
// beyond that.
#include <openssl/err.h>
#include <openssl/mem.h>
#include <openssl/nid.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "source/base/text.h"
#include "source/net/tls/loaded_certificate.h"
#include "source/net/tls/loaded_trust.h"
#include "source/net/tls/x509_text.h"

namespace outrigger::net::tls {
namespace {

using Cause = Finding::Cause;

// Also what bounds the search for a path through them.
constexpr size_t kMostPeerCertificates = 16;

std::string_view RoleName(PeerRole role) {
  return role == PeerRole::kServer ? "the server" : "the client";
}

// `certificate of the server "CN=web"`; of one above the leaf: `certificate "CN=ca" above that of
// the server "CN=web"`.
std::string Subject(PeerRole role, X509* leaf, X509* at_fault) {
  if (at_fault == nullptr || X509_cmp(leaf, at_fault) == 0) {
    return base::StrCat("certificate of ", RoleName(role), " ", NameOf(leaf));
  }
  return base::StrCat("certificate ", NameOf(at_fault), " above that of ", RoleName(role), " ",
                      NameOf(leaf));
}

std::string Day(const ASN1_TIME* time) {
  return absl::FormatTime("%Y-%m-%d", TimeOf(time), absl::UTCTimeZone());
}

Finding Expired(PeerRole role, X509* leaf, X509* at_fault) {
  return {Cause::kExpired, SSL_AD_CERTIFICATE_EXPIRED,
          base::StrCat(Subject(role, leaf, at_fault), " expired on ",
                       Day(X509_get0_notAfter(at_fault)))};
}

Finding NotYetValid(PeerRole role, X509* leaf, X509* at_fault) {
  return {Cause::kNotYetValid, SSL_AD_BAD_CERTIFICATE,
          base::StrCat(Subject(role, leaf, at_fault), " is not valid before ",
                       Day(X509_get0_notBefore(at_fault)))};
}

std::string UsageText(PeerRole role) {
  return role == PeerRole::kServer ? " may not be used by a server: its key usage forbids it"
                                   : " may not be used by a client: its key usage forbids it";
}

bool IsSelfIssued(X509* x509) {
  return X509_NAME_cmp(X509_get_subject_name(x509), X509_get_issuer_name(x509)) == 0;
}

// What X509_verify_cert found, in our words.
Finding Explain(X509_STORE_CTX* context, PeerRole role, X509* leaf) {
  const int error = X509_STORE_CTX_get_error(context);
  X509* at = X509_STORE_CTX_get_current_cert(context);
  if (at == nullptr) at = leaf;
  const auto alert = static_cast<uint8_t>(SSL_alert_from_verify_result(error));
  const std::string subject = Subject(role, leaf, at);
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return Expired(role, leaf, at);
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return NotYetValid(role, leaf, at);
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED:
      if (at == leaf && IsSelfIssued(leaf)) {
        return {Cause::kUntrusted, SSL_AD_UNKNOWN_CA,
                base::StrCat(subject, " is self-signed and not among those trusted")};
      }
      return {Cause::kUntrusted, SSL_AD_UNKNOWN_CA,
              base::StrCat(subject, " leads to no trusted authority: its issuer ", IssuerOf(at),
                           " is not one")};
    case X509_V_ERR_CERT_REVOKED:
      return {Cause::kRevoked, SSL_AD_CERTIFICATE_REVOKED, base::StrCat(subject, " is revoked")};
    case X509_V_ERR_INVALID_PURPOSE:
    case X509_V_ERR_CERT_REJECTED:
      return {Cause::kUsage, SSL_AD_UNSUPPORTED_CERTIFICATE,
              base::StrCat(subject, UsageText(role))};
    case X509_V_ERR_UNABLE_TO_GET_CRL:
      return {Cause::kOther, SSL_AD_CERTIFICATE_UNKNOWN,
              base::StrCat(subject, " cannot be checked: crl has no list of its issuer ",
                           IssuerOf(at))};
    case X509_V_ERR_CRL_HAS_EXPIRED:
      return {Cause::kOther, SSL_AD_CERTIFICATE_UNKNOWN,
              base::StrCat(subject, " cannot be checked: the revocation list of ", IssuerOf(at),
                           " has expired")};
    case X509_V_ERR_CERT_CHAIN_TOO_LONG:
    case X509_V_ERR_PATH_LENGTH_EXCEEDED:
      return {Cause::kOther, SSL_AD_UNKNOWN_CA, base::StrCat(subject, ": the chain is too long")};
    default:
      return {Cause::kOther, alert,
              base::StrCat(subject, ": ", X509_verify_cert_error_string(error))};
  }
}

bool IsWeakSignature(X509* x509) {
  switch (X509_get_signature_nid(x509)) {
    case NID_sha1WithRSAEncryption:
    case NID_sha1WithRSA:
    case NID_ecdsa_with_SHA1:
    case NID_md5WithRSAEncryption:
    case NID_dsaWithSHA1:
      return true;
    default:
      return false;
  }
}

// Keys and hashes that do not prove anything any more. The signature of a trust anchor is not
// looked at by anyone.
Finding CheckStrength(const STACK_OF(X509) * chain, PeerRole role) {
  X509* leaf = sk_X509_value(chain, 0);
  for (size_t i = 0; i < sk_X509_num(chain); ++i) {
    X509* x509 = sk_X509_value(chain, i);
    bssl::UniquePtr<EVP_PKEY> key(X509_get_pubkey(x509));
    std::string why = "of a kind that cannot be read";
    if (key == nullptr || !IsStrongKey(key.get(), why)) {
      return {Cause::kOther, SSL_AD_BAD_CERTIFICATE,
              base::StrCat(Subject(role, leaf, x509), " has a key that is ", why)};
    }
    const bool is_anchor = i > 0 && i + 1 == sk_X509_num(chain);
    if (!is_anchor && IsWeakSignature(x509)) {
      return {Cause::kOther, SSL_AD_BAD_CERTIFICATE,
              base::StrCat(Subject(role, leaf, x509), " is signed with ",
                           OBJ_nid2sn(X509_get_signature_nid(x509)), ", which is broken")};
    }
  }
  return {};
}

int AcceptTimes(int ok, X509_STORE_CTX* context) {
  if (ok) return 1;
  const int error = X509_STORE_CTX_get_error(context);
  if (error != X509_V_ERR_CERT_HAS_EXPIRED && error != X509_V_ERR_CERT_NOT_YET_VALID) return 0;
  X509_STORE_CTX_set_error(context, X509_V_OK);
  return 1;
}

struct PeerChain {
  bssl::UniquePtr<X509> leaf;
  bssl::UniquePtr<STACK_OF(X509)> others;
  Finding finding;  // of what cannot be read
};

PeerChain Parse(const STACK_OF(CRYPTO_BUFFER) * chain, PeerRole role) {
  PeerChain parsed;
  parsed.others.reset(sk_X509_new_null());
  const size_t count = chain == nullptr ? 0 : sk_CRYPTO_BUFFER_num(chain);
  if (count == 0) {
    parsed.finding = {Cause::kOther, SSL_AD_BAD_CERTIFICATE,
                      base::StrCat(RoleName(role), " showed no certificate")};
    return parsed;
  }
  if (count > kMostPeerCertificates) {
    parsed.finding = {Cause::kOther, SSL_AD_BAD_CERTIFICATE,
                      base::StrCat(RoleName(role), " sent a chain of ", count,
                                   " certificates; the limit is ", kMostPeerCertificates)};
    return parsed;
  }
  for (size_t i = 0; i < count; ++i) {
    bssl::UniquePtr<X509> x509(X509_parse_from_buffer(sk_CRYPTO_BUFFER_value(chain, i)));
    if (x509 == nullptr) {
      parsed.finding = {Cause::kOther, SSL_AD_BAD_CERTIFICATE,
                        base::StrCat("certificate ", i + 1, " of ", RoleName(role),
                                     " cannot be read: ", TakeErrorText())};
      return parsed;
    }
    if (i == 0) {
      parsed.leaf = std::move(x509);
    } else {
      sk_X509_push(parsed.others.get(), x509.release());
    }
  }
  return parsed;
}

Finding CheckSpiffeLeaf(X509* leaf, PeerRole role) {
  // X.509-SVID 4.1, 4.3: a leaf signs nothing.
  const bool signs = X509_check_ca(leaf) != 0 ||
                     (X509_get_key_usage(leaf) != UINT32_MAX &&
                      (X509_get_key_usage(leaf) & (KU_KEY_CERT_SIGN | KU_CRL_SIGN)) != 0);
  if (!signs) return {};
  return {
      Cause::kUsage, SSL_AD_UNSUPPORTED_CERTIFICATE,
      base::StrCat(Subject(role, leaf, leaf), " may sign others: it cannot be a SPIFFE identity")};
}

}  // namespace

Finding LoadedTrust::VerifyChain(const tls::Authorities& authorities, X509* leaf,
                                 STACK_OF(X509) * others, PeerRole role) const {
  bssl::UniquePtr<X509_STORE_CTX> context(X509_STORE_CTX_new());
  if (context == nullptr ||
      X509_STORE_CTX_init(context.get(), authorities.store(), leaf, others) != 1 ||
      X509_STORE_CTX_set_default(context.get(),
                                 role == PeerRole::kServer ? "ssl_server" : "ssl_client") != 1) {
    return {Cause::kOther, SSL_AD_INTERNAL_ERROR,
            base::StrCat("verification cannot begin: ", TakeErrorText())};
  }
  if (accepts_expired_) X509_STORE_CTX_set_verify_cb(context.get(), &AcceptTimes);
  const bool is_verified = X509_verify_cert(context.get()) == 1;
  ERR_clear_error();
  if (!is_verified) return Explain(context.get(), role, leaf);
  const STACK_OF(X509)* chain = X509_STORE_CTX_get0_chain(context.get());
  const size_t count = sk_X509_num(chain);
  const size_t between = count > 2 ? count - 2 : 0;
  if (max_depth_.has_value() && between > *max_depth_) {
    return {Cause::kOther, SSL_AD_UNKNOWN_CA,
            base::StrCat(Subject(role, leaf, leaf), ": the chain is too long: ", between,
                         " between it and the authority, max_verify_depth is ", *max_depth_)};
  }
  return CheckStrength(chain, role);
}

bool LoadedTrust::MatchesHash(X509* leaf, std::string_view der) const {
  std::string hash(SHA256_DIGEST_LENGTH, '\0');
  if (!certificate_hashes_.empty()) {
    SHA256(BytesOf(der), der.size(), reinterpret_cast<uint8_t*>(hash.data()));
    if (certificate_hashes_.contains(hash)) return true;
  }
  if (spki_hashes_.empty()) return false;
  uint8_t* key = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(leaf), &key);
  if (size <= 0) return false;
  bssl::UniquePtr<uint8_t> owned(key);
  SHA256(key, static_cast<size_t>(size), reinterpret_cast<uint8_t*>(hash.data()));
  return spki_hashes_.contains(hash);
}

Finding LoadedTrust::Verify(const STACK_OF(CRYPTO_BUFFER) * chain, PeerRole role) const {
  PeerChain peer = Parse(chain, role);
  if (peer.finding.cause != Cause::kNone) return std::move(peer.finding);
  X509* leaf = peer.leaf.get();
  bssl::UniquePtr<GENERAL_NAMES> names;
  if (!domains_.empty() || !san_rules_.empty()) names = NamesOf(leaf);
  ERR_clear_error();
  const tls::Authorities* authorities = authorities_.get();
  if (!domains_.empty()) {
    const std::optional<SpiffeId> id = SpiffeIdOf(names.get());
    if (!id.has_value()) {
      return {Cause::kName, SSL_AD_CERTIFICATE_UNKNOWN,
              base::StrCat(Subject(role, leaf, leaf),
                           " has no SPIFFE identity: needs exactly one URI "
                           "spiffe://<domain>/<path>, has ",
                           DescribeNames(names.get()))};
    }
    const auto domain = domains_.find(id->domain);
    if (domain == domains_.end()) {
      return {Cause::kUntrusted, SSL_AD_UNKNOWN_CA,
              base::StrCat(Subject(role, leaf, leaf), " is of the trust domain \"",
                           absl::CEscape(id->domain), "\", which is not among those trusted")};
    }
    if (Finding finding = CheckSpiffeLeaf(leaf, role); finding.cause != Cause::kNone) {
      return finding;
    }
    authorities = domain->second.get();
  }
  if (authorities != nullptr) {
    Finding finding = VerifyChain(*authorities, leaf, peer.others.get(), role);
    if (finding.cause != Cause::kNone) return finding;
  }
  if (!san_rules_.empty() && (names == nullptr || !MatchesAnyRule(san_rules_, *names))) {
    return {Cause::kName, SSL_AD_CERTIFICATE_UNKNOWN,
            base::StrCat(Subject(role, leaf, leaf), " has none of the accepted names: has ",
                         DescribeNames(names.get()), "; accepted: ", DescribeRules(san_rules_))};
  }
  if ((!certificate_hashes_.empty() || !spki_hashes_.empty()) &&
      !MatchesHash(leaf, ViewOf(sk_CRYPTO_BUFFER_value(chain, 0)))) {
    return {Cause::kHash, SSL_AD_CERTIFICATE_UNKNOWN,
            base::StrCat(Subject(role, leaf, leaf),
                         " is none of those that verify_certificate_hash and "
                         "verify_certificate_spki accept")};
  }
  return {};
}

Finding VerifyName(const STACK_OF(CRYPTO_BUFFER) * chain, const VerifiedName& name) {
  const bool has_leaf = chain != nullptr && sk_CRYPTO_BUFFER_num(chain) > 0;
  bssl::UniquePtr<X509> leaf(has_leaf ? X509_parse_from_buffer(sk_CRYPTO_BUFFER_value(chain, 0))
                                      : nullptr);
  if (leaf == nullptr) {
    return {Cause::kOther, SSL_AD_BAD_CERTIFICATE,
            base::StrCat("certificate of the server cannot be read: ", TakeErrorText())};
  }
  bssl::UniquePtr<GENERAL_NAMES> names = NamesOf(leaf.get());
  ERR_clear_error();
  if (names != nullptr && name.IsAmong(*names)) return {};
  return {Cause::kName, SSL_AD_CERTIFICATE_UNKNOWN,
          base::StrCat(Subject(PeerRole::kServer, leaf.get(), nullptr), " is not of \"",
                       absl::CEscape(name.text()), "\": has ", DescribeNames(names.get()))};
}

Finding LoadedTrust::VerifyResumed(const STACK_OF(CRYPTO_BUFFER) * chain, PeerRole role) const {
  PeerChain peer = Parse(chain, role);
  if (peer.finding.cause != Cause::kNone) return std::move(peer.finding);
  const absl::Time now = absl::Now();
  const auto holds = [now](X509* x509) {
    return TimeOf(X509_get0_notBefore(x509)) <= now && now <= TimeOf(X509_get0_notAfter(x509));
  };
  bool all_hold = holds(peer.leaf.get());
  for (X509* x509 : peer.others.get()) all_hold = all_hold && holds(x509);
  return all_hold ? Finding{} : Verify(chain, role);
}

}  // namespace outrigger::net::tls
