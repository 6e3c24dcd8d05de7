#include "source/config/tls_config.h"

#include <chrono>
#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "source/base/text.h"
#include "source/config/common_tls_config.h"
#include "source/net/tls/client_context.h"
#include "source/net/tls/server_context.h"
#include "test/config/certificates.h"
#include "test/config/from_yaml.h"

namespace outrigger::config {
namespace {

using base::StrCat;
using envoy::extensions::transport_sockets::tls::v3::DownstreamTlsContext;
using envoy::extensions::transport_sockets::tls::v3::Secret;
using envoy::extensions::transport_sockets::tls::v3::UpstreamTlsContext;
using net::tls::ClientSettings;
using net::tls::SecretNeed;
using net::tls::SecretPtr;
using net::tls::SecretSource;
using net::tls::ServerSettings;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;

SecretPtr SecretOf(std::string_view yaml) {
  absl::StatusOr<SecretPtr> secret = CompileSecret(FromYaml<Secret>(yaml));
  EXPECT_TRUE(secret.ok()) << secret.status().message();
  return secret.ok() ? *std::move(secret) : std::make_shared<net::tls::Secret>();
}

SecretPtr WebSecret() {
  return SecretOf(StrCat("{name: web, tls_certificate: ", WebCertificate(), "}"));
}

// Compiles contexts and looks at what they were made with.
class TlsConfig : public testing::Test {
 protected:
  ServerTls Server(std::string_view yaml) {
    findings_ = Findings();
    return CompileServerTls(FromYaml<DownstreamTlsContext>(yaml), scope_, Place(findings_));
  }
  ClientTls Client(std::string_view yaml, bool needs_authority = false) {
    findings_ = Findings();
    return CompileClientTls(FromYaml<UpstreamTlsContext>(yaml), needs_authority, scope_,
                            Place(findings_));
  }
  std::string Errors() const { return std::string(findings_.ToStatus().message()); }

  static const ServerSettings& SettingsOf(const ServerTls& tls) {
    static const ServerSettings none;
    const auto* contexts = dynamic_cast<const net::tls::ServerContexts*>(tls.transports.get());
    const auto context = contexts == nullptr ? nullptr : contexts->Get();
    EXPECT_NE(context, nullptr) << "no context is made";
    return context == nullptr ? none : context->settings();
  }
  static const ClientSettings& SettingsOf(const ClientTls& tls) {
    static const ClientSettings none;
    const auto* contexts = dynamic_cast<const net::tls::ClientContexts*>(tls.transports.get());
    const auto context = contexts == nullptr ? nullptr : contexts->Get();
    EXPECT_NE(context, nullptr) << "no context is made";
    return context == nullptr ? none : context->settings();
  }

  CompileEnvironment environment_;
  stats::Store stats_;
  TlsScope scope_{environment_, stats_, stats::Scope("listener.a.ssl.", "listener.ssl.")};
  Findings findings_;
};

// A DownstreamTlsContext with a certificate and these fields.
std::string WithCertificate(std::string_view common = "", std::string_view fields = "") {
  return StrCat("{common_tls_context: {tls_certificates: [", WebCertificate(), "]",
                common.empty() ? "" : ", ", common, "}", fields.empty() ? "" : ", ", fields, "}");
}

TEST_F(TlsConfig, HasTheDefaultsOfItsDocumentation) {
  const ServerTls tls = Server(WithCertificate());
  EXPECT_EQ(Errors(), "");
  EXPECT_EQ(tls.plan, nullptr);
  const ServerSettings& settings = SettingsOf(tls);
  EXPECT_EQ(settings.parameters.min_version, net::tls::Version::kTls12);
  EXPECT_EQ(settings.parameters.max_version, net::tls::Version::kTls13);
  EXPECT_EQ(settings.certificates.size(), 1u);
  EXPECT_EQ(settings.trust, nullptr);
  EXPECT_FALSE(settings.requires_client_certificate);
  EXPECT_TRUE(settings.allows_tickets);
  EXPECT_TRUE(settings.allows_session_cache);
  EXPECT_EQ(settings.session_timeout, milliseconds(7'200'000));
  EXPECT_EQ(settings.ocsp, ServerSettings::Ocsp::kLenient);
  EXPECT_EQ(settings.key_log, nullptr);
  EXPECT_NE(settings.counters, nullptr);
}

TEST_F(TlsConfig, ReadsEveryFieldOfAServer) {
  const ServerTls tls = Server(WithCertificate(
      StrCat("alpn_protocols: [h2, http/1.1], tls_params: {tls_minimum_protocol_version: TLSv1_3, "
             "ecdh_curves: [X25519, P-256], signature_algorithms: [ecdsa_secp256r1_sha256]}, "
             "validation_context: {trusted_ca: ",
             Inline(kOtherCertificate), "}"),
      "require_client_certificate: true, require_sni: true, full_scan_certs_on_sni_mismatch: true, "
      "ocsp_staple_policy: STRICT_STAPLING, disable_stateless_session_resumption: true, "
      "disable_stateful_session_resumption: true, session_timeout: 60s, "
      "prefer_client_ciphers: true"));
  EXPECT_EQ(Errors(), "");
  const ServerSettings& settings = SettingsOf(tls);
  EXPECT_EQ(settings.parameters.min_version, net::tls::Version::kTls13);
  EXPECT_THAT(settings.parameters.groups, ElementsAre("X25519", "P-256"));
  EXPECT_THAT(settings.parameters.signature_algorithms, ElementsAre("ecdsa_secp256r1_sha256"));
  EXPECT_TRUE(settings.parameters.prefer_client_ciphers);
  EXPECT_THAT(settings.application_protocols, ElementsAre("h2", "http/1.1"));
  EXPECT_NE(settings.trust, nullptr);
  EXPECT_TRUE(settings.requires_client_certificate);
  EXPECT_TRUE(settings.requires_server_name);
  EXPECT_TRUE(settings.scans_all_certificates);
  EXPECT_EQ(settings.ocsp, ServerSettings::Ocsp::kStrict);
  EXPECT_FALSE(settings.allows_tickets);
  EXPECT_FALSE(settings.allows_session_cache);
  EXPECT_EQ(settings.session_timeout, milliseconds(60'000));
}

TEST_F(TlsConfig, ReadsEveryFieldOfAClient) {
  const ClientTls tls =
      Client(StrCat("{sni: web.example, max_session_keys: 0, enforce_rsa_key_usage: false, "
                    "common_tls_context: {tls_certificates: [",
                    WebCertificate(), "], alpn_protocols: [h2], validation_context: {trusted_ca: ",
                    Inline(kOtherCertificate), "}}}"));
  EXPECT_EQ(Errors(), "");
  const ClientSettings& settings = SettingsOf(tls);
  EXPECT_EQ(settings.server_name, "web.example");
  EXPECT_EQ(settings.max_session_keys, 0u);
  EXPECT_FALSE(settings.enforces_rsa_key_usage);
  EXPECT_NE(settings.certificate, nullptr);
  EXPECT_NE(settings.trust, nullptr);
  EXPECT_THAT(settings.application_protocols, ElementsAre("h2"));
}

TEST_F(TlsConfig, AClientNeedsNothing) {
  const ClientTls tls = Client("{}");
  EXPECT_EQ(Errors(), "");
  const ClientSettings& settings = SettingsOf(tls);
  EXPECT_EQ(settings.max_session_keys, 1u);
  EXPECT_TRUE(settings.enforces_rsa_key_usage);
  EXPECT_EQ(settings.certificate, nullptr);
  EXPECT_EQ(settings.trust, nullptr);
}

TEST_F(TlsConfig, WritesKeysWhereTheEnvironmentOpensALog) {
  std::string opened, written;
  environment_.open_key_log =
      [&](const std::string& path) -> absl::StatusOr<std::function<void(std::string_view)>> {
    opened = path;
    return [&written](std::string_view line) { written += line; };
  };
  const ServerTls tls = Server(WithCertificate("key_log: {path: /tmp/keys}"));
  EXPECT_EQ(Errors(), "");
  EXPECT_EQ(opened, "/tmp/keys");
  const auto& log = SettingsOf(tls).key_log;
  ASSERT_NE(log, nullptr);
  log->write("CLIENT_RANDOM");
  EXPECT_EQ(written, "CLIENT_RANDOM");
}

// --- secrets by name ---------------------------------------------------------------------------

constexpr std::string_view kFromAgent =
    "{name: web, sds_config: {api_config_source: {api_type: GRPC, transport_api_version: V3, "
    "set_node_on_first_message_only: true, grpc_services: [{envoy_grpc: {cluster_name: sds-grpc, "
    "authority: agent}, initial_metadata: [{key: a, value: b}]}]}, initial_fetch_timeout: 0s, "
    "resource_api_version: V3}}";

TEST_F(TlsConfig, PlansForCertificatesThatCome) {
  const ServerTls tls = Server(
      StrCat("{common_tls_context: {tls_certificate_sds_secret_configs: [", kFromAgent, "]}}"));
  ASSERT_EQ(Errors(), "");
  ASSERT_NE(tls.plan, nullptr);
  ASSERT_EQ(tls.plan->needs.size(), 1u);
  const SecretNeed& need = tls.plan->needs[0];
  EXPECT_EQ(need.name, "web");
  EXPECT_EQ(need.kind, SecretNeed::Kind::kCertificate);
  EXPECT_EQ(need.source.kind, SecretSource::Kind::kApi);
  EXPECT_EQ(need.source.cluster, "sds-grpc");
  EXPECT_EQ(need.source.authority, "agent");
  EXPECT_EQ(need.source.initial_metadata.at(0).second, "b");
  EXPECT_TRUE(need.source.sends_node_once);
  EXPECT_FALSE(need.source.is_delta);
  EXPECT_EQ(need.initial_fetch_timeout, milliseconds(0));
  EXPECT_EQ(tls.transports->Make(), nullptr);

  const SecretPtr secret = WebSecret();
  ASSERT_TRUE(tls.plan->build({secret}).ok());
  EXPECT_THAT(SettingsOf(tls).certificates, ElementsAre(secret->certificate));
}

TEST_F(TlsConfig, NamesASecretThatIsOfAnotherKind) {
  const ServerTls tls = Server(
      StrCat("{common_tls_context: {tls_certificate_sds_secret_configs: [", kFromAgent, "]}}"));
  ASSERT_NE(tls.plan, nullptr);
  const SecretPtr trust = SecretOf("{name: web, validation_context: {}}");
  EXPECT_EQ(tls.plan->build({trust}).message(),
            "secrets \"web\": the secret \"web\" is a validation_context; a tls_certificate is "
            "wanted");
  EXPECT_EQ(tls.plan->build({}).message(), "secrets \"web\": the secret \"web\" is missing");
}

TEST_F(TlsConfig, ReadsEverySourceOfSecrets) {
  const auto source_of = [this](std::string_view sds) {
    const ClientTls tls = Client(StrCat(
        "{common_tls_context: {validation_context_sds_secret_config: {name: ca, sds_config: {", sds,
        "}}}}"));
    EXPECT_EQ(Errors(), "") << sds;
    return tls.plan == nullptr ? SecretNeed() : tls.plan->needs.at(0);
  };
  const SecretNeed ads = source_of("ads: {}");
  EXPECT_EQ(ads.kind, SecretNeed::Kind::kValidation);
  EXPECT_EQ(ads.source, SecretSource());
  EXPECT_EQ(ads.initial_fetch_timeout, milliseconds(15'000));
  EXPECT_EQ(source_of("self: {}").source, SecretSource());
  const SecretSource delta =
      source_of(
          "api_config_source: {api_type: DELTA_GRPC, grpc_services: [{envoy_grpc: "
          "{cluster_name: a}}]}")
          .source;
  EXPECT_TRUE(delta.is_delta);
  EXPECT_EQ(source_of("path: /run/ca.yaml").source.path, "/run/ca.yaml");
  const SecretSource file = source_of(
                                "path_config_source: {path: /run/ca.yaml, "
                                "watched_directory: {path: /run}}")
                                .source;
  EXPECT_EQ(file.kind, SecretSource::Kind::kFile);
  EXPECT_EQ(file.path, "/run/ca.yaml");
  EXPECT_EQ(file.watched_directory, "/run");
}

TEST_F(TlsConfig, MergesTheDefaultWithTheSecret) {
  const ClientTls tls = Client(
      "{common_tls_context: {combined_validation_context: {default_validation_context: "
      "{match_typed_subject_alt_names: [{san_type: DNS, matcher: {exact: web.example}}]}, "
      "validation_context_sds_secret_config: {name: ca, sds_config: {ads: {}}}}}}");
  ASSERT_EQ(Errors(), "");
  ASSERT_NE(tls.plan, nullptr);
  const SecretPtr without = SecretOf("{name: ca, validation_context: {}}");
  EXPECT_THAT(std::string(tls.plan->build({without}).message()),
              HasSubstr("combined_validation_context: names are matched, but no authority vouches "
                        "for them; give trusted_ca"));
  const SecretPtr ca = SecretOf(
      StrCat("{name: ca, validation_context: {trusted_ca: ", Inline(kOtherCertificate), "}}"));
  ASSERT_TRUE(tls.plan->build({ca}).ok());
  EXPECT_NE(SettingsOf(tls).trust, nullptr);
}

TEST_F(TlsConfig, TakesStaticSecretsAtOnce) {
  environment_.secrets["web"] = WebSecret();
  environment_.secrets["tickets"] =
      SecretOf(StrCat("{name: tickets, session_ticket_keys: {keys: [{inline_string: \"",
                      std::string(80, 'k'), "\"}]}}"));
  const ServerTls tls = Server(
      "{common_tls_context: {tls_certificate_sds_secret_configs: [{name: web}]}, "
      "session_ticket_keys_sds_secret_config: {name: tickets}}");
  EXPECT_EQ(Errors(), "");
  EXPECT_EQ(tls.plan, nullptr);
  EXPECT_THAT(SettingsOf(tls).certificates, ElementsAre(environment_.secrets["web"]->certificate));
  EXPECT_EQ(SettingsOf(tls).ticket_keys, environment_.secrets["tickets"]->ticket_keys);
}

TEST_F(TlsConfig, RefusesStaticSecretsThatAreNotThereOrOfAnotherKind) {
  environment_.secrets["web"] = WebSecret();
  Server(
      "{common_tls_context: {tls_certificate_sds_secret_configs: [{name: wep}], "
      "validation_context_sds_secret_config: {name: web}}}");
  EXPECT_EQ(Errors(),
            "common_tls_context.tls_certificate_sds_secret_configs[0].name: the bootstrap has no "
            "static secret \"wep\"; add it to static_resources.secrets, or give sds_config\n"
            "common_tls_context.validation_context_sds_secret_config.name: the static secret "
            "\"web\" is a tls_certificate; a validation_context is wanted");
}

// --- what is refused ---------------------------------------------------------------------------

struct Refusal {
  std::string yaml;
  std::string error;
};

class RefusedServerTls : public TlsConfig, public testing::WithParamInterface<Refusal> {};

TEST_P(RefusedServerTls, SaysWhereAndWhy) {
  const ServerTls tls = Server(GetParam().yaml);
  EXPECT_EQ(Errors(), GetParam().error);
  EXPECT_EQ(tls.transports, nullptr);
}

INSTANTIATE_TEST_SUITE_P(
    Table, RefusedServerTls,
    testing::Values(
        Refusal{"{}",
                "common_tls_context: must hold a certificate: tls_certificates, or "
                "tls_certificate_sds_secret_configs"},
        Refusal{WithCertificate("", "require_client_certificate: true"),
                "require_client_certificate: needs common_tls_context.validation_context: without "
                "it any certificate would do; where that is wanted give one with "
                "trust_chain_verification: ACCEPT_UNTRUSTED"},
        Refusal{"{common_tls_context: {tls_certificates: [{}]}}",
                "common_tls_context.tls_certificates[0].certificate_chain: must be given, or "
                "pkcs12 instead\n"
                "common_tls_context.tls_certificates[0].private_key: must be given, or pkcs12 "
                "instead"},
        Refusal{StrCat("{common_tls_context: {tls_certificates: [{certificate_chain: ",
                       Inline(kWebCertificate),
                       ", private_key: {filename: /nowhere/key.pem}, watched_directory: {path: "
                       "/nowhere}}]}}"),
                "common_tls_context.tls_certificates[0].watched_directory: only the files of "
                "secrets that come by SDS are watched; give an SdsSecretConfig with "
                "path_config_source\n"
                "common_tls_context.tls_certificates[0].private_key.filename: /nowhere/key.pem: "
                "cannot be opened: No such file or directory"},
        Refusal{WithCertificate("alpn_protocols: [\"\"]"),
                "common_tls_context.alpn_protocols[0]: must be of 1 to 255 bytes, got 0"},
        Refusal{WithCertificate("tls_params: {tls_minimum_protocol_version: TLSv1_3, "
                                "tls_maximum_protocol_version: TLSv1_2}"),
                "common_tls_context.tls_params.tls_maximum_protocol_version: must not be below "
                "tls_minimum_protocol_version, got TLSv1_2 below TLSv1_3"},
        Refusal{WithCertificate("tls_certificate_sds_secret_configs: [{name: a, sds_config: {}}]"),
                "common_tls_context.tls_certificate_sds_secret_configs: cannot be given with "
                "tls_certificates; keep one of the two\n"
                "common_tls_context.tls_certificate_sds_secret_configs[0].sds_config: must hold "
                "one of ads, api_config_source, path_config_source"},
        Refusal{WithCertificate("key_log: {path: /tmp/keys}"),
                "common_tls_context.key_log.path: key logs are not available here"},
        Refusal{WithCertificate("validation_context_sds_secret_config: {name: a, sds_config: "
                                "{api_config_source: {transport_api_version: V2}}}"),
                "common_tls_context.validation_context_sds_secret_config.sds_config."
                "api_config_source.transport_api_version: V2 no longer exists; give V3\n"
                "common_tls_context.validation_context_sds_secret_config.sds_config."
                "api_config_source.api_type: must be given; GRPC or DELTA_GRPC\n"
                "common_tls_context.validation_context_sds_secret_config.sds_config."
                "api_config_source.grpc_services: must hold one server; several are not "
                "implemented, got 0"},
        Refusal{WithCertificate("combined_validation_context: {}"),
                "common_tls_context.combined_validation_context.default_validation_context: must "
                "be given\n"
                "common_tls_context.combined_validation_context."
                "validation_context_sds_secret_config.name: must be given"}));

TEST_F(TlsConfig, RefusesToVerifyNamesThatNobodyVouchesFor) {
  Client("{auto_sni_san_validation: true}");
  EXPECT_EQ(Errors(),
            "common_tls_context: the certificate's name is to be verified; give "
            "validation_context with trusted_ca");
  Client("{common_tls_context: {validation_context: {}}}", /*needs_authority=*/true);
  EXPECT_EQ(Errors(),
            "common_tls_context.validation_context: the certificate's name is to be verified, but "
            "no authority vouches for it; give trusted_ca");
}

TEST_F(TlsConfig, RefusesSeveralCertificatesForEndpoints) {
  Client(StrCat("{common_tls_context: {tls_certificates: [", WebCertificate(), ", ",
                WebCertificate(), "]}}"));
  EXPECT_EQ(Errors(), "common_tls_context: must hold at most one certificate for endpoints, got 2");
}

}  // namespace
}  // namespace outrigger::config
