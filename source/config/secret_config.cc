#include "source/config/secret_config.h"

#include <algorithm>
#include <utility>

#include "source/base/text.h"
#include "source/config/field_values.h"
#include "source/config/fingerprint.h"
#include "source/config/refusal.h"
#include "source/config/trust_config.h"

namespace outrigger::config {
namespace {

using envoy::config::core::v3::DataSource;
using envoy::extensions::transport_sockets::tls::v3::CertificateValidationContext;
using envoy::extensions::transport_sockets::tls::v3::TlsCertificate;
using envoy::extensions::transport_sockets::tls::v3::TlsSessionTicketKeys;
using net::tls::SecretNeed;
using net::tls::SecretPtr;
using SecretProto = envoy::extensions::transport_sockets::tls::v3::Secret;

std::string ReadGiven(const DataSource& source, const Place& place) {
  const size_t before = place.findings().size();
  std::string content = ReadDataSource(source, place);
  if (content.empty() && place.findings().size() == before) place.Refuse("must not be empty");
  return content;
}

template <typename Watching>
void CheckWatching(const Watching& from, SecretOrigin origin, const Place& place) {
  if (!from.has_watched_directory()) return;
  const Place at = place.At("watched_directory");
  if (origin == SecretOrigin::kGivenInPlace) {
    at.Refuse(
        "only the files of secrets that come by SDS are watched; give an "
        "SdsSecretConfig with path_config_source");
  } else if (from.watched_directory().path().empty()) {
    at.At("path").Refuse("must be given");
  }
}

net::tls::CertificateText ReadCertificateText(const TlsCertificate& from, const Place& place) {
  net::tls::CertificateText text;
  if (from.has_pkcs12()) {
    if (from.has_certificate_chain() || from.has_private_key()) {
      place.At("pkcs12").Refuse("cannot be given with certificate_chain or private_key");
    }
    text.pkcs12 = ReadGiven(from.pkcs12(), place.At("pkcs12"));
  } else {
    for (const auto& [field, is_given] :
         {std::pair("certificate_chain", from.has_certificate_chain()),
          std::pair("private_key", from.has_private_key())}) {
      if (!is_given) place.At(field).Refuse("must be given, or pkcs12 instead");
    }
    if (from.has_certificate_chain()) {
      text.chain_pem = ReadGiven(from.certificate_chain(), place.At("certificate_chain"));
    }
    if (from.has_private_key()) {
      text.key_pem = ReadGiven(from.private_key(), place.At("private_key"));
    }
  }
  if (from.has_password()) text.password = ReadDataSource(from.password(), place.At("password"));
  if (from.has_ocsp_staple()) {
    text.ocsp_response = ReadGiven(from.ocsp_staple(), place.At("ocsp_staple"));
  }
  return text;
}

// Its folder; of "cert.pem" the working directory.
std::string DirectoryOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// `watched`: instead of their own; empty: none is given.
std::vector<std::string> DirectoriesOf(const std::vector<const DataSource*>& sources,
                                       const std::string& watched) {
  std::vector<std::string> directories;
  for (const DataSource* source : sources) {
    if (source->specifier_case() != DataSource::kFilename) continue;
    directories.push_back(watched.empty() ? DirectoryOf(source->filename()) : watched);
  }
  std::sort(directories.begin(), directories.end());
  directories.erase(std::unique(directories.begin(), directories.end()), directories.end());
  return directories;
}

// Fills the secret's one content.
void ReadContent(const SecretProto& from, SecretOrigin origin, net::tls::Secret& secret,
                 const Place& place) {
  switch (from.type_case()) {
    case SecretProto::kTlsCertificate:
      secret.certificate =
          CompileCertificate(from.tls_certificate(), origin, place.At("tls_certificate"));
      if (secret.certificate != nullptr) secret.fingerprint = secret.certificate->fingerprint();
      return;
    case SecretProto::kSessionTicketKeys:
      secret.ticket_keys =
          CompileTicketKeys(from.session_ticket_keys(), place.At("session_ticket_keys"));
      if (secret.ticket_keys != nullptr) secret.fingerprint = secret.ticket_keys->fingerprint();
      return;
    case SecretProto::kValidationContext: {
      auto validation =
          CompileValidation(from.validation_context(), origin, place.At("validation_context"));
      secret.fingerprint = Fingerprint(*validation);
      secret.validation = std::move(validation);
      return;
    }
    case SecretProto::kGenericSecret:  // marked, and refused as such
      return;
    case SecretProto::TYPE_NOT_SET:
      break;
  }
  place.Refuse("must hold one of tls_certificate, session_ticket_keys, validation_context");
}

SecretPtr Compile(const SecretProto& from, SecretOrigin origin, const Place& place) {
  auto secret = std::make_shared<net::tls::Secret>();
  secret->name = from.name();
  RefuseNotImplemented(from, place);
  if (from.name().empty()) place.At("name").Refuse("must be given");
  ReadContent(from, origin, *secret, place);
  return secret;
}

}  // namespace

std::shared_ptr<const net::tls::Certificate> CompileCertificate(const TlsCertificate& from,
                                                                SecretOrigin origin,
                                                                const Place& place) {
  const size_t before = place.findings().size();
  CheckWatching(from, origin, place);
  const net::tls::CertificateText text = ReadCertificateText(from, place);
  if (place.findings().size() != before) return nullptr;
  auto certificate = net::tls::Certificate::Load(text);
  if (certificate.ok()) return *std::move(certificate);
  place.Refuse(certificate.status());
  return nullptr;
}

std::shared_ptr<const net::tls::TicketKeys> CompileTicketKeys(const TlsSessionTicketKeys& from,
                                                              const Place& place) {
  const size_t before = place.findings().size();
  if (from.keys_size() == 0) place.At("keys").Refuse("must hold one");
  std::vector<std::string> keys;
  for (int i = 0; i < from.keys_size(); ++i) {
    keys.push_back(ReadGiven(from.keys(i), place.At("keys", i)));
  }
  if (place.findings().size() != before) return nullptr;
  auto made = net::tls::TicketKeys::Make(std::move(keys));
  if (made.ok()) return *std::move(made);
  place.At("keys").Refuse(made.status());
  return nullptr;
}

std::shared_ptr<const CertificateValidationContext> CompileValidation(
    CertificateValidationContext from, SecretOrigin origin, const Place& place) {
  CheckWatching(from, origin, place);
  const size_t before = place.findings().size();
  LoadSources(from, place);
  if (place.findings().size() == before) (void)ReadTrust(from, place);
  return std::make_shared<const CertificateValidationContext>(std::move(from));
}

const CertificateValidationContext& ValidationOf(const net::tls::Secret& secret) {
  return *static_cast<const CertificateValidationContext*>(secret.validation.get());
}

absl::StatusOr<SecretPtr> CompileSecret(const SecretProto& secret) {
  Findings findings;
  SecretPtr compiled = Compile(secret, SecretOrigin::kDiscovered, Place(findings));
  if (absl::Status status = findings.ToStatus(); !status.ok()) return status;
  return compiled;
}

std::vector<std::string> WatchedDirectories(const SecretProto& secret) {
  if (secret.has_tls_certificate()) {
    const TlsCertificate& from = secret.tls_certificate();
    return DirectoriesOf({&from.certificate_chain(), &from.private_key(), &from.password(),
                          &from.pkcs12(), &from.ocsp_staple()},
                         from.watched_directory().path());
  }
  if (secret.has_validation_context()) {
    const CertificateValidationContext& from = secret.validation_context();
    envoy::extensions::transport_sockets::tls::v3::SPIFFECertValidatorConfig spiffe;
    return DirectoriesOf(SourcesOf(from, spiffe), from.watched_directory().path());
  }
  std::vector<const DataSource*> keys;
  for (const DataSource& key : secret.session_ticket_keys().keys()) keys.push_back(&key);
  return DirectoriesOf(keys, "");
}

SecretTable CompileStaticSecrets(const google::protobuf::RepeatedPtrField<SecretProto>& secrets,
                                 const Place& place) {
  SecretTable table;
  for (int i = 0; i < secrets.size(); ++i) {
    const Place at = place.At("secrets", i);
    SecretPtr secret = Compile(secrets[i], SecretOrigin::kGivenInPlace, at);
    if (!table.emplace(secrets[i].name(), std::move(secret)).second) {
      at.At("name").Refuse(
          base::StrCat("an earlier secret has the name \"", secrets[i].name(), "\""));
    }
  }
  return table;
}

std::string_view NameOf(SecretNeed::Kind kind) {
  switch (kind) {
    case SecretNeed::Kind::kCertificate:
      return "tls_certificate";
    case SecretNeed::Kind::kValidation:
      return "validation_context";
    case SecretNeed::Kind::kTicketKeys:
      break;
  }
  return "session_ticket_keys";
}

SecretNeed::Kind KindOf(const net::tls::Secret& secret) {
  if (secret.certificate != nullptr) return SecretNeed::Kind::kCertificate;
  return secret.validation != nullptr ? SecretNeed::Kind::kValidation
                                      : SecretNeed::Kind::kTicketKeys;
}

SecretPtr FindStaticSecret(const SecretTable& secrets, const std::string& name,
                           SecretNeed::Kind kind, const Place& place) {
  const Place at = place.At("name");
  const auto found = secrets.find(name);
  if (found == secrets.end()) {
    at.Refuse(base::StrCat("the bootstrap has no static secret \"", name,
                           "\"; add it to static_resources.secrets, or give sds_config"));
    return nullptr;
  }
  if (KindOf(*found->second) == kind) return found->second;
  at.Refuse(base::StrCat("the static secret \"", name, "\" is a ", NameOf(KindOf(*found->second)),
                         "; a ", NameOf(kind), " is wanted"));
  return nullptr;
}

}  // namespace outrigger::config
