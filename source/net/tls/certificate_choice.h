#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "source/net/tls/loaded_certificate.h"
#include "source/net/tls/server_context.h"

namespace outrigger::net::tls {

// What a client says in its ClientHello of the certificates it can check.
class ClientAbilities {
 public:
  ClientAbilities(const SSL_CLIENT_HELLO& hello, bool may_use_tls13);
  bool CanCheck(const LoadedCertificate& certificate) const;
  bool asks_for_ocsp() const { return asks_for_ocsp_; }

 private:
  bool Offers(uint16_t signature) const;

  std::vector<uint16_t> signatures_;
  std::vector<uint16_t> groups_;
  bool has_ecdsa_cipher_ = false;
  bool uses_tls13_ = false;
  bool asks_for_ocsp_ = false;
};

// The certificates of one server context, by name.  Immutable.
class CertificateChoice {
 public:
  using Certificates = std::vector<std::shared_ptr<const Certificate>>;
  CertificateChoice(const Certificates& certificates, bool scans_all, ServerSettings::Ocsp ocsp);

  struct Pick {
    const LoadedCertificate* certificate = nullptr;  // null: OCSP's policy forbids all
    bool staples = false;
  };
  // `server_name` in lower case, empty without SNI.
  Pick For(std::string_view server_name, const ClientAbilities& client) const;

 private:
  using Names = absl::flat_hash_map<std::string, std::vector<const LoadedCertificate*>>;
  Pick Among(const std::vector<const LoadedCertificate*>& candidates,
             const ClientAbilities& client) const;

  std::vector<const LoadedCertificate*> all_;  // kept by the context's settings
  Names by_name_;                              // "*.example.com" as it is written
  const bool scans_all_;
  const ServerSettings::Ocsp ocsp_;
};

}  // namespace outrigger::net::tls
