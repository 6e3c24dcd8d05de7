#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "envoy/config/core/v3/config_source.pb.h"
#include "envoy/extensions/transport_sockets/tls/v3/common.pb.h"
#include "envoy/extensions/transport_sockets/tls/v3/secret.pb.h"
#include "source/config/place.h"
#include "source/config/secret_table.h"
#include "source/net/tls/certificate.h"
#include "source/net/tls/context_plan.h"
#include "source/net/tls/ticket_keys.h"

// Certificates, ticket keys and validation contexts, given in place or as secrets. No error shows
// what they hold.
namespace outrigger::config {

// Where a certificate or a validation context was written: only the files of a secret that comes by
// SDS can be watched.
enum class SecretOrigin : uint8_t { kGivenInPlace, kDiscovered };

// Null: refused at `place`.
std::shared_ptr<const net::tls::Certificate> CompileCertificate(
    const envoy::extensions::transport_sockets::tls::v3::TlsCertificate& from, SecretOrigin origin,
    const Place& place);
std::shared_ptr<const net::tls::TicketKeys> CompileTicketKeys(
    const envoy::extensions::transport_sockets::tls::v3::TlsSessionTicketKeys& from,
    const Place& place);
// With its sources loaded.
std::shared_ptr<const envoy::extensions::transport_sockets::tls::v3::CertificateValidationContext>
CompileValidation(envoy::extensions::transport_sockets::tls::v3::CertificateValidationContext from,
                  SecretOrigin origin, const Place& place);
// The validation context inside a secret of that kind.
const envoy::extensions::transport_sockets::tls::v3::CertificateValidationContext& ValidationOf(
    const net::tls::Secret& secret);

// A resource of SDS. Errors are lines that begin with the field's path; the caller adds the name.
// Files that it names are read now.
absl::StatusOr<net::tls::SecretPtr> CompileSecret(
    const envoy::extensions::transport_sockets::tls::v3::Secret& secret);

// The directories that are to be watched for such a resource: when something is moved into one of
// them, it is to be compiled again. Empty: it names no file.
std::vector<std::string> WatchedDirectories(
    const envoy::extensions::transport_sockets::tls::v3::Secret& secret);

// The secrets of the bootstrap; they need names of their own.
SecretTable CompileStaticSecrets(
    const google::protobuf::RepeatedPtrField<envoy::extensions::transport_sockets::tls::v3::Secret>&
        secrets,
    const Place& place);

// Where the secret comes from.
net::tls::SecretNeed ReadSecretNeed(
    const envoy::extensions::transport_sockets::tls::v3::SdsSecretConfig& from,
    net::tls::SecretNeed::Kind kind, const Place& place);
// Of one without sds_config: the secret of the bootstrap. Null: refused at `place`.
net::tls::SecretPtr FindStaticSecret(const SecretTable& secrets, const std::string& name,
                                     net::tls::SecretNeed::Kind kind, const Place& place);
std::string_view NameOf(net::tls::SecretNeed::Kind kind);
net::tls::SecretNeed::Kind KindOf(const net::tls::Secret& secret);

}  // namespace outrigger::config
