#include "source/net/tls/trust.h"

#include <openssl/bytestring.h>
#include <openssl/err.h>
#include <openssl/mem.h>
#include <openssl/obj.h>

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_replace.h"
#include "source/base/text.h"
#include "source/net/tls/loaded_trust.h"
#include "source/net/tls/shared_by_content.h"
#include "source/net/tls/x509_text.h"

namespace outrigger::net::tls {
namespace {

SharedByContent<Trust>& Made() {
  static auto& made = *new SharedByContent<Trust>();
  return made;
}

void AddList(Sha256Of& hash, const std::vector<std::string>& list) {
  hash.Add(list.size());
  for (const std::string& entry : list) hash.Add(entry);
}

Sha256Bytes HashOf(const TrustSettings& settings) {
  Sha256Of hash;
  hash.Add(settings.ca_pem).Add(settings.crl_pem);
  hash.Add(uint64_t{settings.checks_leaf_crl_only} | uint64_t{settings.accepts_untrusted} << 1 |
           uint64_t{settings.accepts_expired} << 2);
  hash.Add(settings.max_depth.has_value() ? uint64_t{*settings.max_depth} : ~uint64_t{0});
  AddList(hash, settings.certificate_hashes);
  AddList(hash, settings.spki_hashes);
  hash.Add(settings.san_rules.size());
  for (const SanRule& rule : settings.san_rules) {
    hash.Add(static_cast<uint64_t>(rule.type)).Add(rule.oid).Add(rule.text);
  }
  hash.Add(settings.spiffe_domains.size());
  for (const SpiffeDomain& domain : settings.spiffe_domains) {
    hash.Add(domain.name).Add(domain.ca_pem);
  }
  return hash.Finish();
}

absl::StatusOr<std::string> ReadCertificateHash(const std::string& text) {
  const std::string hex = absl::StrReplaceAll(text, {{":", ""}});
  const bool is_hex = hex.size() == 2 * SHA256_DIGEST_LENGTH &&
                      hex.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
  if (is_hex) return absl::HexStringToBytes(hex);
  return base::InvalidArgument(
      "verify_certificate_hash: must be the SHA-256 of a certificate in 64 hex digits, got \"",
      absl::CEscape(text), "\"");
}

absl::StatusOr<std::string> ReadSpkiHash(const std::string& text) {
  std::string hash;
  if (absl::Base64Unescape(text, &hash) && hash.size() == SHA256_DIGEST_LENGTH) return hash;
  return base::InvalidArgument(
      "verify_certificate_spki: must be the SHA-256 of a public key in base64, got \"",
      absl::CEscape(text), "\"");
}

absl::Status CheckRules(const std::vector<SanRule>& rules) {
  for (const SanRule& rule : rules) {
    if (rule.type != SanType::kOtherName) continue;
    bssl::UniquePtr<ASN1_OBJECT> oid(OBJ_txt2obj(rule.oid.c_str(), /*dont_search_names=*/0));
    ERR_clear_error();
    if (oid != nullptr) continue;
    return base::InvalidArgument(
        "match_typed_subject_alt_names.oid: is not an object identifier: "
        "\"",
        absl::CEscape(rule.oid), "\"");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::shared_ptr<LoadedTrust>> LoadedTrust::Compile(TrustSettings settings) {
  auto trust = std::make_shared<LoadedTrust>();
  if (!settings.ca_pem.empty()) {
    auto authorities = tls::Authorities::Make(settings.ca_pem, settings.crl_pem,
                                              settings.checks_leaf_crl_only, "trusted_ca");
    if (!authorities.ok()) return authorities.status();
    trust->authorities_ = *std::move(authorities);
  } else if (!settings.crl_pem.empty() && settings.spiffe_domains.empty()) {
    return absl::InvalidArgumentError("crl: needs trusted_ca, the authority that signed it");
  }
  for (const SpiffeDomain& domain : settings.spiffe_domains) {
    auto authorities = tls::Authorities::Make(
        domain.ca_pem, settings.crl_pem, settings.checks_leaf_crl_only,
        base::StrCat("trust_domains[\"", absl::CEscape(domain.name), "\"].trust_bundle"));
    if (!authorities.ok()) return authorities.status();
    if (!trust->domains_.emplace(domain.name, *std::move(authorities)).second) {
      return base::InvalidArgument("trust_domains: \"", absl::CEscape(domain.name),
                                   "\" is there twice");
    }
  }
  for (const std::string& text : settings.certificate_hashes) {
    absl::StatusOr<std::string> hash = ReadCertificateHash(text);
    if (!hash.ok()) return hash.status();
    trust->certificate_hashes_.insert(*std::move(hash));
  }
  for (const std::string& text : settings.spki_hashes) {
    absl::StatusOr<std::string> hash = ReadSpkiHash(text);
    if (!hash.ok()) return hash.status();
    trust->spki_hashes_.insert(*std::move(hash));
  }
  if (absl::Status status = CheckRules(settings.san_rules); !status.ok()) return status;
  trust->san_rules_ = std::move(settings.san_rules);
  trust->max_depth_ = settings.max_depth;
  trust->accepts_untrusted_ = settings.accepts_untrusted;
  trust->accepts_expired_ = settings.accepts_expired;
  return trust;
}

absl::StatusOr<std::shared_ptr<const Trust>> Trust::Make(TrustSettings settings) {
  const Sha256Bytes hash = HashOf(settings);
  if (std::shared_ptr<const Trust> same = Made().Find(hash)) return same;
  absl::StatusOr<std::shared_ptr<LoadedTrust>> trust = LoadedTrust::Compile(std::move(settings));
  if (!trust.ok()) return trust.status();
  (*trust)->fingerprint_ = Shortened(hash);
  return Made().Add(hash, *std::move(trust));
}

std::vector<std::shared_ptr<const CertificateInfo>> LoadedTrust::Authorities() const {
  std::vector<std::shared_ptr<const CertificateInfo>> infos;
  const auto add = [&infos](const tls::Authorities& authorities) {
    for (const ParsedCertificate& certificate : authorities.certificates()) {
      std::shared_ptr<CertificateInfo> info =
          DescribeCertificate(certificate.x509.get(), ViewOf(certificate.der.get()));
      info->chain_pem = info->pem;
      infos.push_back(std::move(info));
    }
  };
  if (authorities_ != nullptr) add(*authorities_);
  for (const auto& [name, authorities] : domains_) add(*authorities);
  return infos;
}

std::vector<std::string> LoadedTrust::AuthorityNames() const {
  std::vector<std::string> names;
  const auto add = [&names](const tls::Authorities& authorities) {
    for (const ParsedCertificate& certificate : authorities.certificates()) {
      uint8_t* der = nullptr;
      const int size = i2d_X509_NAME(X509_get_subject_name(certificate.x509.get()), &der);
      if (size <= 0) continue;
      bssl::UniquePtr<uint8_t> owned(der);
      names.emplace_back(reinterpret_cast<const char*>(der), static_cast<size_t>(size));
    }
  };
  if (authorities_ != nullptr) add(*authorities_);
  for (const auto& [name, authorities] : domains_) add(*authorities);
  return names;
}

}  // namespace outrigger::net::tls
