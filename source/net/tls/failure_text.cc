#include "source/net/tls/failure_text.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "source/base/text.h"
#include "source/net/tls/boring.h"

namespace outrigger::net::tls {

const std::string_view kPlaintextAnswer =
    "HTTP/1.1 400 Bad Request\r\n"
    "content-type: text/plain\r\n"
    "content-length: 78\r\n"
    "connection: close\r\n"
    "\r\n"
    "This port speaks TLS, and the request came in plain: use https:// in the URL.\n";

std::string AlertName(uint8_t alert) {
  switch (alert) {
    case SSL_AD_CLOSE_NOTIFY:
      return "close_notify";
    case SSL_AD_UNEXPECTED_MESSAGE:
      return "unexpected_message";
    case SSL_AD_BAD_RECORD_MAC:
      return "bad_record_mac";
    case SSL_AD_RECORD_OVERFLOW:
      return "record_overflow";
    case SSL_AD_HANDSHAKE_FAILURE:
      return "handshake_failure";
    case SSL_AD_BAD_CERTIFICATE:
      return "bad_certificate";
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
      return "unsupported_certificate";
    case SSL_AD_CERTIFICATE_REVOKED:
      return "certificate_revoked";
    case SSL_AD_CERTIFICATE_EXPIRED:
      return "certificate_expired";
    case SSL_AD_CERTIFICATE_UNKNOWN:
      return "certificate_unknown";
    case SSL_AD_ILLEGAL_PARAMETER:
      return "illegal_parameter";
    case SSL_AD_UNKNOWN_CA:
      return "unknown_ca";
    case SSL_AD_ACCESS_DENIED:
      return "access_denied";
    case SSL_AD_DECODE_ERROR:
      return "decode_error";
    case SSL_AD_DECRYPT_ERROR:
      return "decrypt_error";
    case SSL_AD_PROTOCOL_VERSION:
      return "protocol_version";
    case SSL_AD_INSUFFICIENT_SECURITY:
      return "insufficient_security";
    case SSL_AD_INTERNAL_ERROR:
      return "internal_error";
    case SSL_AD_INAPPROPRIATE_FALLBACK:
      return "inappropriate_fallback";
    case SSL_AD_USER_CANCELLED:
      return "user_canceled";
    case SSL_AD_MISSING_EXTENSION:
      return "missing_extension";
    case SSL_AD_UNSUPPORTED_EXTENSION:
      return "unsupported_extension";
    case SSL_AD_UNRECOGNIZED_NAME:
      return "unrecognized_name";
    case SSL_AD_BAD_CERTIFICATE_STATUS_RESPONSE:
      return "bad_certificate_status_response";
    case SSL_AD_UNKNOWN_PSK_IDENTITY:
      return "unknown_psk_identity";
    case SSL_AD_CERTIFICATE_REQUIRED:
      return "certificate_required";
    case SSL_AD_NO_APPLICATION_PROTOCOL:
      return "no_application_protocol";
    default:
      return base::StrCat("alert ", int{alert});
  }
}

namespace {

// The first error of TLS itself; the ciphers' own, such as "bad decrypt", may stand before it.
uint32_t TakeError() {
  uint32_t error = 0;
  while (const uint32_t next = ERR_get_error()) {
    if (error == 0 || ERR_GET_LIB(error) != ERR_LIB_SSL) error = next;
  }
  return error;
}

std::string TextOf(int reason, bool is_server) {
  const std::string_view peer = is_server ? "the client" : "the server";
  if (reason >= SSL_AD_REASON_OFFSET && reason < SSL_AD_REASON_OFFSET + 256) {
    return base::StrCat(peer, " sent the alert ",
                        AlertName(static_cast<uint8_t>(reason - SSL_AD_REASON_OFFSET)));
  }
  switch (reason) {
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
      return "the client showed no certificate, and require_client_certificate is set";
    case SSL_R_NO_SHARED_CIPHER:
      return base::StrCat("no cipher suite in common: ", peer,
                          " offered none of cipher_suites that suits the certificate");
    case SSL_R_UNSUPPORTED_PROTOCOL:
      return base::StrCat("no TLS version in common: ", peer,
                          " speaks none from tls_minimum_protocol_version to "
                          "tls_maximum_protocol_version");
    case SSL_R_NO_SHARED_GROUP:
      return base::StrCat("no group in common: ", peer, " offered none of ecdh_curves");
    case SSL_R_NO_COMMON_SIGNATURE_ALGORITHMS:
      return base::StrCat("no signature algorithm in common: ", peer,
                          " offered none that suits the certificate");
    case SSL_R_NO_APPLICATION_PROTOCOL:
      return base::StrCat("no application protocol in common: ", peer,
                          " offered none of alpn_protocols");
    case SSL_R_TOO_MANY_KEY_UPDATES:
      return base::StrCat(peer, " changed its keys again and again without data between");
    default:
      return {};
  }
}

}  // namespace

TakenFailure TakeFailure(bool is_server) {
  const uint32_t error = TakeError();
  TakenFailure failure;
  if (ERR_GET_LIB(error) == ERR_LIB_SSL) {
    failure.reason = ERR_GET_REASON(error);
    failure.text = TextOf(failure.reason, is_server);
  }
  if (!failure.text.empty()) return failure;
  // BoringSSL says nothing of a server name that is none.
  failure.text = error == 0 ? base::StrCat(is_server ? "the client" : "the server",
                                           " sent a message that cannot be read")
                            : base::StrCat("TLS failed: ", ReasonWords(error));
  return failure;
}

bool LooksLikeHttp(std::string_view first_bytes) {
  // Five bytes are there when BoringSSL has refused what should have been a record's header.
  for (const std::string_view method :
       {"GET ", "HEAD ", "POST ", "PUT ", "DELET", "OPTIO", "PATCH", "TRACE", "CONNE", "PRI *"}) {
    if (first_bytes.starts_with(method)) return true;
  }
  return false;
}

}  // namespace outrigger::net::tls
