#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "grpcpp/security/server_credentials.h"

namespace outrigger::control {

// Where the control plane listens and who may connect.
struct ListenOptions {
  std::string address = "127.0.0.1:18000";  // IP:PORT, [IPV6]:PORT or unix:PATH
  // Files in PEM; read again when they change. Both empty: plaintext.
  std::string tls_certificate;
  std::string tls_key;
  // Whose certificates proxies must show; empty: they need none.
  std::string tls_client_authorities;

  bool uses_tls() const { return !tls_certificate.empty(); }
};

// Errors name the flag and the file that cannot be used.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeCredentials(
    const ListenOptions& options);

}  // namespace outrigger::control
