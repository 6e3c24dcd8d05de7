#include "source/net/tls/certificate_choice.h"

#include <openssl/bytestring.h>

#include <algorithm>
#include <optional>

#include "absl/time/clock.h"
#include "source/base/text.h"

namespace outrigger::net::tls {
namespace {

// The numbers of an extension that is one list of them with its length in front (RFC 8446 4.2.3,
// 4.2.7; supported_versions has a length of one byte).
std::vector<uint16_t> ReadList(const SSL_CLIENT_HELLO& hello, uint16_t extension,
                               bool has_short_length) {
  std::vector<uint16_t> numbers;
  const uint8_t* data = nullptr;
  size_t size = 0;
  if (SSL_early_callback_ctx_extension_get(&hello, extension, &data, &size) != 1) return numbers;
  CBS in;
  CBS list;
  uint16_t number = 0;
  CBS_init(&in, data, size);
  const bool has_list = has_short_length ? CBS_get_u8_length_prefixed(&in, &list) == 1
                                         : CBS_get_u16_length_prefixed(&in, &list) == 1;
  while (has_list && CBS_get_u16(&list, &number)) numbers.push_back(number);
  return numbers;
}

bool Has(const std::vector<uint16_t>& numbers, uint16_t wanted) {
  return std::ranges::find(numbers, wanted) != numbers.end();
}

bool HasEcdsaCipher(const SSL_CLIENT_HELLO& hello) {
  CBS in;
  uint16_t number = 0;
  CBS_init(&in, hello.cipher_suites, hello.cipher_suites_len);
  while (CBS_get_u16(&in, &number)) {
    const SSL_CIPHER* cipher = SSL_get_cipher_by_value(number);
    if (cipher != nullptr && SSL_CIPHER_get_auth_nid(cipher) == NID_auth_ecdsa) return true;
  }
  return false;
}

uint16_t EcdsaSignature(uint16_t group) {
  switch (group) {
    case SSL_CURVE_SECP384R1:
      return SSL_SIGN_ECDSA_SECP384R1_SHA384;
    case SSL_CURVE_SECP521R1:
      return SSL_SIGN_ECDSA_SECP521R1_SHA512;
    default:
      return SSL_SIGN_ECDSA_SECP256R1_SHA256;
  }
}

}  // namespace

ClientAbilities::ClientAbilities(const SSL_CLIENT_HELLO& hello, bool may_use_tls13)
    : signatures_(ReadList(hello, TLSEXT_TYPE_signature_algorithms, false)),
      groups_(ReadList(hello, TLSEXT_TYPE_supported_groups, false)),
      has_ecdsa_cipher_(HasEcdsaCipher(hello)),
      uses_tls13_(may_use_tls13 &&
                  Has(ReadList(hello, TLSEXT_TYPE_supported_versions, true), TLS1_3_VERSION)) {
  const uint8_t* data = nullptr;
  size_t size = 0;
  asks_for_ocsp_ =
      SSL_early_callback_ctx_extension_get(&hello, TLSEXT_TYPE_status_request, &data, &size) == 1;
}

bool ClientAbilities::Offers(uint16_t signature) const { return Has(signatures_, signature); }

bool ClientAbilities::CanCheck(const LoadedCertificate& certificate) const {
  if (!certificate.is_ecdsa()) {
    if (signatures_.empty()) return true;
    const bool has_pss = Offers(SSL_SIGN_RSA_PSS_RSAE_SHA256) ||
                         Offers(SSL_SIGN_RSA_PSS_RSAE_SHA384) ||
                         Offers(SSL_SIGN_RSA_PSS_RSAE_SHA512);
    return has_pss || (!uses_tls13_ &&
                       (Offers(SSL_SIGN_RSA_PKCS1_SHA256) || Offers(SSL_SIGN_RSA_PKCS1_SHA384) ||
                        Offers(SSL_SIGN_RSA_PKCS1_SHA512)));
  }
  if (uses_tls13_) return Offers(EcdsaSignature(certificate.group()));
  // RFC 8422 5.3: in TLS 1.2 the curve is negotiated apart from the hash.
  return has_ecdsa_cipher_ && Has(groups_, certificate.group()) &&
         (Offers(SSL_SIGN_ECDSA_SECP256R1_SHA256) || Offers(SSL_SIGN_ECDSA_SECP384R1_SHA384) ||
          Offers(SSL_SIGN_ECDSA_SECP521R1_SHA512));
}

CertificateChoice::CertificateChoice(const Certificates& certificates, bool scans_all,
                                     ServerSettings::Ocsp ocsp)
    : scans_all_(scans_all), ocsp_(ocsp) {
  for (const std::shared_ptr<const Certificate>& certificate : certificates) {
    const LoadedCertificate& loaded = LoadedCertificate::Of(*certificate);
    all_.push_back(&loaded);
    for (const std::string& name : loaded.server_names()) by_name_[name].push_back(&loaded);
  }
}

CertificateChoice::Pick CertificateChoice::For(std::string_view server_name,
                                               const ClientAbilities& client) const {
  auto found = by_name_.find(std::string(server_name));
  if (found == by_name_.end()) {
    const size_t dot = server_name.find('.');
    if (dot != std::string_view::npos && dot > 0) {
      found = by_name_.find(base::StrCat("*", server_name.substr(dot)));
    }
  }
  if (found != by_name_.end()) return Among(found->second, client);
  if (scans_all_ || server_name.empty()) return Among(all_, client);
  return Among({all_.front()}, client);
}

CertificateChoice::Pick CertificateChoice::Among(
    const std::vector<const LoadedCertificate*>& candidates, const ClientAbilities& client) const {
  // Envoy's three policies: lenient leaves out what is not fresh; strict refuses a certificate
  // whose response is not fresh any more; must_staple refuses one without a fresh response. A
  // client that does not ask is served without, but for a certificate that demands stapling itself.
  const absl::Time now = absl::Now();
  Pick best;
  int best_rank = -1;
  for (const LoadedCertificate* candidate : candidates) {
    const bool is_fresh = candidate->HasFreshOcsp(now);
    const bool is_stale = !candidate->ocsp_response().empty() && !is_fresh;
    const bool is_forbidden =
        client.asks_for_ocsp() && !is_fresh &&
        ((ocsp_ == ServerSettings::Ocsp::kStrict && is_stale) ||
         ocsp_ == ServerSettings::Ocsp::kMustStaple || candidate->demands_ocsp());
    if (is_forbidden) continue;
    const int rank = !client.CanCheck(*candidate) ? 0 : candidate->is_ecdsa() ? 2 : 1;
    if (rank <= best_rank) continue;
    best_rank = rank;
    best = {.certificate = candidate, .staples = client.asks_for_ocsp() && is_fresh};
  }
  return best;
}

}  // namespace outrigger::net::tls
