#include "source/downstream/client_certificate.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "absl/strings/ascii.h"
#include "source/base/text.h"
#include "source/http/certificate_text.h"

namespace outrigger::downstream {
namespace {

using Forward = ClientCertificateOptions::Forward;
using http::HeaderId;

bool NeedsQuotes(char byte) {
  return byte == ',' || byte == ';' || byte == '=' || byte == '"' || byte == '\\' ||
         absl::ascii_iscntrl(static_cast<unsigned char>(byte));
}

std::string& Begin(std::string_view key, std::string& element) {
  if (!element.empty()) element += ';';
  element += key;
  return element;
}

void AddName(std::string_view key, std::string_view name, std::string& element) {
  Begin(key, element);
  if (std::any_of(name.begin(), name.end(), NeedsQuotes)) {
    http::AppendQuoted(name, element);
  } else {
    element += name;
  }
}

void AddPem(std::string_view key, std::string_view pem, std::string& element) {
  if (pem.empty()) return;
  Begin(key, element) += '"';
  http::AppendEncodedPem(pem, element);
  element += '"';
}

std::string Describe(const net::TlsInfo& tls, const ClientCertificateOptions& options) {
  const net::CertificateInfo& peer = *tls.peer;
  std::string element;
  if (tls.local != nullptr) {
    for (const std::string& uri : tls.local->uris) AddName("By=", uri, element);
  }
  Begin("Hash=", element) += peer.sha256;
  if (options.certificate) AddPem("Cert=", peer.pem, element);
  if (options.chain) AddPem("Chain=", peer.chain_pem, element);
  // Whoever reads it expects these two also where the certificate has none.
  if (options.subject) http::AppendQuoted(peer.subject, Begin("Subject=", element));
  if (options.uris && peer.uris.empty()) Begin("URI=", element);
  if (options.uris) {
    for (const std::string& uri : peer.uris) AddName("URI=", uri, element);
  }
  if (options.dns_names) {
    for (const std::string& name : peer.dns_names) AddName("DNS=", name, element);
  }
  return element;
}

}  // namespace

void ForwardClientCertificate(http::HeaderMap& headers, const ClientCertificateOptions& options,
                              net::Transport* transport) {
  if (options.forward == Forward::kAlwaysForwardOnly) return;
  // Asked only where it matters: it makes the transport read the certificate.
  const net::TlsInfo* tls = options.forward == Forward::kSanitize || transport == nullptr
                                ? nullptr
                                : transport->info().get();
  if (tls == nullptr || tls->peer == nullptr) {
    headers.Remove(HeaderId::kXForwardedClientCert);
    return;
  }
  if (options.forward == Forward::kForwardOnly) return;
  std::string value = Describe(*tls, options);
  if (options.forward == Forward::kAppendForward) {
    const auto present = headers.GetJoined("x-forwarded-client-cert");
    if (present && !present->empty()) value = base::StrCat(*present, ",", value);
  }
  headers.Set(HeaderId::kXForwardedClientCert, headers.arena().Copy(value));
}

}  // namespace outrigger::downstream
