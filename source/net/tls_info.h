#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

namespace outrigger::net {

// What people and policies ask of a certificate (RFC 5280). Immutable.
struct CertificateInfo {
  std::string subject;  // RFC 2253 text: "CN=web,O=example"
  std::string issuer;
  std::string serial;             // lower-case hex without leading zeros
  std::string sha256;             // of the DER, lower-case hex
  std::string sha1;               // likewise
  std::vector<std::string> uris;  // subject alternative names
  std::vector<std::string> dns_names;
  std::vector<std::string> ip_addresses;
  std::vector<std::string> emails;
  absl::Time valid_from;
  absl::Time valid_to;
  std::string pem;        // the certificate itself
  std::string chain_pem;  // with what the peer sent behind it
};

// What a TLS connection has agreed on. Immutable; made once per connection, when first asked for.
struct TlsInfo {
  std::string_view version;  // "TLSv1.2", "TLSv1.3"
  std::string_view cipher;   // IANA's name: "TLS_AES_128_GCM_SHA256"
  std::string server_name;   // SNI; empty: none
  std::string application_protocol;
  std::string session_id;  // lower-case hex; empty with TLS 1.3
  bool is_resumed = false;
  // A certificate was shown, and its chain led to what we trust; false too where nothing was asked.
  bool is_peer_verified = false;
  std::shared_ptr<const CertificateInfo> peer;   // null: none was shown
  std::shared_ptr<const CertificateInfo> local;  // null: we showed none
};

}  // namespace outrigger::net
