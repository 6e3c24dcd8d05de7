#include "source/net/tls/context_core.h"

#include "source/net/tls/parameters.h"
#include "source/net/tls/tls_transport.h"

namespace outrigger::net::tls {
namespace {

constexpr size_t kMostHandshakeBytes = 64 * 1024;

ssl_verify_result_t OnVerify(SSL* ssl, uint8_t* alert) {
  return TlsTransport::Of(ssl).VerifyPeer(alert);
}

void OnKeyLog(const SSL* ssl, const char* line) {
  TlsTransport::Of(ssl).core().key_log->write(line);
}

}  // namespace

absl::Status StartContext(const Parameters& parameters, int verify_mode, ContextCore& core) {
  core.context.reset(SSL_CTX_new(TLS_with_buffers_method()));
  SSL_CTX* context = core.context.get();
  SSL_CTX_set0_buffer_pool(context, CertificatePool());
  SSL_CTX_set_app_data(context, &core);
  SSL_CTX_set_max_cert_list(context, kMostHandshakeBytes);
  SSL_CTX_set_custom_verify(context, verify_mode, &OnVerify);
  if (core.key_log != nullptr) {
    SSL_CTX_set_keylog_callback(context, &OnKeyLog);
  }
  return Apply(parameters, context);
}

}  // namespace outrigger::net::tls
