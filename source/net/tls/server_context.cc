#include "source/net/tls/server_context.h"

#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "absl/strings/ascii.h"
#include "source/base/mutex.h"
#include "source/base/text.h"
#include "source/net/tls/context_core.h"
#include "source/net/tls/parameters.h"
#include "source/net/tls/shared_by_content.h"
#include "source/net/tls/tls_transport.h"

namespace outrigger::net::tls {
namespace {

// Sessions with an id, of clients of TLS 1.2 that know no tickets.
constexpr size_t kMostCachedSessions = 4096;
constexpr base::Milliseconds kLongestSession = std::chrono::hours(24 * 7);  // RFC 8446 4.6.1
// One is enough for a client that comes back; those that open many connections get one from each.
constexpr size_t kTickets = 1;

class BuiltServerContext final : public ServerContext {
 public:
  explicit BuiltServerContext(ServerSettings settings) : settings_(std::move(settings)) {}
  const ServerSettings& settings() const override { return settings_; }
  ContextCore& core() { return core_; }
  const ContextCore& core() const { return core_; }

 private:
  const ServerSettings settings_;
  ContextCore core_{.peer = PeerRole::kClient};
};

const ContextCore& CoreOf(const SSL* ssl) {
  return *static_cast<const ContextCore*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
}

// Before anything else is done with a ClientHello.
ssl_select_cert_result_t OnClientHello(const SSL_CLIENT_HELLO* hello) {
  SSL* ssl = hello->ssl;
  const ContextCore& core = CoreOf(ssl);
  const bool may_use_tls13 = SSL_get_max_proto_version(ssl) >= TLS1_3_VERSION;
  const ClientAbilities client(*hello, may_use_tls13);
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  const std::string lower = name == nullptr ? "" : absl::AsciiStrToLower(name);
  const CertificateChoice::Pick pick = core.choice->For(lower, client);
  const DeclaredCounters& count = core.count();
  if (client.asks_for_ocsp()) count.ocsp_staple_requests.Increment();
  if (pick.certificate == nullptr) {
    count.ocsp_staple_failed.Increment();
    TlsTransport::Of(ssl).ExplainFailure(
        "no certificate may be shown: ocsp_staple_policy asks for an OCSP response that holds, and "
        "there is none");
    return ssl_select_cert_error;
  }
  const LoadedCertificate& certificate = *pick.certificate;
  if (&certificate != core.certificate.get()) ShowCertificate(ssl, certificate);
  TlsTransport::Of(ssl).Show(certificate);
  if (pick.staples) {
    SSL_set_ocsp_response(ssl, BytesOf(certificate.ocsp_response()),
                          certificate.ocsp_response().size());
    count.ocsp_staple_responses.Increment();
  } else if (client.asks_for_ocsp()) {
    count.ocsp_staple_omitted.Increment();
  }
  ERR_clear_error();
  return ssl_select_cert_success;
}

int OnServerName(SSL* ssl, int* alert, void* /*arg*/) {
  if (!CoreOf(ssl).requires_server_name) return SSL_TLSEXT_ERR_OK;
  if (SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) != nullptr) return SSL_TLSEXT_ERR_OK;
  TlsTransport::Of(ssl).ExplainFailure("the client named no server (SNI), and require_sni is set");
  *alert = SSL_AD_UNRECOGNIZED_NAME;
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

// RFC 7301 3.2: the first of ours that the client offers; none is fatal.
int OnProtocols(SSL* ssl, const uint8_t** out, uint8_t* out_size, const uint8_t* offered,
                unsigned offered_size, void* /*arg*/) {
  const std::string& ours = CoreOf(ssl).protocols;
  uint8_t* selected = nullptr;
  const int result =
      SSL_select_next_proto(&selected, out_size, BytesOf(ours), static_cast<unsigned>(ours.size()),
                            offered, offered_size);
  *out = selected;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

int OnTicket(SSL* ssl, uint8_t* key_name, uint8_t* iv, EVP_CIPHER_CTX* aes, HMAC_CTX* hmac,
             int encrypt) {
  return HandleTicket(CoreOf(ssl).ticket_keys.get(), key_name, iv, aes, hmac, encrypt == 1);
}

absl::Status CheckSettings(const ServerSettings& settings) {
  if (settings.certificates.empty()) {
    return absl::InvalidArgumentError(
        "common_tls_context: a server needs a certificate; set tls_certificates or "
        "tls_certificate_sds_secret_configs");
  }
  if (settings.requires_client_certificate && settings.trust == nullptr) {
    return absl::InvalidArgumentError(
        "require_client_certificate: needs a validation_context to check it with");
  }
  for (const std::shared_ptr<const Certificate>& certificate : settings.certificates) {
    const LoadedCertificate& loaded = LoadedCertificate::Of(*certificate);
    if (!loaded.ocsp_response().empty()) continue;
    if (settings.ocsp == ServerSettings::Ocsp::kMustStaple) {
      return base::InvalidArgument("ocsp_staple_policy: MUST_STAPLE, and certificate \"",
                                   loaded.info().subject, "\" has no ocsp_staple");
    }
    if (loaded.demands_ocsp()) {
      return base::InvalidArgument("ocsp_staple: is missing, and certificate \"",
                                   loaded.info().subject, "\" demands stapling (RFC 7633)");
    }
  }
  return absl::OkStatus();
}

// What a session may be resumed under: equal trust and a server of equal names. So a client
// certificate that one trust let pass is never taken for one that another would.
void SetSessionScope(const ServerSettings& settings, SSL_CTX* context) {
  Sha256Of hash;
  hash.Add(settings.trust == nullptr ? 0 : settings.trust->fingerprint());
  hash.Add(uint64_t{settings.trust != nullptr} | uint64_t{settings.requires_client_certificate}
                                                     << 1);
  for (const std::shared_ptr<const Certificate>& certificate : settings.certificates) {
    hash.Add(certificate->info().subject);
    AddTo(hash, LoadedCertificate::Of(*certificate).server_names());
  }
  const Sha256Bytes scope = hash.Finish();
  static_assert(sizeof(scope) <= SSL_MAX_SID_CTX_LENGTH);
  SSL_CTX_set_session_id_context(context, scope.data(), scope.size());
}

void SetResumption(const ServerSettings& settings, SSL_CTX* context) {
  SetSessionScope(settings, context);
  const auto seconds = static_cast<uint32_t>(
      std::clamp(settings.session_timeout, base::Milliseconds(1000), kLongestSession).count() /
      1000);
  SSL_CTX_set_timeout(context, seconds);
  SSL_CTX_set_session_psk_dhe_timeout(context, seconds);
  SSL_CTX_set_session_cache_mode(
      context, settings.allows_session_cache ? SSL_SESS_CACHE_SERVER : SSL_SESS_CACHE_OFF);
  SSL_CTX_sess_set_cache_size(context, kMostCachedSessions);
  if (settings.allows_tickets) {
    SSL_CTX_set_tlsext_ticket_key_cb(context, &OnTicket);
    SSL_CTX_set_num_tickets(context, kTickets);
  } else {
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
  }
}

int VerifyMode(const ServerSettings& settings) {
  if (settings.trust == nullptr) return SSL_VERIFY_NONE;
  return settings.requires_client_certificate ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
                                              : SSL_VERIFY_PEER;
}

// Whose certificates are asked for (RFC 8446 4.2.4), which helps clients that have several.
// Bundles that are too long to be sent are left out.
void NameAuthorities(const LoadedTrust& trust, SSL_CTX* context) {
  constexpr size_t kMostBytes = 16 * 1024;
  bssl::UniquePtr<STACK_OF(CRYPTO_BUFFER)> list(sk_CRYPTO_BUFFER_new_null());
  size_t size = 0;
  for (const std::string& name : trust.AuthorityNames()) {
    size += name.size() + 2;
    if (size > kMostBytes) return;
    bssl::UniquePtr<CRYPTO_BUFFER> buffer(
        CRYPTO_BUFFER_new(BytesOf(name), name.size(), CertificatePool()));
    bssl::PushToStack(list.get(), std::move(buffer));
  }
  SSL_CTX_set0_client_CAs(context, list.release());
}

uint64_t IdentityOf(const ServerSettings& settings) {
  Sha256Of hash;
  for (const std::shared_ptr<const Certificate>& certificate : settings.certificates) {
    hash.Add(certificate->fingerprint());
  }
  hash.Add(settings.trust == nullptr ? 0 : settings.trust->fingerprint());
  return Shortened(hash.Finish());
}

absl::Status Fill(const ServerSettings& settings, ContextCore& core) {
  core.counters = settings.counters;
  core.key_log = settings.key_log;
  core.requires_server_name = settings.requires_server_name;
  core.identity = IdentityOf(settings);
  if (settings.trust != nullptr) {
    core.trust = std::static_pointer_cast<const LoadedTrust>(settings.trust);
  }
  if (settings.ticket_keys != nullptr) {
    core.ticket_keys = std::static_pointer_cast<const GivenTicketKeys>(settings.ticket_keys);
  }
  for (const std::string& protocol : settings.application_protocols) {
    if (absl::Status status = AppendProtocol(protocol, core.protocols); !status.ok()) {
      return status;
    }
  }
  core.certificate =
      std::static_pointer_cast<const LoadedCertificate>(settings.certificates.front());
  return absl::OkStatus();
}

absl::Status Start(const ServerSettings& settings, ContextCore& core) {
  if (absl::Status status = Fill(settings, core); !status.ok()) return status;
  absl::Status started = StartContext(settings.parameters, VerifyMode(settings), core);
  if (!started.ok()) return started;
  SSL_CTX* context = core.context.get();
  if (ShowCertificate(context, *core.certificate) != 1) {
    return base::InvalidArgument("tls_certificates: \"", core.certificate->info().subject,
                                 "\" cannot be used: ", TakeErrorText());
  }
  const bool has_ocsp = std::ranges::any_of(
      settings.certificates, [](const std::shared_ptr<const Certificate>& certificate) {
        return !LoadedCertificate::Of(*certificate).ocsp_response().empty();
      });
  if (settings.certificates.size() > 1 || has_ocsp) {
    core.choice = std::make_unique<CertificateChoice>(
        settings.certificates, settings.scans_all_certificates, settings.ocsp);
    SSL_CTX_set_select_certificate_cb(context, &OnClientHello);
  }
  if (settings.requires_server_name) {
    SSL_CTX_set_tlsext_servername_callback(context, &OnServerName);
  }
  if (!core.protocols.empty()) SSL_CTX_set_alpn_select_cb(context, &OnProtocols, nullptr);
  if (core.trust != nullptr) NameAuthorities(*core.trust, context);
  SetResumption(settings, context);
  ERR_clear_error();
  return absl::OkStatus();
}

Sha256Bytes HashOf(const ServerSettings& settings) {
  Sha256Of hash;
  AddTo(hash, settings.parameters);
  AddTo(hash, settings.application_protocols);
  hash.Add(settings.certificates.size());
  // By address: equal certificates, trusts and keys are one object already.
  for (const auto& each : settings.certificates) hash.Add(reinterpret_cast<uintptr_t>(each.get()));
  hash.Add(reinterpret_cast<uintptr_t>(settings.trust.get()))
      .Add(settings.ticket_keys == nullptr ? 0 : settings.ticket_keys->fingerprint())
      .Add(reinterpret_cast<uintptr_t>(settings.key_log.get()))
      .Add(reinterpret_cast<uintptr_t>(settings.counters.get()))
      .Add(static_cast<uint64_t>(settings.ocsp))
      .Add(static_cast<uint64_t>(settings.session_timeout.count()))
      .Add(uint64_t{settings.requires_client_certificate} |
           uint64_t{settings.requires_server_name} << 1 |
           uint64_t{settings.scans_all_certificates} << 2 | uint64_t{settings.allows_tickets} << 3 |
           uint64_t{settings.allows_session_cache} << 4);
  return hash.Finish();
}

SharedByContent<ServerContext>& Made() {
  static auto& made = *new SharedByContent<ServerContext>();
  return made;
}

class CurrentServerContext final : public ServerContexts {
 public:
  std::unique_ptr<Transport> Make() const override {
    const std::shared_ptr<const ServerContext> context = Get();
    if (context == nullptr) return nullptr;
    const ContextCore& core = static_cast<const BuiltServerContext&>(*context).core();
    return std::make_unique<TlsTransport>(std::shared_ptr<const ContextCore>(context, &core),
                                          bssl::UniquePtr<SSL>(SSL_new(core.context.get())),
                                          identity_, nullptr);
  }

  bool Matches(const Transport& transport) const override {
    const uint64_t now = identity_->load(std::memory_order_relaxed);
    return now == 0 || static_cast<const TlsTransport&>(transport).core().identity == now;
  }

  void Set(std::shared_ptr<const ServerContext> context) override {
    const uint64_t identity = static_cast<const BuiltServerContext&>(*context).core().identity;
    base::MutexLock lock(mutex_);
    context_ = std::move(context);
    identity_->store(identity, std::memory_order_relaxed);
  }

  std::shared_ptr<const ServerContext> Get() const override {
    base::MutexLock lock(mutex_);
    return context_;
  }

 private:
  // Held for the copy of a pointer; posting a new context to each worker would leave some of them
  // with the old one for a while.
  mutable base::Mutex mutex_;
  std::shared_ptr<const ServerContext> context_ ABSL_GUARDED_BY(mutex_);
  const std::shared_ptr<std::atomic<uint64_t>> identity_ =
      std::make_shared<std::atomic<uint64_t>>(0);
};

}  // namespace

absl::StatusOr<std::shared_ptr<const ServerContext>> ServerContext::Make(ServerSettings settings) {
  if (absl::Status status = CheckSettings(settings); !status.ok()) return status;
  const Sha256Bytes hash = HashOf(settings);
  if (std::shared_ptr<const ServerContext> same = Made().Find(hash)) return same;
  auto context = std::make_shared<BuiltServerContext>(std::move(settings));
  if (absl::Status status = Start(context->settings(), context->core()); !status.ok()) {
    return status;
  }
  return Made().Add(hash, std::move(context));
}

std::shared_ptr<ServerContexts> ServerContexts::New() {
  return std::make_shared<CurrentServerContext>();
}

}  // namespace outrigger::net::tls
