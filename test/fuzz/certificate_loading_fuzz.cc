// Certificates, keys, authorities, revocation lists, OCSP responses and PKCS#12, as a control plane
// or a file may bring them: an error, or something that can be asked for all it says.
// The first byte says what the rest is.
#include <cstddef>
#include <cstdint>
#include <string>

#include "source/base/check.h"
#include "source/net/tls/certificate.h"
#include "source/net/tls/ticket_keys.h"
#include "source/net/tls/trust.h"

namespace {

using outrigger::net::tls::Certificate;
using outrigger::net::tls::CertificateText;
using outrigger::net::tls::TicketKeys;
using outrigger::net::tls::Trust;
using outrigger::net::tls::TrustSettings;

void CheckInfo(const outrigger::net::CertificateInfo& info) {
  CHECK(info.sha256.size() == 64 && info.sha1.size() == 40);
  CHECK(info.pem.starts_with("-----BEGIN CERTIFICATE-----\n"));
}

void Load(const CertificateText& text) {
  const auto certificate = Certificate::Load(text);
  if (certificate.ok()) {
    CheckInfo((*certificate)->info());
  } else {
    CHECK(!certificate.status().message().empty());
  }
}

void Believe(const TrustSettings& settings) {
  const auto trust = Trust::Make(settings);
  if (!trust.ok()) return;
  for (const auto& authority : (*trust)->Authorities()) CheckInfo(*authority);
}

// The part before the first NUL and the part behind it.
std::pair<std::string, std::string> Split(const std::string& text) {
  const size_t nul = text.find('\0');
  if (nul == std::string::npos) return {text, ""};
  return {text.substr(0, nul), text.substr(nul + 1)};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto [first, second] = Split(text);
  switch (data[0]) {
    case 'c':  // a chain, a key in the same text, and an OCSP response
      Load({.chain_pem = first, .key_pem = first, .password = "secret", .ocsp_response = second});
      break;
    case 'p':
      Load({.password = "secret", .pkcs12 = text});
      break;
    case 'a':
      Believe({.ca_pem = first, .crl_pem = second});
      break;
    case 's':
      Believe(
          {.spiffe_domains = {{.name = "a", .ca_pem = first}, {.name = "b", .ca_pem = second}}});
      break;
    case 'h':
      Believe({.certificate_hashes = {first}, .spki_hashes = {second}});
      break;
    default:
      CHECK(TicketKeys::Make({text}).ok() == (text.size() == 80));
  }
  return 0;
}
