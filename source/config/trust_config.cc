#include "source/config/trust_config.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <google/protobuf/descriptor.h>
#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "source/base/text.h"
#include "source/config/field_values.h"
#include "source/config/loading/text_file.h"
#include "source/config/loading/unpack_any.h"
#include "source/config/matcher_config.h"

namespace outrigger::config {
namespace {

using envoy::config::core::v3::DataSource;
using envoy::extensions::transport_sockets::tls::v3::CertificateValidationContext;
using envoy::extensions::transport_sockets::tls::v3::SPIFFECertValidatorConfig;
using envoy::extensions::transport_sockets::tls::v3::SubjectAltNameMatcher;
using envoy::type::matcher::v3::StringMatcher;
using net::tls::SanRule;
using net::tls::SanType;
using net::tls::TrustSettings;

// Where distributions keep the authorities that the machine trusts: Debian, Alpine; Fedora; SUSE.
constexpr std::array kSystemRoots = {
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
};

// Text that must be there: an empty list of authorities would believe anyone.
std::string ReadPem(const DataSource& source, const Place& place) {
  const size_t before = place.findings().size();
  std::string text = ReadDataSource(source, place);
  if (base::StripSpaces(text).empty() && place.findings().size() == before) {
    place.Refuse("is empty; give PEM, or leave the field out");
  }
  return text;
}

std::string ReadSystemRoots(const Place& place) {
  for (const char* path : kSystemRoots) {
    absl::StatusOr<std::string> text = loading::ReadTextFile(path);
    if (text.ok()) return *std::move(text);
  }
  place.Refuse(base::StrCat("this machine has no list of authorities, such as ", kSystemRoots[0],
                            "; install ca-certificates, or give trusted_ca"));
  return "";
}

// --- subject alternative names -----------------------------------------------------------------

// Whether `pattern`, a name in a certificate, stands for `name` (lower case): itself, or with "*"
// as its whole first label (RFC 9525 6.3).
bool StandsFor(std::string_view pattern, std::string_view name) {
  if (absl::EqualsIgnoreCase(base::AbslView(pattern), base::AbslView(name))) return true;
  if (!pattern.starts_with("*.")) return false;
  const size_t dot = name.find('.');
  return dot != name.npos && dot > 0 &&
         absl::EqualsIgnoreCase(base::AbslView(pattern.substr(1)),
                                base::AbslView(name.substr(dot)));
}

// `exact "a.example.com"`.
std::string Describe(const StringMatcher& matcher) {
  const auto quoted = [](const char* kind, const std::string& text) {
    return base::StrCat(kind, " \"", absl::Utf8SafeCEscape(text), "\"");
  };
  switch (matcher.match_pattern_case()) {
    case StringMatcher::kExact:
      return quoted("exact", matcher.exact());
    case StringMatcher::kPrefix:
      return quoted("prefix", matcher.prefix());
    case StringMatcher::kSuffix:
      return quoted("suffix", matcher.suffix());
    case StringMatcher::kContains:
      return quoted("contains", matcher.contains());
    case StringMatcher::kSafeRegex:
      return quoted("safe_regex", matcher.safe_regex().regex());
    case StringMatcher::MATCH_PATTERN_NOT_SET:
      break;
  }
  return "";
}

using Test = absl::AnyInvocable<bool(std::string_view name) const>;

// Null: refused at `place`.
std::shared_ptr<const Test> ReadTest(const StringMatcher& from, SanType type, const Place& place) {
  std::optional<route::StringMatcher> matcher = ReadStringMatcher(from, place);
  if (!matcher) return nullptr;
  if (type == SanType::kDns && from.match_pattern_case() == StringMatcher::kExact) {
    return std::make_shared<const Test>(
        [name = from.exact()](std::string_view pattern) { return StandsFor(pattern, name); });
  }
  return std::make_shared<const Test>(
      [matcher = *std::move(matcher)](std::string_view name) { return matcher.Matches(name); });
}

void AddRule(const StringMatcher& from, SanType type, const std::string& oid,
             TrustSettings& settings, const Place& place) {
  auto test = ReadTest(from, type, place);
  if (test == nullptr) return;
  settings.san_rules.push_back(
      SanRule{.type = type, .oid = oid, .matches = std::move(test), .text = Describe(from)});
}

std::optional<SanType> ReadSanType(const SubjectAltNameMatcher& from, const Place& place) {
  switch (from.san_type()) {
    case SubjectAltNameMatcher::EMAIL:
      return SanType::kEmail;
    case SubjectAltNameMatcher::DNS:
      return SanType::kDns;
    case SubjectAltNameMatcher::URI:
      return SanType::kUri;
    case SubjectAltNameMatcher::IP_ADDRESS:
      return SanType::kIpAddress;
    case SubjectAltNameMatcher::OTHER_NAME:
      return SanType::kOtherName;
    default:
      place.At("san_type").Refuse("must be one of EMAIL, DNS, URI, IP_ADDRESS, OTHER_NAME");
      return std::nullopt;
  }
}

bool IsOid(std::string_view text) {
  bool after_digit = false;
  int dots = 0;
  for (const char c : text) {
    if (c == '.' ? !after_digit : !absl::ascii_isdigit(static_cast<unsigned char>(c))) return false;
    after_digit = c != '.';
    if (c == '.') ++dots;
  }
  return after_digit && dots > 0;
}

void ReadTypedNames(const CertificateValidationContext& from, TrustSettings& settings,
                    const Place& place) {
  for (int i = 0; i < from.match_typed_subject_alt_names_size(); ++i) {
    const SubjectAltNameMatcher& rule = from.match_typed_subject_alt_names(i);
    const Place at = place.At("match_typed_subject_alt_names", i);
    const std::optional<SanType> type = ReadSanType(rule, at);
    if (!type) continue;
    if (*type == SanType::kOtherName && !IsOid(rule.oid())) {
      at.At("oid").Refuse(
          base::StrCat("must be an object identifier such as \"1.3.6.1.4.1.311.20.2.3\", got \"",
                       absl::Utf8SafeCEscape(rule.oid()), "\""));
    } else if (*type != SanType::kOtherName && !rule.oid().empty()) {
      at.At("oid").Refuse("is for san_type OTHER_NAME");
    }
    if (rule.has_matcher()) {
      AddRule(rule.matcher(), *type, rule.oid(), settings, at.At("matcher"));
    } else {
      at.At("matcher").Refuse("must be given");
    }
  }
}

// The older form names no type: a name of any type may match.
void ReadUntypedNames(const CertificateValidationContext& from, TrustSettings& settings,
                      const Place& place) {
  if (from.match_subject_alt_names_size() > 0 && from.match_typed_subject_alt_names_size() > 0) {
    place.At("match_subject_alt_names")
        .Refuse("cannot be given with match_typed_subject_alt_names; put all in that");
  }
  for (int i = 0; i < from.match_subject_alt_names_size(); ++i) {
    const Place at = place.At("match_subject_alt_names", i);
    for (const SanType type :
         {SanType::kDns, SanType::kUri, SanType::kEmail, SanType::kIpAddress}) {
      const size_t before = place.findings().size();
      AddRule(from.match_subject_alt_names(i), type, "", settings, at);
      if (place.findings().size() != before) break;
    }
  }
}

// --- hashes ------------------------------------------------------------------------------------

constexpr size_t kSha256Bytes = 32;

bool IsCertificateHash(std::string_view text) {
  constexpr size_t kPlain = 2 * kSha256Bytes, kWithColons = kPlain + kSha256Bytes - 1;
  if (text.size() != kPlain && text.size() != kWithColons) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool is_colon = text.size() == kWithColons && i % 3 == 2;
    if (is_colon ? text[i] != ':' : !absl::ascii_isxdigit(static_cast<unsigned char>(text[i]))) {
      return false;
    }
  }
  return true;
}

bool IsKeyHash(const std::string& text) {
  std::string bytes;
  return absl::Base64Unescape(text, &bytes) && bytes.size() == kSha256Bytes;
}

void ReadHashes(const CertificateValidationContext& from, TrustSettings& settings,
                const Place& place) {
  for (int i = 0; i < from.verify_certificate_hash_size(); ++i) {
    const std::string& hash = from.verify_certificate_hash(i);
    settings.certificate_hashes.push_back(hash);
    if (IsCertificateHash(hash)) continue;
    place.At("verify_certificate_hash", i)
        .Refuse(base::StrCat("must be a SHA-256 as 64 hex digits, also with colons between the "
                             "bytes, got \"",
                             absl::Utf8SafeCEscape(hash), "\""));
  }
  for (int i = 0; i < from.verify_certificate_spki_size(); ++i) {
    const std::string& hash = from.verify_certificate_spki(i);
    settings.spki_hashes.push_back(hash);
    if (IsKeyHash(hash)) continue;
    place.At("verify_certificate_spki", i)
        .Refuse(base::StrCat("must be a SHA-256 in base64, 44 characters, got \"",
                             absl::Utf8SafeCEscape(hash), "\""));
  }
}

// --- SPIFFE ------------------------------------------------------------------------------------

// What the SPIFFE validator would pass over.
void RefuseBesideSpiffe(const CertificateValidationContext& from, const Place& place) {
  const std::pair<const char*, bool> fields[] = {
      {"trusted_ca", from.has_trusted_ca()},
      {"system_root_certs", from.has_system_root_certs()},
      {"crl", from.has_crl()},
      {"verify_certificate_hash", from.verify_certificate_hash_size() > 0},
      {"verify_certificate_spki", from.verify_certificate_spki_size() > 0},
      {"max_verify_depth", from.has_max_verify_depth()},
      {"only_verify_leaf_cert_crl", from.only_verify_leaf_cert_crl()},
      {"trust_chain_verification",
       from.trust_chain_verification() != CertificateValidationContext::VERIFY_TRUST_CHAIN},
  };
  for (const auto& [field, is_given] : fields) {
    if (is_given) place.At(field).Refuse("cannot be given with the SPIFFE validator");
  }
}

void ReadSpiffe(const SPIFFECertValidatorConfig& from, TrustSettings& settings,
                const Place& place) {
  if (from.trust_domains_size() == 0) place.At("trust_domains").Refuse("must hold one");
  absl::flat_hash_set<std::string> names;
  for (int i = 0; i < from.trust_domains_size(); ++i) {
    const auto& domain = from.trust_domains(i);
    const Place at = place.At("trust_domains", i);
    if (domain.name().empty() || domain.name().find('/') != std::string::npos) {
      at.At("name").Refuse(
          base::StrCat("must be a trust domain such as \"example.org\", without spiffe://, got \"",
                       absl::Utf8SafeCEscape(domain.name()), "\""));
    } else if (!names.insert(domain.name()).second) {
      at.At("name").Refuse(base::StrCat("\"", domain.name(), "\" is the name of an earlier one"));
    }
    settings.spiffe_domains.push_back(
        {domain.name(), ReadPem(domain.trust_bundle(), at.At("trust_bundle"))});
  }
}

void ReadValidator(const CertificateValidationContext& from, TrustSettings& settings,
                   const Place& place) {
  if (!from.has_custom_validator_config()) return;
  const Place validator = place.At("custom_validator_config");
  const Place at = validator.At("typed_config");
  const auto& config = from.custom_validator_config().typed_config();
  const std::string type = loading::ResolvedTypeName(config);
  const std::string& known = SPIFFECertValidatorConfig::descriptor()->full_name();
  SPIFFECertValidatorConfig spiffe;
  if (type != known) {
    return at.Refuse(base::StrCat("unknown type \"", type, "\"; known: ", known));
  }
  if (!Unpack(config, spiffe, at)) return;
  RefuseBesideSpiffe(from, place);
  ReadSpiffe(spiffe, settings, at);
}

void Load(DataSource& source, const Place& place) {
  std::string text = ReadPem(source, place);
  source.set_inline_bytes(std::move(text));
}

// False: there is no SPIFFE validator, or none that can be read, which ReadTrust refuses.
bool UnpackSpiffe(const CertificateValidationContext& from, SPIFFECertValidatorConfig& spiffe) {
  const auto& config = from.custom_validator_config().typed_config();
  return loading::ResolvedTypeName(config) ==
             SPIFFECertValidatorConfig::descriptor()->full_name() &&
         loading::UnpackAny(config, spiffe).ok();
}

void LoadBundles(CertificateValidationContext& from, const Place& place) {
  SPIFFECertValidatorConfig spiffe;
  if (!UnpackSpiffe(from, spiffe)) return;
  const Place at = place.At("custom_validator_config.typed_config");
  for (int i = 0; i < spiffe.trust_domains_size(); ++i) {
    const Place domain = at.At("trust_domains", i);
    Load(*spiffe.mutable_trust_domains(i)->mutable_trust_bundle(), domain.At("trust_bundle"));
  }
  from.mutable_custom_validator_config()->mutable_typed_config()->PackFrom(spiffe);
}

}  // namespace

void LoadSources(CertificateValidationContext& from, const Place& place) {
  if (from.has_trusted_ca()) {
    Load(*from.mutable_trusted_ca(), place.At("trusted_ca"));
  } else if (from.has_system_root_certs() && !from.has_custom_validator_config()) {
    std::string roots = ReadSystemRoots(place.At("system_root_certs"));
    from.mutable_trusted_ca()->set_inline_bytes(std::move(roots));
  }
  if (from.has_crl()) Load(*from.mutable_crl(), place.At("crl"));
  LoadBundles(from, place);
}

std::vector<const DataSource*> SourcesOf(const CertificateValidationContext& from,
                                         SPIFFECertValidatorConfig& spiffe) {
  std::vector<const DataSource*> sources = {&from.trusted_ca(), &from.crl()};
  if (!UnpackSpiffe(from, spiffe)) return sources;
  for (const auto& domain : spiffe.trust_domains()) sources.push_back(&domain.trust_bundle());
  return sources;
}

TrustSettings ReadTrust(const CertificateValidationContext& from, const Place& place) {
  TrustSettings settings;
  ReadValidator(from, settings, place);
  if (from.has_trusted_ca()) {
    settings.ca_pem = ReadPem(from.trusted_ca(), place.At("trusted_ca"));
  }
  if (from.has_crl()) settings.crl_pem = ReadPem(from.crl(), place.At("crl"));
  settings.checks_leaf_crl_only = from.only_verify_leaf_cert_crl();
  settings.accepts_expired = from.allow_expired_certificate();
  settings.accepts_untrusted =
      from.trust_chain_verification() == CertificateValidationContext::ACCEPT_UNTRUSTED;
  if (from.has_max_verify_depth()) {
    constexpr uint32_t kMost = 100;
    settings.max_depth = from.max_verify_depth().value();
    if (*settings.max_depth > kMost) {
      place.At("max_verify_depth")
          .Refuse(base::StrCat("must be from 0 to 100, got ", *settings.max_depth));
    }
  }
  ReadHashes(from, settings, place);
  ReadTypedNames(from, settings, place);
  ReadUntypedNames(from, settings, place);
  return settings;
}

std::shared_ptr<const net::tls::Trust> CompileTrust(const CertificateValidationContext& from,
                                                    bool needs_authority, const Place& place) {
  const size_t before = place.findings().size();
  TrustSettings settings = ReadTrust(from, place);
  const bool has_authority = !settings.ca_pem.empty() || !settings.spiffe_domains.empty();
  if (!has_authority && place.findings().size() == before) {
    if (!settings.san_rules.empty()) {
      place.Refuse("names are matched, but no authority vouches for them; give trusted_ca");
    } else if (needs_authority) {
      place.Refuse(
          "the certificate's name is to be verified, but no authority vouches for it; "
          "give trusted_ca");
    }
    if (!settings.crl_pem.empty()) place.At("crl").Refuse("needs trusted_ca");
  }
  if (place.findings().size() != before) return nullptr;
  auto trust = net::tls::Trust::Make(std::move(settings));
  if (trust.ok()) return *std::move(trust);
  place.Refuse(trust.status());
  return nullptr;
}

}  // namespace outrigger::config
