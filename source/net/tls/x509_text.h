#pragma once

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "source/net/tls_info.h"

namespace outrigger::net::tls {

std::string NameText(const X509_NAME* name);  // RFC 2253
std::string SerialText(const ASN1_INTEGER* serial);
absl::Time TimeOf(const ASN1_TIME* time);  // InfinitePast: not a time
std::string PemOf(std::string_view der);

// The text of a subject alternative name of type DNS, e-mail or URI; not for others.
std::string_view Ia5Text(const GENERAL_NAME& name);

// Everything but chain_pem.
std::shared_ptr<CertificateInfo> DescribeCertificate(X509* x509, std::string_view der);

// How failures name a certificate, `"CN=web"`, and its issuer: cut to 200 bytes, since a peer
// chooses them and they go to logs.
std::string NameOf(X509* x509);
std::string IssuerOf(X509* x509);

}  // namespace outrigger::net::tls
