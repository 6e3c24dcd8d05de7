#include "source/net/tls/client_context.h"
#include "source/net/address.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <atomic>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_split.h"
#include "source/base/mutex.h"
#include "source/base/text.h"
#include "source/net/address.h"
#include "source/net/tls/context_core.h"
#include "source/net/tls/parameters.h"
#include "source/net/tls/shared_by_content.h"
#include "source/net/tls/tls_transport.h"

namespace outrigger::net::tls {
namespace {

constexpr size_t kMostServerNameBytes = 255;

class BuiltClientContext final : public ClientContext {
 public:
  explicit BuiltClientContext(ClientSettings settings) : settings_(std::move(settings)) {}
  const ClientSettings& settings() const override { return settings_; }
  ContextCore& core() { return core_; }
  const ContextCore& core() const { return core_; }

 private:
  const ClientSettings settings_;
  ContextCore core_{.peer = PeerRole::kServer};
};

int OnNewSession(SSL* ssl, SSL_SESSION* session) {
  TlsTransport::Of(ssl).KeepSession(bssl::UniquePtr<SSL_SESSION>(session));
  return 1;  // it is ours now
}

absl::Status Start(const ClientSettings& settings, ContextCore& core) {
  core.counters = settings.counters;
  core.key_log = settings.key_log;
  core.enforces_rsa_key_usage = settings.enforces_rsa_key_usage;
  core.sessions = std::make_unique<ClientSessions>(settings.max_session_keys);
  if (settings.trust != nullptr) {
    core.trust = std::static_pointer_cast<const LoadedTrust>(settings.trust);
  }
  core.identity =
      Shortened(Sha256Of()
                    .Add(settings.certificate == nullptr ? 0 : settings.certificate->fingerprint())
                    .Add(settings.trust == nullptr ? 0 : settings.trust->fingerprint())
                    .Finish());
  if (settings.server_name.size() > kMostServerNameBytes) {
    return base::InvalidArgument("sni: must be at most ", kMostServerNameBytes, " bytes, got ",
                                 settings.server_name.size());
  }
  // Also where there is no trust: then VerifyPeer lets everybody pass.
  absl::Status started = StartContext(settings.parameters, SSL_VERIFY_PEER, core);
  if (!started.ok()) return started;
  SSL_CTX* context = core.context.get();
  for (const std::string& protocol : settings.application_protocols) {
    if (absl::Status status = AppendProtocol(protocol, core.protocols); !status.ok()) {
      return status;
    }
  }
  if (!core.protocols.empty()) {
    SSL_CTX_set_alpn_protos(context, BytesOf(core.protocols),
                            static_cast<unsigned>(core.protocols.size()));
  }
  if (settings.certificate != nullptr) {
    core.certificate = std::static_pointer_cast<const LoadedCertificate>(settings.certificate);
    if (ShowCertificate(context, *core.certificate) != 1) {
      return base::InvalidArgument("tls_certificates: \"", core.certificate->info().subject,
                                   "\" cannot be used: ", TakeErrorText());
    }
  }
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, &OnNewSession);
  ERR_clear_error();
  return absl::OkStatus();
}

Sha256Bytes HashOf(const ClientSettings& settings) {
  Sha256Of hash;
  AddTo(hash, settings.parameters);
  AddTo(hash, settings.application_protocols);
  // By address: equal certificates and trusts are one object already.
  hash.Add(reinterpret_cast<uintptr_t>(settings.certificate.get()))
      .Add(reinterpret_cast<uintptr_t>(settings.trust.get()))
      .Add(settings.server_name)
      .Add(uint64_t{settings.max_session_keys})
      .Add(uint64_t{settings.enforces_rsa_key_usage})
      .Add(reinterpret_cast<uintptr_t>(settings.key_log.get()))
      .Add(reinterpret_cast<uintptr_t>(settings.counters.get()));
  return hash.Finish();
}

SharedByContent<ClientContext>& Made() {
  static auto& made = *new SharedByContent<ClientContext>();
  return made;
}

// RFC 6066 3: SNI is a DNS name; addresses are not sent.
bool IsSentAsServerName(std::string_view name) {
  return !name.empty() && name.size() <= kMostServerNameBytes && !Address::Ip(name, 0).ok();
}

void OfferProtocols(std::string_view list, SSL* ssl) {
  std::string wire;
  for (const absl::string_view each : absl::StrSplit(base::AbslView(list), ',')) {
    const std::string_view protocol = base::StripSpaces(base::StdView(each));
    // What cannot be offered is left out: the options of one connection have no error to return.
    if (!protocol.empty() && protocol.size() <= 255) AppendProtocol(protocol, wire).IgnoreError();
  }
  if (!wire.empty()) {
    SSL_set_alpn_protos(ssl, BytesOf(wire), static_cast<unsigned>(wire.size()));
  }
}

class CurrentClientContext final : public ClientContexts {
 public:
  std::unique_ptr<Transport> Make(const ClientTransportOptions& options) const override {
    const std::shared_ptr<const ClientContext> context = Get();
    if (context == nullptr) return nullptr;
    const ContextCore& core = static_cast<const BuiltClientContext&>(*context).core();
    bssl::UniquePtr<SSL> ssl(SSL_new(core.context.get()));
    std::string_view name = options.server_name;
    if (name.empty()) name = context->settings().server_name;
    if (name.ends_with('.')) name.remove_suffix(1);
    if (IsSentAsServerName(name)) SSL_set_tlsext_host_name(ssl.get(), std::string(name).c_str());
    if (!options.application_protocols.empty()) {
      OfferProtocols(options.application_protocols, ssl.get());
    }
    auto aim = std::make_unique<ClientAim>();
    if (!options.verified_name.empty()) aim->verified_name.emplace(options.verified_name);
    aim->session_key = base::StrCat(name, "\n", options.verified_name);
    if (bssl::UniquePtr<SSL_SESSION> session = core.sessions->Take(aim->session_key)) {
      SSL_set_session(ssl.get(), session.get());
    }
    ERR_clear_error();
    return std::make_unique<TlsTransport>(std::shared_ptr<const ContextCore>(context, &core),
                                          std::move(ssl), identity_, std::move(aim));
  }

  void Set(std::shared_ptr<const ClientContext> context) override {
    const uint64_t identity = static_cast<const BuiltClientContext&>(*context).core().identity;
    base::MutexLock lock(mutex_);
    context_ = std::move(context);
    identity_->store(identity, std::memory_order_relaxed);
  }

  std::shared_ptr<const ClientContext> Get() const override {
    base::MutexLock lock(mutex_);
    return context_;
  }

 private:
  // As in ServerContexts.
  mutable base::Mutex mutex_;
  std::shared_ptr<const ClientContext> context_ ABSL_GUARDED_BY(mutex_);
  const std::shared_ptr<std::atomic<uint64_t>> identity_ =
      std::make_shared<std::atomic<uint64_t>>(0);
};

}  // namespace

absl::StatusOr<std::shared_ptr<const ClientContext>> ClientContext::Make(ClientSettings settings) {
  const Sha256Bytes hash = HashOf(settings);
  if (std::shared_ptr<const ClientContext> same = Made().Find(hash)) return same;
  auto context = std::make_shared<BuiltClientContext>(std::move(settings));
  if (absl::Status status = Start(context->settings(), context->core()); !status.ok()) {
    return status;
  }
  return Made().Add(hash, std::move(context));
}

std::shared_ptr<ClientContexts> ClientContexts::New() {
  return std::make_shared<CurrentClientContext>();
}

}  // namespace outrigger::net::tls
