#pragma once

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>

namespace outrigger::test {

// The text of the PEM file that an environment variable names; empty: there is no such variable.
inline std::string PemOf(const char* variable) {
  const char* const path = std::getenv(variable);
  if (path == nullptr) return "";
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// Mutual TLS by CALLS_CA, CALLS_CERT and CALLS_KEY, files in PEM; without them plaintext.
inline std::shared_ptr<grpc::ChannelCredentials> ClientCredentials() {
  const std::string authority = PemOf("CALLS_CA");
  if (authority.empty()) return grpc::InsecureChannelCredentials();
  return grpc::SslCredentials({authority, PemOf("CALLS_KEY"), PemOf("CALLS_CERT")});
}

inline std::shared_ptr<grpc::ServerCredentials> ServerCredentials() {
  const std::string authority = PemOf("CALLS_CA");
  if (authority.empty()) return grpc::InsecureServerCredentials();
  grpc::SslServerCredentialsOptions options(
      GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_root_certs = authority;
  options.pem_key_cert_pairs = {{PemOf("CALLS_KEY"), PemOf("CALLS_CERT")}};
  return grpc::SslServerCredentials(options);
}

}  // namespace outrigger::test
