#include "source/control/listening.h"

#include <fstream>
#include <iterator>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "grpcpp/security/tls_certificate_provider.h"
#include "grpcpp/security/tls_credentials_options.h"

namespace outrigger::control {
namespace {

// gRPC would go on without what it cannot read, and refuse every proxy.
absl::Status CheckPem(absl::string_view flag, const std::string& path, absl::string_view label) {
  std::ifstream file(path);
  if (!file) {
    return absl::InvalidArgumentError(absl::StrCat(flag, ": cannot read \"", path, "\""));
  }
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!absl::StrContains(text, label)) {
    return absl::InvalidArgumentError(
        absl::StrCat(flag, ": \"", path, "\" holds no \"-----BEGIN ... ", label, "-----\""));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeCredentials(
    const ListenOptions& options) {
  if (!options.uses_tls()) return grpc::InsecureServerCredentials();
  absl::Status status = CheckPem("--tls-cert", options.tls_certificate, "CERTIFICATE");
  status.Update(CheckPem("--tls-key", options.tls_key, "PRIVATE KEY"));
  const bool asks_clients = !options.tls_client_authorities.empty();
  if (asks_clients) {
    status.Update(CheckPem("--tls-client-ca", options.tls_client_authorities, "CERTIFICATE"));
  }
  if (!status.ok()) return status;
  constexpr unsigned kRefreshSeconds = 1;
  grpc::experimental::TlsServerCredentialsOptions tls(
      std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
          options.tls_key, options.tls_certificate, options.tls_client_authorities,
          kRefreshSeconds));
  tls.watch_identity_key_cert_pairs();
  if (asks_clients) tls.watch_root_certs();
  tls.set_cert_request_type(asks_clients
                                ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                                : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  return grpc::experimental::TlsServerCredentials(tls);
}

}  // namespace outrigger::control
