#include "source/config/secret_config.h"

#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "source/base/text.h"
#include "source/config/trust_config.h"
#include "test/config/certificates.h"
#include "test/config/from_yaml.h"

namespace outrigger::config {
namespace {

using base::StrCat;
using envoy::extensions::transport_sockets::tls::v3::CertificateValidationContext;
using net::tls::SanType;
using net::tls::SecretPtr;
using net::tls::TrustSettings;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using SecretProto = envoy::extensions::transport_sockets::tls::v3::Secret;

absl::StatusOr<SecretPtr> Compile(std::string_view yaml) {
  return CompileSecret(FromYaml<SecretProto>(yaml));
}

std::string Error(std::string_view yaml) { return std::string(Compile(yaml).status().message()); }

std::string FileWith(std::string_view name, std::string_view text) {
  const std::string path = StrCat(std::getenv("TEST_TMPDIR"), "/", name);
  std::ofstream(path) << text;
  return path;
}

TEST(SecretConfig, ReadsCertificatesFromFiles) {
  const std::string chain = FileWith("cert.pem", kWebCertificate);
  const std::string key = FileWith("key.pem", kWebKey);
  const auto from_files =
      Compile(StrCat("{name: a, tls_certificate: {certificate_chain: {filename: ", chain,
                     "}, private_key: {filename: ", key, "}}}"));
  ASSERT_TRUE(from_files.ok()) << from_files.status().message();
  const auto given = Compile(StrCat("{name: b, tls_certificate: ", WebCertificate(), "}"));
  ASSERT_TRUE(given.ok()) << given.status().message();
  EXPECT_EQ((*from_files)->name, "a");
  EXPECT_EQ((*from_files)->fingerprint, (*given)->fingerprint);
}

TEST(SecretConfig, KeepsWhatAFileHeldWhenItWasCompiled) {
  const std::string ca = FileWith("ca.pem", kWebCertificate);
  const std::string yaml =
      StrCat("{name: a, validation_context: {trusted_ca: {filename: ", ca, "}}}");
  const auto first = Compile(yaml);
  FileWith("ca.pem", kOtherCertificate);
  const auto second = Compile(yaml);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(ValidationOf(**first).trusted_ca().inline_bytes(), kWebCertificate);
  EXPECT_EQ(ValidationOf(**second).trusted_ca().inline_bytes(), kOtherCertificate);
  EXPECT_NE((*first)->fingerprint, (*second)->fingerprint);
}

TEST(SecretConfig, WatchesTheDirectoriesOfItsFiles) {
  const auto watched = [](std::string_view yaml) {
    return WatchedDirectories(FromYaml<SecretProto>(yaml));
  };
  EXPECT_THAT(watched("{tls_certificate: {certificate_chain: {filename: /a/cert.pem}, private_key: "
                      "{filename: /b/key.pem}, password: {filename: /a/word}}}"),
              ElementsAre("/a", "/b"));
  EXPECT_THAT(watched("{tls_certificate: {certificate_chain: {filename: /a/cert.pem}, private_key: "
                      "{filename: /b/key.pem}, watched_directory: {path: /run/secrets}}}"),
              ElementsAre("/run/secrets"));
  EXPECT_THAT(watched("{validation_context: {trusted_ca: {filename: ca.pem}, crl: {filename: "
                      "/crl.pem}}}"),
              ElementsAre(".", "/"));
  EXPECT_THAT(watched("{validation_context: {trusted_ca: {inline_string: a}, watched_directory: "
                      "{path: /a}}}"),
              IsEmpty());
  EXPECT_THAT(watched("{session_ticket_keys: {keys: [{filename: /k/1}, {inline_string: a}]}}"),
              ElementsAre("/k"));
}

TEST(SecretConfig, NamesWhatIsMissing) {
  EXPECT_EQ(Error("{}"),
            "name: must be given\n"
            "must hold one of tls_certificate, session_ticket_keys, validation_context");
  EXPECT_EQ(Error("{name: a, generic_secret: {}}"), "generic_secret: not implemented");
  EXPECT_EQ(Error("{name: a, session_ticket_keys: {}}"), "session_ticket_keys.keys: must hold one");
  EXPECT_EQ(Error("{name: a, tls_certificate: {pkcs12: {inline_string: x}, private_key: "
                  "{inline_string: y}}}"),
            "tls_certificate.pkcs12: cannot be given with certificate_chain or private_key");
  EXPECT_EQ(Error("{name: a, validation_context: {trusted_ca: {inline_string: \" \"}}}"),
            "validation_context.trusted_ca: is empty; give PEM, or leave the field out");
  EXPECT_EQ(
      Error("{name: a, tls_certificate: {certificate_chain: {environment_variable: "
            "NOT_SET_AT_ALL}, private_key: {inline_string: k}}}"),
      "tls_certificate.certificate_chain.environment_variable: \"NOT_SET_AT_ALL\" is not set");
}

// A pipe would be waited for: nobody who sends a resource may stop the proxy by naming one.
TEST(SecretConfig, RefusesWhatIsNoFile) {
  const std::string path = StrCat(std::getenv("TEST_TMPDIR"), "/pipe");
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(Error(StrCat("{name: a, validation_context: {trusted_ca: {filename: ", path, "}}}")),
            StrCat("validation_context.trusted_ca.filename: ", path, ": is not a file"));
}

TEST(SecretConfig, ShowsNoSecretInAnError) {
  constexpr std::string_view kSecret = "geheim";
  for (const std::string& yaml : {
           StrCat("{name: a, tls_certificate: {certificate_chain: {inline_string: x}, private_key: "
                  "{inline_string: ",
                  kSecret, "}, password: {inline_string: ", kSecret, "}}}"),
           StrCat("{name: a, tls_certificate: {pkcs12: {inline_string: ", kSecret,
                  "}, private_key: {inline_string: ", kSecret, "}}}"),
           StrCat("{name: a, session_ticket_keys: {keys: [{inline_string: ", kSecret, "}]}}"),
       }) {
    const std::string error = Error(yaml);
    EXPECT_NE(error, "") << yaml;
    EXPECT_THAT(error, Not(HasSubstr(std::string(kSecret))));
  }
}

TEST(SecretConfig, ShowsNoPastedKeyThatDoesNotLoad) {
  SecretProto secret;
  const absl::Status status = loading::LoadMessageFromText(
      "{tls_certificate: {private_key: {inline_bytes: \"*geheim*\"}}}", secret);
  EXPECT_THAT(std::string(status.message()), HasSubstr("must be bytes in base64"));
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("geheim")));
}

TEST(StaticSecrets, HaveNamesOfTheirOwn) {
  google::protobuf::RepeatedPtrField<SecretProto> secrets;
  *secrets.Add() = FromYaml<SecretProto>("{name: a, validation_context: {}}");
  *secrets.Add() =
      FromYaml<SecretProto>("{name: a, validation_context: {watched_directory: {path: /a}}}");
  Findings findings;
  const Place place(findings);
  EXPECT_EQ(CompileStaticSecrets(secrets, place.At("static_resources")).size(), 1u);
  EXPECT_EQ(findings.ToStatus().message(),
            "static_resources.secrets[1].validation_context.watched_directory: only the files of "
            "secrets that come by SDS are watched; give an SdsSecretConfig with "
            "path_config_source\n"
            "static_resources.secrets[1].name: an earlier secret has the name \"a\"");
}

// --- whom to believe ---------------------------------------------------------------------------

struct Read {
  TrustSettings settings;
  std::string errors;
};

Read ReadOf(std::string_view yaml) {
  Findings findings;
  TrustSettings settings = ReadTrust(FromYaml<CertificateValidationContext>(yaml), Place(findings));
  return {std::move(settings), std::string(findings.ToStatus().message())};
}

std::string ErrorOfWhole(std::string_view yaml) {
  Findings findings;
  EXPECT_EQ(CompileTrust(FromYaml<CertificateValidationContext>(yaml), false, Place(findings)),
            nullptr);
  return std::string(findings.ToStatus().message());
}

const std::string kHexHash = std::string(64, 'a');
constexpr std::string_view kKeyHash = "NvqYIYSbgK2vCJpQhObf77vv+bQWtc5ek5RIOwPiC9A=";

TEST(TrustConfig, ReadsEveryField) {
  const Read read =
      ReadOf(StrCat("{trusted_ca: {inline_string: ca}, crl: {inline_string: crl}, "
                    "only_verify_leaf_cert_crl: true, "
                    "allow_expired_certificate: true, trust_chain_verification: ACCEPT_UNTRUSTED, "
                    "max_verify_depth: 3, verify_certificate_hash: [",
                    kHexHash, "], verify_certificate_spki: [\"", kKeyHash, "\"]}"));
  EXPECT_EQ(read.errors, "");
  EXPECT_EQ(read.settings.ca_pem, "ca");
  EXPECT_EQ(read.settings.crl_pem, "crl");
  EXPECT_TRUE(read.settings.checks_leaf_crl_only);
  EXPECT_TRUE(read.settings.accepts_expired);
  EXPECT_TRUE(read.settings.accepts_untrusted);
  EXPECT_EQ(read.settings.max_depth, 3u);
  EXPECT_THAT(read.settings.certificate_hashes, ElementsAre(kHexHash));
  EXPECT_THAT(read.settings.spki_hashes, ElementsAre(kKeyHash));
}

TEST(TrustConfig, AnExactDnsNameAlsoFitsACertificatesWildcard) {
  const Read read =
      ReadOf("{match_typed_subject_alt_names: [{san_type: DNS, matcher: {exact: a.Example.com}}]}");
  ASSERT_EQ(read.settings.san_rules.size(), 1u) << read.errors;
  const auto& matches = *read.settings.san_rules[0].matches;
  EXPECT_TRUE(matches("a.example.com"));
  EXPECT_TRUE(matches("*.example.COM"));
  EXPECT_FALSE(matches("*.com"));
  EXPECT_FALSE(matches("*a.example.com"));
  EXPECT_FALSE(matches("b.example.com"));
  EXPECT_FALSE(matches("example.com"));
  EXPECT_EQ(read.settings.san_rules[0].text, "exact \"a.Example.com\"");
}

TEST(TrustConfig, TestsNamesOfOtherTypesAsTheyAre) {
  const Read read = ReadOf(
      "{match_typed_subject_alt_names: [{san_type: URI, matcher: {prefix: \"spiffe://a/\"}}, "
      "{san_type: OTHER_NAME, oid: 1.3.6.1.4.1.311.20.2.3, matcher: {exact: x}}]}");
  ASSERT_EQ(read.settings.san_rules.size(), 2u) << read.errors;
  EXPECT_EQ(read.settings.san_rules[0].type, SanType::kUri);
  EXPECT_TRUE((*read.settings.san_rules[0].matches)("spiffe://a/b"));
  EXPECT_FALSE((*read.settings.san_rules[0].matches)("spiffe://b/"));
  EXPECT_EQ(read.settings.san_rules[1].oid, "1.3.6.1.4.1.311.20.2.3");
  EXPECT_FALSE((*read.settings.san_rules[1].matches)("*.x"));
}

TEST(TrustConfig, AnUntypedNameIsLookedForAmongAllTypes) {
  const Read read = ReadOf("{match_subject_alt_names: [{exact: a.example.com}]}");
  std::vector<SanType> types;
  for (const auto& rule : read.settings.san_rules) types.push_back(rule.type);
  EXPECT_THAT(types,
              ElementsAre(SanType::kDns, SanType::kUri, SanType::kEmail, SanType::kIpAddress));
  ASSERT_EQ(types.size(), 4u);
  EXPECT_TRUE((*read.settings.san_rules[0].matches)("*.example.com"));
  EXPECT_FALSE((*read.settings.san_rules[1].matches)("*.example.com"));
}

constexpr std::string_view kSpiffe =
    "custom_validator_config: {name: spiffe, typed_config: {\"@type\": "
    "a/envoy.extensions.transport_sockets.tls.v3.SPIFFECertValidatorConfig, trust_domains: "
    "[{name: one.example, trust_bundle: {inline_string: ca1}}, {name: two.example, trust_bundle: "
    "{inline_string: ca2}}]}}";

TEST(TrustConfig, ReadsSpiffeDomains) {
  const Read read = ReadOf(StrCat("{", kSpiffe, "}"));
  EXPECT_EQ(read.errors, "");
  ASSERT_EQ(read.settings.spiffe_domains.size(), 2u);
  EXPECT_EQ(read.settings.spiffe_domains[1].name, "two.example");
  EXPECT_EQ(read.settings.spiffe_domains[1].ca_pem, "ca2");
}

TEST(TrustConfig, RefusesWhatASpiffeValidatorWouldPassOver) {
  EXPECT_EQ(ReadOf(StrCat("{", kSpiffe, ", trusted_ca: {inline_string: ca}, max_verify_depth: 1}"))
                .errors,
            "trusted_ca: cannot be given with the SPIFFE validator\n"
            "max_verify_depth: cannot be given with the SPIFFE validator");
}

TEST(TrustConfig, LoadsTheBundlesOfSpiffeDomains) {
  const std::string ca = FileWith("spiffe.pem", kWebCertificate);
  const std::string yaml = StrCat(
      "{name: a, validation_context: {custom_validator_config: {name: spiffe, typed_config: "
      "{\"@type\": a/envoy.extensions.transport_sockets.tls.v3.SPIFFECertValidatorConfig, "
      "trust_domains: [{name: one.example, trust_bundle: {filename: ",
      ca, "}}]}}}}");
  const auto secret = Compile(yaml);
  ASSERT_TRUE(secret.ok()) << secret.status().message();
  FileWith("spiffe.pem", "gone");
  Findings findings;
  const TrustSettings settings = ReadTrust(ValidationOf(**secret), Place(findings));
  EXPECT_EQ(settings.spiffe_domains.at(0).ca_pem, kWebCertificate);
  EXPECT_THAT(WatchedDirectories(FromYaml<SecretProto>(yaml)),
              ElementsAre(std::getenv("TEST_TMPDIR")));
}

TEST(TrustConfig, TakesTheAuthoritiesOfTheMachine) {
  const auto secret = Compile("{name: a, validation_context: {system_root_certs: {}}}");
  if (!secret.ok()) {  // a machine without any
    EXPECT_THAT(std::string(secret.status().message()), HasSubstr("install ca-certificates"));
    return;
  }
  EXPECT_THAT(ValidationOf(**secret).trusted_ca().inline_bytes(), HasSubstr("BEGIN CERTIFICATE"));
}

struct Refusal {
  std::string yaml;
  std::string error;
};

class RefusedTrust : public testing::TestWithParam<Refusal> {};

TEST_P(RefusedTrust, SaysWhereAndWhy) {
  EXPECT_EQ(ErrorOfWhole(GetParam().yaml), GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    Table, RefusedTrust,
    testing::Values(
        Refusal{"{match_typed_subject_alt_names: [{san_type: DNS, matcher: {exact: a}}]}",
                "names are matched, but no authority vouches for them; give trusted_ca"},
        Refusal{"{crl: {inline_string: crl}}", "crl: needs trusted_ca"},
        Refusal{"{max_verify_depth: 101}", "max_verify_depth: must be from 0 to 100, got 101"},
        Refusal{"{verify_certificate_hash: [ab]}",
                "verify_certificate_hash[0]: must be a SHA-256 as 64 hex digits, also with colons "
                "between the bytes, got \"ab\""},
        Refusal{"{verify_certificate_spki: [ab]}",
                "verify_certificate_spki[0]: must be a SHA-256 in base64, 44 characters, got "
                "\"ab\""},
        Refusal{"{match_typed_subject_alt_names: [{matcher: {exact: a}}, {san_type: DNS}, "
                "{san_type: DNS, oid: 1.2, matcher: {exact: a}}, {san_type: OTHER_NAME, oid: 1.., "
                "matcher: {exact: a}}]}",
                "match_typed_subject_alt_names[0].san_type: must be one of EMAIL, DNS, URI, "
                "IP_ADDRESS, OTHER_NAME\n"
                "match_typed_subject_alt_names[1].matcher: must be given\n"
                "match_typed_subject_alt_names[2].oid: is for san_type OTHER_NAME\n"
                "match_typed_subject_alt_names[3].oid: must be an object identifier such as "
                "\"1.3.6.1.4.1.311.20.2.3\", got \"1..\""},
        Refusal{"{match_subject_alt_names: [{exact: a}], match_typed_subject_alt_names: "
                "[{san_type: DNS, matcher: {exact: a}}]}",
                "match_subject_alt_names: cannot be given with match_typed_subject_alt_names; put "
                "all in that"},
        Refusal{"{custom_validator_config: {name: x, typed_config: {\"@type\": "
                "a/envoy.type.v3.Percent}}}",
                "custom_validator_config.typed_config: unknown type \"envoy.type.v3.Percent\"; "
                "known: envoy.extensions.transport_sockets.tls.v3.SPIFFECertValidatorConfig"},
        Refusal{"{custom_validator_config: {name: x, typed_config: {\"@type\": "
                "a/envoy.extensions.transport_sockets.tls.v3.SPIFFECertValidatorConfig, "
                "trust_domains: [{name: \"spiffe://a\", trust_bundle: {inline_string: ca}}]}}}",
                "custom_validator_config.typed_config.trust_domains[0].name: must be a trust "
                "domain such as \"example.org\", without spiffe://, got \"spiffe://a\""}));

}  // namespace
}  // namespace outrigger::config
