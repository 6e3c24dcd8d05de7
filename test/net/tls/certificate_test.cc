#include "source/net/tls/certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/net/tls/world.h"

namespace outrigger::net::tls {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

CertificateText Text(std::string_view certificate, std::string_view key,
                     std::string_view password = "") {
  return {.chain_pem = FileText(certificate),
          .key_pem = FileText(key),
          .password = std::string(password)};
}
std::string ErrorOf(const CertificateText& text) {
  return std::string(Certificate::Load(text).status().message());
}

TEST(Certificate, TellsWhatItSays) {
  const auto certificate = Cert("client");
  const CertificateInfo& info = certificate->info();
  EXPECT_EQ(info.subject, "CN=client");
  EXPECT_EQ(info.issuer, "CN=root");
  EXPECT_EQ(info.sha256.size(), 64);
  EXPECT_EQ(info.sha1.size(), 40);
  EXPECT_FALSE(info.serial.empty());
  EXPECT_NE(info.serial[0], '0');
  EXPECT_THAT(info.uris, ElementsAre("spiffe://example.org/client"));
  EXPECT_THAT(info.dns_names, ElementsAre("client.example.com"));
  EXPECT_THAT(info.emails, ElementsAre("me@example.com"));
  EXPECT_THAT(info.ip_addresses, ElementsAre("10.1.2.3"));
  EXPECT_EQ(info.pem, FileText("client.pem"));
  EXPECT_EQ(Cert("expired")->info().valid_from, absl::FromUnixSeconds(1577836800));
  EXPECT_EQ(Cert("expired")->info().valid_to, absl::FromUnixSeconds(1609545600));
  EXPECT_EQ(Cert("deep")->info().chain_pem, FileText("deep.pem"));
}

TEST(Certificate, IsOneObjectForEqualTexts) {
  EXPECT_EQ(Cert("server"), Cert("server"));
  EXPECT_NE(Cert("server"), Cert("server_new"));
  EXPECT_NE(Cert("server")->fingerprint(), Cert("server_new")->fingerprint());
}

TEST(Certificate, ReadsEncryptedKeysAndPkcs12) {
  for (const char* name : {"server", "server_rsa"}) {
    const std::string stem(name);
    const auto plain = Cert(name);
    const auto encrypted = Certificate::Load(Text(stem + ".pem", stem + ".enc.key", "secret"));
    ASSERT_TRUE(encrypted.ok()) << encrypted.status().message();
    EXPECT_EQ((*encrypted)->fingerprint(), plain->fingerprint());
    const auto pkcs12 =
        Certificate::Load({.password = "secret", .pkcs12 = FileText(stem + ".p12")});
    ASSERT_TRUE(pkcs12.ok()) << pkcs12.status().message();
    EXPECT_EQ((*pkcs12)->fingerprint(), plain->fingerprint());
  }
}

TEST(Certificate, NamesAWrongPassword) {
  EXPECT_THAT(ErrorOf(Text("server.pem", "server.enc.key")),
              testing::Eq("private_key: is encrypted; set password"));
  EXPECT_THAT(ErrorOf(Text("server.pem", "server.enc.key", "wrong")),
              StartsWith("private_key: cannot be decrypted: wrong password"));
  EXPECT_THAT(ErrorOf({.password = "wrong", .pkcs12 = FileText("server.p12")}),
              StartsWith("pkcs12: cannot be read (wrong password?)"));
}

TEST(Certificate, NamesAKeyOfAnother) {
  EXPECT_EQ(ErrorOf(Text("server.pem", "client.key")),
            "private_key: does not belong to certificate \"CN=server\", the first of "
            "certificate_chain");
  EXPECT_THAT(ErrorOf(Text("server.pem", "server_rsa.key")),
              StartsWith("private_key: does not belong to certificate"));
}

TEST(Certificate, RefusesWeakAndUnknownKeys) {
  EXPECT_EQ(ErrorOf(Text("weak.pem", "weak.key")),
            "certificate_chain: the key of \"CN=weak\" is RSA of 1024 bits; at least 2048 are "
            "needed");
  EXPECT_THAT(ErrorOf(Text("p224.pem", "p224.key")), HasSubstr("of another curve than P-256"));
  EXPECT_THAT(ErrorOf(Text("ed25519.pem", "ed25519.key")), HasSubstr("neither RSA nor ECDSA"));
}

TEST(Certificate, SaysWhichPartCannotBeRead) {
  CertificateText text = Text("deep.pem", "deep.key");
  const std::string chain = text.chain_pem;
  text.chain_pem = "";
  EXPECT_EQ(ErrorOf(text), "certificate_chain: is missing");
  text.chain_pem = "hello";
  EXPECT_THAT(ErrorOf(text), StartsWith("certificate_chain: holds no certificate"));
  text.chain_pem = chain.substr(0, chain.size() - 100);
  EXPECT_THAT(ErrorOf(text),
              StartsWith("certificate_chain: the PEM block of certificate 3 cannot be read"));
  text.chain_pem = chain + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  EXPECT_THAT(ErrorOf(text), StartsWith("certificate_chain: certificate 4 cannot be read"));
  text.chain_pem = chain;
  text.key_pem = "";
  EXPECT_EQ(ErrorOf(text), "private_key: is missing");
  text.key_pem = chain;
  EXPECT_THAT(ErrorOf(text), StartsWith("private_key: holds no key"));
  EXPECT_THAT(ErrorOf({.chain_pem = chain, .pkcs12 = "x"}), StartsWith("pkcs12: cannot stand"));
}

TEST(Certificate, NeverQuotesAKey) {
  CertificateText text = Text("server.pem", "server.key");
  const std::string key = text.key_pem;
  const std::string body = key.substr(key.find('\n') + 1, 40);
  text.key_pem = key.substr(0, key.size() / 2) + key.substr(key.size() / 2 + 4);
  EXPECT_THAT(ErrorOf(text), StartsWith("private_key: cannot be read"));
  EXPECT_THAT(ErrorOf(text), Not(HasSubstr(body)));
  text = {.chain_pem = key, .key_pem = key};
  EXPECT_THAT(ErrorOf(text), Not(HasSubstr(body)));
}

CertificateText Stapled(std::string ocsp) {
  CertificateText text = Text("stapled.pem", "stapled.key");
  text.ocsp_response = std::move(ocsp);
  return text;
}

TEST(Certificate, ChecksThatAnOcspResponseIsOfIt) {
  EXPECT_TRUE(Certificate::Load(Stapled(FileText("stapled.ocsp"))).ok());
  EXPECT_THAT(ErrorOf(Stapled(FileText("revoked.ocsp"))),
              StartsWith("ocsp_staple: is of another certificate"));
  EXPECT_THAT(ErrorOf(Stapled("\x30\x03\x0a\x01\x06")),
              testing::Eq("ocsp_staple: is not successful: its status is 6"));
  EXPECT_THAT(ErrorOf(Stapled("garbage")), StartsWith("ocsp_staple: is not an OCSP response"));
  CertificateText revoked = Text("revoked.pem", "revoked.key");
  revoked.ocsp_response = FileText("revoked.ocsp");
  EXPECT_THAT(ErrorOf(revoked), StartsWith("ocsp_staple: says that the certificate is revoked"));
}

TEST(Certificate, SurvivesAnOcspResponseCutAnywhere) {
  const std::string whole = FileText("stapled.ocsp");
  for (size_t n = 1; n < whole.size(); ++n) {
    EXPECT_FALSE(Certificate::Load(Stapled(whole.substr(0, n))).ok());
  }
}

TEST(Trust, TellsItsAuthorities) {
  const auto authorities = TrustIn("root")->Authorities();
  ASSERT_EQ(authorities.size(), 1);
  EXPECT_EQ(authorities[0]->subject, "CN=root");
  EXPECT_EQ(TrustIn("root"), TrustIn("root"));
  EXPECT_NE(TrustIn("root")->fingerprint(), TrustIn("other")->fingerprint());
}

TEST(Trust, RefusesWhatItCannotRead) {
  const auto error = [](const TrustSettings& settings) {
    return std::string(Trust::Make(settings).status().message());
  };
  const std::string root = FileText("root.pem");
  EXPECT_THAT(error({.ca_pem = "hello"}), StartsWith("trusted_ca: holds no certificate"));
  EXPECT_THAT(error({.ca_pem = root, .crl_pem = root}),
              StartsWith("crl: holds no revocation list"));
  EXPECT_THAT(error({.ca_pem = root,
                     .crl_pem = "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 "
                                "CRL-----\n"}),
              StartsWith("crl: revocation list 1 cannot be read"));
  EXPECT_THAT(error({.crl_pem = FileText("root.crl")}), StartsWith("crl: needs trusted_ca"));
  EXPECT_THAT(error({.certificate_hashes = {"abc"}}), StartsWith("verify_certificate_hash: "));
  EXPECT_THAT(error({.spki_hashes = {"abc"}}), StartsWith("verify_certificate_spki: "));
  EXPECT_THAT(error({.spiffe_domains = {{.name = "a", .ca_pem = "x"}}}),
              StartsWith("trust_domains[\"a\"].trust_bundle: holds no certificate"));
  EXPECT_THAT(error({.ca_pem = root, .san_rules = {ExactSan(SanType::kOtherName, "x", "no oid")}}),
              StartsWith("match_typed_subject_alt_names.oid: "));
}

}  // namespace
}  // namespace outrigger::net::tls
