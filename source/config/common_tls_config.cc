#include "source/config/common_tls_config.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_join.h"
#include "source/base/text.h"
#include "source/config/trust_config.h"

namespace outrigger::config {
namespace {

using envoy::extensions::transport_sockets::tls::v3::CommonTlsContext;
using envoy::extensions::transport_sockets::tls::v3::SdsSecretConfig;
using envoy::extensions::transport_sockets::tls::v3::TlsKeyLog;
using envoy::extensions::transport_sockets::tls::v3::TlsParameters;
using net::tls::SecretNeed;
using net::tls::SecretPtr;
using net::tls::Version;
using Names = google::protobuf::RepeatedPtrField<std::string>;

Version ToVersion(TlsParameters::TlsProtocol protocol, Version otherwise) {
  if (protocol == TlsParameters::TLSv1_2) return Version::kTls12;
  if (protocol == TlsParameters::TLSv1_3) return Version::kTls13;
  return otherwise;
}

std::vector<std::string> ReadNames(const Names& names, std::string_view field, const Place& place) {
  for (int i = 0; i < names.size(); ++i) {
    if (names[i].empty()) place.At(field, i).Refuse("must not be empty");
  }
  return {names.begin(), names.end()};
}

net::tls::Parameters ReadParameters(const TlsParameters& from, const Place& place) {
  net::tls::Parameters parameters;
  parameters.min_version = ToVersion(from.tls_minimum_protocol_version(), Version::kTls12);
  parameters.max_version = ToVersion(from.tls_maximum_protocol_version(), Version::kTls13);
  if (parameters.min_version > parameters.max_version) {
    place.At("tls_maximum_protocol_version")
        .Refuse("must not be below tls_minimum_protocol_version, got TLSv1_2 below TLSv1_3");
  }
  parameters.cipher_suites = ReadNames(from.cipher_suites(), "cipher_suites", place);
  parameters.groups = ReadNames(from.ecdh_curves(), "ecdh_curves", place);
  parameters.signature_algorithms =
      ReadNames(from.signature_algorithms(), "signature_algorithms", place);
  return parameters;
}

// The limits are those of the message that carries them (RFC 7301 3.1).
std::vector<std::string> ReadProtocols(const Names& protocols, const Place& place) {
  constexpr size_t kMostBytes = 255, kMostInAll = 65533;
  size_t in_all = 0;
  for (int i = 0; i < protocols.size(); ++i) {
    in_all += protocols[i].size() + 1;
    if (protocols[i].empty() || protocols[i].size() > kMostBytes) {
      place.At("alpn_protocols", i)
          .Refuse(base::StrCat("must be of 1 to 255 bytes, got ", protocols[i].size()));
    }
  }
  if (in_all > kMostInAll) {
    place.At("alpn_protocols").Refuse("is too long for one message; name fewer");
  }
  return {protocols.begin(), protocols.end()};
}

std::shared_ptr<net::tls::KeyLog> ReadKeyLog(const TlsKeyLog& from,
                                             const CompileEnvironment& environment,
                                             const Place& place) {
  auto log = std::make_shared<net::tls::KeyLog>();
  const Place at = place.At("path");
  if (from.path().empty()) {
    at.Refuse("must be given");
  } else if (!environment.open_key_log) {
    at.Refuse("key logs are not available here");
  } else if (auto write = environment.open_key_log(from.path()); write.ok()) {
    log->write = *std::move(write);
  } else {
    at.Refuse(write.status());
  }
  return log;
}

SecretSlot Here(net::tls::Secret secret) {
  return {.here = std::make_shared<const net::tls::Secret>(std::move(secret))};
}

void ReadCertificates(const CommonTlsContext& from, const CompileEnvironment& environment,
                      CommonTls& common, const Place& place) {
  const int by_name = from.tls_certificate_sds_secret_configs_size();
  if (from.tls_certificates_size() > 0 && by_name > 0) {
    place.At("tls_certificate_sds_secret_configs")
        .Refuse("cannot be given with tls_certificates; keep one of the two");
  }
  for (int i = 0; i < from.tls_certificates_size(); ++i) {
    auto certificate = CompileCertificate(from.tls_certificates(i), SecretOrigin::kGivenInPlace,
                                          place.At("tls_certificates", i));
    common.certificates.push_back(Here({.certificate = std::move(certificate)}));
  }
  for (int i = 0; i < by_name; ++i) {
    common.certificates.push_back(
        ReadSlot(from.tls_certificate_sds_secret_configs(i), SecretNeed::Kind::kCertificate,
                 environment, common.needs, place.At("tls_certificate_sds_secret_configs", i)));
  }
}

void ReadValidation(const CommonTlsContext& from, const CompileEnvironment& environment,
                    CommonTls& common, const Place& place) {
  constexpr auto kKind = SecretNeed::Kind::kValidation;
  switch (from.validation_context_type_case()) {
    case CommonTlsContext::kValidationContext:
      common.validation = Here(
          {.validation = CompileValidation(from.validation_context(), SecretOrigin::kGivenInPlace,
                                           place.At("validation_context"))});
      return;
    case CommonTlsContext::kValidationContextSdsSecretConfig:
      common.validation = ReadSlot(from.validation_context_sds_secret_config(), kKind, environment,
                                   common.needs, place.At("validation_context_sds_secret_config"));
      return;
    case CommonTlsContext::kCombinedValidationContext: {
      const auto& combined = from.combined_validation_context();
      const Place at = place.At("combined_validation_context");
      if (!combined.has_default_validation_context()) {
        at.At("default_validation_context").Refuse("must be given");
      }
      common.default_validation =
          CompileValidation(combined.default_validation_context(), SecretOrigin::kGivenInPlace,
                            at.At("default_validation_context"));
      common.validation =
          ReadSlot(combined.validation_context_sds_secret_config(), kKind, environment,
                   common.needs, at.At("validation_context_sds_secret_config"));
      return;
    }
    default:  // those that are left are marked, and refused as such
      return;
  }
}

// A secret of the right kind for each need.
void CheckSecrets(const std::vector<SecretNeed>& needs, absl::Span<const SecretPtr> secrets,
                  const Place& place) {
  for (size_t i = 0; i < needs.size(); ++i) {
    if (i >= secrets.size() || secrets[i] == nullptr) {
      place.Refuse(base::StrCat("the secret \"", needs[i].name, "\" is missing"));
    } else if (KindOf(*secrets[i]) != needs[i].kind) {
      place.Refuse(base::StrCat("the secret \"", needs[i].name, "\" is a ",
                                NameOf(KindOf(*secrets[i])), "; a ", NameOf(needs[i].kind),
                                " is wanted"));
    }
  }
}

}  // namespace

const net::tls::Secret& SecretIn(const SecretSlot& slot, absl::Span<const SecretPtr> secrets) {
  return slot.here != nullptr ? *slot.here : *secrets[slot.need];
}

SecretSlot ReadSlot(const SdsSecretConfig& from, SecretNeed::Kind kind,
                    const CompileEnvironment& environment, std::vector<SecretNeed>& needs,
                    const Place& place) {
  if (from.name().empty()) {
    place.At("name").Refuse("must be given");
    return {};
  }
  if (from.has_sds_config()) {
    needs.push_back(ReadSecretNeed(from, kind, place));
    return {.need = needs.size() - 1};
  }
  return {.here = FindStaticSecret(environment.secrets, from.name(), kind, place)};
}

CommonTls ReadCommonTls(const CommonTlsContext& from, const CompileEnvironment& environment,
                        const Place& place) {
  CommonTls common;
  common.parameters = ReadParameters(from.tls_params(), place.At("tls_params"));
  common.application_protocols = ReadProtocols(from.alpn_protocols(), place);
  ReadCertificates(from, environment, common, place);
  ReadValidation(from, environment, common, place);
  if (from.has_key_log()) {
    common.key_log = ReadKeyLog(from.key_log(), environment, place.At("key_log"));
  }
  return common;
}

std::vector<std::shared_ptr<const net::tls::Certificate>> CertificatesOf(
    const CommonTls& common, absl::Span<const SecretPtr> secrets) {
  std::vector<std::shared_ptr<const net::tls::Certificate>> certificates;
  for (const SecretSlot& slot : common.certificates) {
    certificates.push_back(SecretIn(slot, secrets).certificate);
  }
  return certificates;
}

std::shared_ptr<const net::tls::Trust> TrustOf(const CommonTls& common,
                                               absl::Span<const SecretPtr> secrets,
                                               bool needs_authority, const Place& place) {
  if (!common.validation) {
    if (needs_authority) {
      place.Refuse(
          "the certificate's name is to be verified; give validation_context with "
          "trusted_ca");
    }
    return nullptr;
  }
  const auto& validation = ValidationOf(SecretIn(*common.validation, secrets));
  const bool is_combined = common.default_validation != nullptr;
  const Place at = place.At(is_combined ? "combined_validation_context" : "validation_context");
  if (!is_combined) return CompileTrust(validation, needs_authority, at);
  CommonTls::Validation merged = *common.default_validation;
  merged.MergeFrom(validation);
  return CompileTrust(merged, needs_authority, at);
}

std::shared_ptr<const net::tls::ContextPlan> MakePlan(
    std::vector<SecretNeed> needs,
    absl::AnyInvocable<void(absl::Span<const SecretPtr> secrets, const Place& place) const> build) {
  auto plan = std::make_shared<net::tls::ContextPlan>();
  plan->needs = needs;
  plan->build = [needs = std::move(needs),
                 build = std::move(build)](absl::Span<const SecretPtr> secrets) -> absl::Status {
    Findings findings;
    const Place place(findings);
    CheckSecrets(needs, secrets, place);
    if (findings.size() == 0) build(secrets, place);
    if (findings.size() == 0) return absl::OkStatus();
    const std::string names = absl::StrJoin(needs, ", ", [](std::string* out, const auto& need) {
      absl::StrAppend(out, "\"", absl::Utf8SafeCEscape(need.name), "\"");
    });
    return base::InvalidArgument("secrets ", names, ": ",
                                 base::StdView(findings.ToStatus().message()));
  };
  return plan;
}

}  // namespace outrigger::config
