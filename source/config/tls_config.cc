#include "source/config/tls_config.h"

#include <utility>
#include <vector>

#include "source/base/text.h"
#include "source/config/common_tls_config.h"
#include "source/config/field_values.h"
#include "source/net/tls/client_context.h"
#include "source/net/tls/server_context.h"

namespace outrigger::config {
namespace {

using envoy::extensions::transport_sockets::tls::v3::DownstreamTlsContext;
using envoy::extensions::transport_sockets::tls::v3::UpstreamTlsContext;
using net::tls::ClientContexts;
using net::tls::ClientSettings;
using net::tls::SecretNeed;
using net::tls::SecretPtr;
using net::tls::ServerContexts;
using net::tls::ServerSettings;

// A context's settings without what its secrets hold. Immutable.
struct ServerParts {
  CommonTls common;
  std::optional<SecretSlot> ticket_keys;
  ServerSettings settings;
};
struct ClientParts {
  CommonTls common;
  bool needs_authority = false;
  ClientSettings settings;
};

void Build(const ServerParts& parts, ServerContexts& contexts, absl::Span<const SecretPtr> secrets,
           const Place& place) {
  const size_t before = place.findings().size();
  ServerSettings settings = parts.settings;
  settings.certificates = CertificatesOf(parts.common, secrets);
  settings.trust = TrustOf(parts.common, secrets, /*needs_authority=*/false, place);
  if (parts.ticket_keys) settings.ticket_keys = SecretIn(*parts.ticket_keys, secrets).ticket_keys;
  if (place.findings().size() != before) return;
  auto context = net::tls::ServerContext::Make(std::move(settings));
  if (!context.ok()) return place.Refuse(context.status());
  contexts.Set(*std::move(context));
}

void Build(const ClientParts& parts, ClientContexts& contexts, absl::Span<const SecretPtr> secrets,
           const Place& place) {
  const size_t before = place.findings().size();
  ClientSettings settings = parts.settings;
  const auto certificates = CertificatesOf(parts.common, secrets);
  if (!certificates.empty()) settings.certificate = certificates.front();
  settings.trust = TrustOf(parts.common, secrets, parts.needs_authority, place);
  if (place.findings().size() != before) return;
  auto context = net::tls::ClientContext::Make(std::move(settings));
  if (!context.ok()) return place.Refuse(context.status());
  contexts.Set(*std::move(context));
}

// Builds at once what needs no secrets; otherwise says how it will be built.
template <typename Tls, typename Contexts, typename Parts>
Tls BuildOrPlan(Parts read, const Place& place) {
  const auto parts = std::make_shared<const Parts>(std::move(read));
  std::shared_ptr<Contexts> contexts = Contexts::New();
  if (parts->common.needs.empty()) {
    const size_t before = place.findings().size();
    Build(*parts, *contexts, {}, place.At("common_tls_context"));
    if (place.findings().size() != before) return {};
    return {.transports = std::move(contexts), .plan = nullptr};
  }
  auto plan = MakePlan(parts->common.needs, [parts, contexts](auto secrets, const Place& at) {
    Build(*parts, *contexts, secrets, at);
  });
  return {.transports = std::move(contexts), .plan = std::move(plan)};
}

void ReadTickets(const DownstreamTlsContext& from, const CompileEnvironment& environment,
                 ServerParts& parts, const Place& place) {
  switch (from.session_ticket_keys_type_case()) {
    case DownstreamTlsContext::kSessionTicketKeys: {
      auto keys = CompileTicketKeys(from.session_ticket_keys(), place.At("session_ticket_keys"));
      parts.ticket_keys = SecretSlot{.here = std::make_shared<const net::tls::Secret>(
                                         net::tls::Secret{.ticket_keys = std::move(keys)})};
      return;
    }
    case DownstreamTlsContext::kSessionTicketKeysSdsSecretConfig:
      parts.ticket_keys = ReadSlot(from.session_ticket_keys_sds_secret_config(),
                                   SecretNeed::Kind::kTicketKeys, environment, parts.common.needs,
                                   place.At("session_ticket_keys_sds_secret_config"));
      return;
    case DownstreamTlsContext::kDisableStatelessSessionResumption:
      parts.settings.allows_tickets = !from.disable_stateless_session_resumption();
      return;
    case DownstreamTlsContext::SESSION_TICKET_KEYS_TYPE_NOT_SET:
      return;
  }
}

ServerSettings::Ocsp ToOcsp(DownstreamTlsContext::OcspStaplePolicy policy) {
  if (policy == DownstreamTlsContext::STRICT_STAPLING) return ServerSettings::Ocsp::kStrict;
  if (policy == DownstreamTlsContext::MUST_STAPLE) return ServerSettings::Ocsp::kMustStaple;
  return ServerSettings::Ocsp::kLenient;
}

void ReadServer(const DownstreamTlsContext& from, ServerParts& parts, const Place& place) {
  ServerSettings& settings = parts.settings;
  settings.parameters = parts.common.parameters;
  settings.parameters.prefer_client_ciphers = from.prefer_client_ciphers();
  settings.application_protocols = parts.common.application_protocols;
  settings.key_log = parts.common.key_log;
  settings.requires_client_certificate = from.require_client_certificate().value();
  if (settings.requires_client_certificate && !parts.common.validation) {
    place.At("require_client_certificate")
        .Refuse(
            "needs common_tls_context.validation_context: without it any certificate would do; "
            "where that is wanted give one with trust_chain_verification: ACCEPT_UNTRUSTED");
  }
  settings.requires_server_name = from.require_sni().value();
  settings.scans_all_certificates = from.full_scan_certs_on_sni_mismatch().value();
  settings.ocsp = ToOcsp(from.ocsp_staple_policy());
  settings.allows_session_cache = !from.disable_stateful_session_resumption();
  if (from.has_session_timeout()) {
    settings.session_timeout = ReadDuration(from.session_timeout(), place.At("session_timeout"));
  }
  if (parts.common.certificates.empty()) {
    place.At("common_tls_context")
        .Refuse("must hold a certificate: tls_certificates, or tls_certificate_sds_secret_configs");
  }
}

void ReadClient(const UpstreamTlsContext& from, ClientParts& parts, const Place& place) {
  ClientSettings& settings = parts.settings;
  settings.parameters = parts.common.parameters;
  settings.application_protocols = parts.common.application_protocols;
  settings.key_log = parts.common.key_log;
  settings.server_name = from.sni();
  constexpr size_t kMostBytes = 255;
  if (from.sni().size() > kMostBytes || from.sni().find('\0') != std::string::npos) {
    place.At("sni").Refuse(
        base::StrCat("must be a name of at most 255 bytes, got ", from.sni().size(), " bytes"));
  }
  if (from.has_max_session_keys()) settings.max_session_keys = from.max_session_keys().value();
  if (from.has_enforce_rsa_key_usage()) {
    settings.enforces_rsa_key_usage = from.enforce_rsa_key_usage().value();
  }
  if (parts.common.certificates.size() > 1) {
    place.At("common_tls_context")
        .Refuse(base::StrCat("must hold at most one certificate for endpoints, got ",
                             parts.common.certificates.size()));
  }
}

}  // namespace

ServerTls CompileServerTls(const DownstreamTlsContext& from, const TlsScope& scope,
                           const Place& place) {
  const size_t before = place.findings().size();
  ServerParts parts;
  parts.common =
      ReadCommonTls(from.common_tls_context(), scope.environment, place.At("common_tls_context"));
  ReadTickets(from, scope.environment, parts, place);
  ReadServer(from, parts, place);
  if (place.findings().size() != before) return {};
  parts.settings.counters = net::tls::Counters::Declare(scope.stats, scope.scope);
  return BuildOrPlan<ServerTls, ServerContexts>(std::move(parts), place);
}

ClientTls CompileClientTls(const UpstreamTlsContext& from, bool needs_authority,
                           const TlsScope& scope, const Place& place) {
  const size_t before = place.findings().size();
  ClientParts parts;
  parts.common =
      ReadCommonTls(from.common_tls_context(), scope.environment, place.At("common_tls_context"));
  parts.needs_authority = needs_authority || from.auto_sni_san_validation();
  ReadClient(from, parts, place);
  if (place.findings().size() != before) return {};
  parts.settings.counters = net::tls::Counters::Declare(scope.stats, scope.scope);
  return BuildOrPlan<ClientTls, ClientContexts>(std::move(parts), place);
}

}  // namespace outrigger::config
