#pragma once

#include <memory>
#include <vector>

#include "envoy/extensions/transport_sockets/tls/v3/common.pb.h"
#include "envoy/extensions/transport_sockets/tls/v3/tls_spiffe_validator_config.pb.h"
#include "source/config/place.h"
#include "source/net/tls/trust.h"

namespace outrigger::config {

// Puts what files, variables and the machine's list of authorities hold in the place of their
// names, so that a validation context can be merged and compared, and means the same later. Nothing
// of it is secret.
void LoadSources(envoy::extensions::transport_sockets::tls::v3::CertificateValidationContext& from,
                 const Place& place);

// What it reads from; `spiffe` is filled, and owns those of a SPIFFE validator.
std::vector<const envoy::config::core::v3::DataSource*> SourcesOf(
    const envoy::extensions::transport_sockets::tls::v3::CertificateValidationContext& from,
    envoy::extensions::transport_sockets::tls::v3::SPIFFECertValidatorConfig& spiffe);

// Whom a part of a validation context, its sources loaded, says to believe; what other parts may
// add is not missed.
net::tls::TrustSettings ReadTrust(
    const envoy::extensions::transport_sockets::tls::v3::CertificateValidationContext& from,
    const Place& place);

// The whole. `needs_authority`: names are verified that stand elsewhere (auto_san_validation).
// Null: refused at `place`.
std::shared_ptr<const net::tls::Trust> CompileTrust(
    const envoy::extensions::transport_sockets::tls::v3::CertificateValidationContext& from,
    bool needs_authority, const Place& place);

}  // namespace outrigger::config
