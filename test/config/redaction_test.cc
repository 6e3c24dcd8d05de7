#include "source/config/loading/redaction.h"

#include <set>
#include <string>

#include <google/protobuf/any.pb.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/util/json_util.h>
#include "absl/strings/str_cat.h"
#include "envoy/config/bootstrap/v3/bootstrap.pb.h"
#include "envoy/extensions/transport_sockets/tls/v3/tls.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "test/config/from_yaml.h"
#include "xds/type/v3/typed_struct.pb.h"

// The secrets of the real schema in whatever a dump may show.
namespace outrigger::config {
namespace {

using envoy::config::bootstrap::v3::Bootstrap;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using testing::HasSubstr;
using testing::Not;

std::string Redacted(google::protobuf::Message& message) {
  loading::Redact(message);
  std::string json;
  EXPECT_TRUE(google::protobuf::util::MessageToJsonString(message, &json).ok());
  return json;
}

constexpr char kTls[] = R"({
    "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext,
    common_tls_context: {tls_certificates: [{
      certificate_chain: {inline_string: public}, private_key: {inline_bytes: Z2VoZWlt},
      password: {inline_string: geheim}, pkcs12: {inline_string: geheim}}]}})";

TEST(Redaction, HidesTheSecretsOfABootstrap) {
  auto bootstrap = FromYaml<Bootstrap>(absl::StrCat(R"(
static_resources:
  secrets:
  - name: web
    tls_certificate:
      certificate_chain: {inline_string: public}
      private_key: {inline_string: geheim}
      password: {filename: /run/password}
  - name: tickets
    session_ticket_keys: {keys: [{inline_string: geheim}, {inline_string: geheim}]}
  clusters:
  - name: a
    transport_socket: {name: tls, typed_config: )",
                                                    kTls, R"(}
    transport_socket_matches:
    - name: b
      transport_socket: {name: tls, typed_config: )",
                                                    kTls, "}\n"));
  const std::string json = Redacted(bootstrap);
  EXPECT_THAT(json, Not(HasSubstr("geheim")));
  EXPECT_THAT(json, Not(HasSubstr("Z2VoZWlt")));
  EXPECT_THAT(json, HasSubstr("public"));
  EXPECT_THAT(json, HasSubstr("/run/password"));
}

TEST(Redaction, HidesSecretsInAnAnyInsideATypedStruct) {
  auto typed = FromYaml<::xds::type::v3::TypedStruct>(absl::StrCat(
      "{type_url: a/envoy.config.core.v3.TransportSocket, value: {typed_config: ", kTls, "}}"));
  const std::string json = Redacted(typed);
  EXPECT_THAT(json, Not(HasSubstr("geheim")));
  EXPECT_THAT(json, Not(HasSubstr("Z2VoZWlt")));
  EXPECT_THAT(json, HasSubstr("public"));
}

TEST(Redaction, HidesWhatNobodyKnowsInsideATypedStruct) {
  auto typed = FromYaml<::xds::type::v3::TypedStruct>(
      "{type_url: a/envoy.config.core.v3.TransportSocket, value: {typed_config: {\"@type\": "
      "a/not.here, private: geheim, more: {inside: [geheim]}}}}");
  const std::string json = Redacted(typed);
  EXPECT_THAT(json, Not(HasSubstr("geheim")));
  EXPECT_THAT(json, HasSubstr("a/not.here"));
}

// Data sources of TLS that are no secret. A new field must be put here, or among the sensitive
// ones.
const std::set<std::string>& PublicSources() {
  static const std::set<std::string> names = {
      "CertificateValidationContext.crl",
      "CertificateValidationContext.trusted_ca",
      "SPIFFECertValidatorConfig.TrustDomain.trust_bundle",
      "SPIFFECertValidatorConfig.trust_bundles",
      "TlsCertificate.certificate_chain",
      "TlsCertificate.ocsp_staple",
      "TlsCertificate.signed_certificate_timestamp",
  };
  return names;
}

void CheckSources(const Descriptor& type, const std::string& package) {
  if (type.options().map_entry()) return;  // its field is looked at as a whole
  for (int i = 0; i < type.nested_type_count(); ++i) CheckSources(*type.nested_type(i), package);
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (field.message_type() == nullptr ||
        field.message_type()->full_name() != "envoy.config.core.v3.DataSource") {
      continue;
    }
    bool is_sensitive = false;
    for (const loading::SensitiveField& known : loading::SensitiveFields()) {
      is_sensitive |= known.message == type.full_name() && known.field == field.name();
    }
    const bool is_public = PublicSources().count(field.full_name().substr(package.size() + 1)) > 0;
    EXPECT_NE(is_sensitive, is_public) << field.full_name();
  }
}

TEST(Redaction, EveryDataSourceOfTlsIsPublicOrSensitive) {
  const std::string package = "envoy.extensions.transport_sockets.tls.v3";
  const auto* pool = google::protobuf::DescriptorPool::generated_pool();
  for (const char* file : {"common", "secret", "tls", "tls_spiffe_validator_config"}) {
    const auto* found = pool->FindFileByName(
        absl::StrCat("envoy/extensions/transport_sockets/tls/v3/", file, ".proto"));
    ASSERT_NE(found, nullptr) << file;
    for (int i = 0; i < found->message_type_count(); ++i) {
      CheckSources(*found->message_type(i), package);
    }
  }
}

TEST(Redaction, EveryEntryNamesAFieldOfTheSchemaThatIsHere) {
  const auto* pool = google::protobuf::DescriptorPool::generated_pool();
  for (const loading::SensitiveField& known : loading::SensitiveFields()) {
    const Descriptor* type = pool->FindMessageTypeByName(std::string(known.message));
    if (type == nullptr) continue;  // of messages that are not declared yet
    EXPECT_NE(type->FindFieldByName(std::string(known.field)), nullptr)
        << std::string(known.message) << "." << std::string(known.field);
  }
}

}  // namespace
}  // namespace outrigger::config
