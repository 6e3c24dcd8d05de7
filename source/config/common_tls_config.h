#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/types/span.h"
#include "envoy/extensions/transport_sockets/tls/v3/tls.pb.h"
#include "source/config/compile_environment.h"
#include "source/config/place.h"
#include "source/config/secret_config.h"
#include "source/net/tls/certificate.h"
#include "source/net/tls/context_plan.h"
#include "source/net/tls/key_log.h"
#include "source/net/tls/settings.h"
#include "source/net/tls/trust.h"

namespace outrigger::config {

// A secret that is here already, or its place among the needs.
struct SecretSlot {
  net::tls::SecretPtr here;  // null: needs[need]
  size_t need = 0;
};
// `secrets` are those of the needs, in their order.
const net::tls::Secret& SecretIn(const SecretSlot& slot,
                                 absl::Span<const net::tls::SecretPtr> secrets);
// The slot of a secret by name: one of the bootstrap, or one more need.
SecretSlot ReadSlot(const envoy::extensions::transport_sockets::tls::v3::SdsSecretConfig& from,
                    net::tls::SecretNeed::Kind kind, const CompileEnvironment& environment,
                    std::vector<net::tls::SecretNeed>& needs, const Place& place);

// envoy.extensions.transport_sockets.tls.v3.CommonTlsContext, read as far as it can be before its
// secrets are here. Immutable, kept by the context's plan.
struct CommonTls {
  using Validation = envoy::extensions::transport_sockets::tls::v3::CertificateValidationContext;

  net::tls::Parameters parameters;
  std::vector<std::string> application_protocols;
  std::vector<SecretSlot> certificates;
  std::optional<SecretSlot> validation;  // nullopt: whoever it is
  // Of combined_validation_context: what the secret is merged into; otherwise null.
  std::shared_ptr<const Validation> default_validation;
  std::shared_ptr<net::tls::KeyLog> key_log;
  std::vector<net::tls::SecretNeed> needs;
};

CommonTls ReadCommonTls(const envoy::extensions::transport_sockets::tls::v3::CommonTlsContext& from,
                        const CompileEnvironment& environment, const Place& place);

std::vector<std::shared_ptr<const net::tls::Certificate>> CertificatesOf(
    const CommonTls& common, absl::Span<const net::tls::SecretPtr> secrets);
// `needs_authority`: as CompileTrust. Null: whoever it is, or refused at `place`.
std::shared_ptr<const net::tls::Trust> TrustOf(const CommonTls& common,
                                               absl::Span<const net::tls::SecretPtr> secrets,
                                               bool needs_authority, const Place& place);

// The plan that calls `build` once the secrets are what they have to be. Errors of `build` get the
// secrets' names in front.
std::shared_ptr<const net::tls::ContextPlan> MakePlan(
    std::vector<net::tls::SecretNeed> needs,
    absl::AnyInvocable<void(absl::Span<const net::tls::SecretPtr> secrets, const Place& place)
                           const>
        build);

}  // namespace outrigger::config
