#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "source/base/text.h"
#include "source/net/tls/loaded_trust.h"
#include "test/net/tls/world.h"

namespace outrigger::net::tls {
namespace {

using State = Transport::State;
using testing::AllOf;
using testing::HasSubstr;

// What came of a server that shows `certificate` to a client with `trust`.
struct Outcome {
  bool is_open = false;
  std::string why;    // the client's failure
  std::string alert;  // as the server saw it
  bool is_verified = false;
};

Outcome Meet(Counted& counted, std::string_view certificate, std::shared_ptr<const Trust> trust,
             std::string_view verified_name = "") {
  Outcome last;
  // What is checked must not depend on the version.
  for (const Version version : {Version::kTls12, Version::kTls13}) {
    ServerSettings server = PlainServer(counted);
    server.certificates = {Cert(certificate)};
    server.parameters.min_version = server.parameters.max_version = version;
    ClientSettings client = PlainClient(counted);
    client.trust = trust;
    Pair pair(*Serving(server), *Calling(client), {.verified_name = verified_name});
    pair.Shake();
    const Outcome now{.is_open = pair.is_open(),
                      .why = std::string(pair.client().failure()),
                      .alert = std::string(pair.server().failure()),
                      .is_verified = pair.is_open() && pair.client().info()->is_peer_verified};
    if (version == Version::kTls13) {
      EXPECT_EQ(now.is_open, last.is_open);
      EXPECT_EQ(now.why, last.why);
      EXPECT_EQ(now.alert, last.alert);
    }
    last = now;
  }
  return last;
}

// As above, with the roles the other way round.
Outcome MeetClient(Counted& counted, std::string_view certificate,
                   std::shared_ptr<const Trust> trust, bool is_required = true) {
  ServerSettings server = PlainServer(counted);
  server.trust = std::move(trust);
  server.requires_client_certificate = is_required;
  ClientSettings client = PlainClient(counted);
  if (!certificate.empty()) client.certificate = Cert(certificate);
  Pair pair(*Serving(server), *Calling(client));
  pair.Shake();
  return {.is_open = pair.is_open(),
          .why = std::string(pair.server().failure()),
          .alert = std::string(pair.client().failure()),
          .is_verified = pair.is_open() && pair.server().info()->is_peer_verified};
}

// What a peer may send, but our own transports would not.
bssl::UniquePtr<STACK_OF(CRYPTO_BUFFER)> Chain(const std::vector<std::string>& names) {
  bssl::UniquePtr<STACK_OF(CRYPTO_BUFFER)> chain(sk_CRYPTO_BUFFER_new_null());
  for (const std::string& name : names) {
    std::vector<ParsedCertificate> parsed = *ReadCertificates(FileText(name), name);
    for (ParsedCertificate& each : parsed) bssl::PushToStack(chain.get(), std::move(each.der));
  }
  return chain;
}

TEST(Verification, RefusesAWeakLeaf) {
  const Finding finding =
      LoadedTrust::Of(*TrustIn("root")).Verify(Chain({"weak.pem"}).get(), PeerRole::kServer);
  EXPECT_EQ(finding.text,
            "certificate of the server \"CN=weak\" has a key that is RSA of 1024 bits; at least "
            "2048 are needed");
  EXPECT_EQ(finding.alert, SSL_AD_BAD_CERTIFICATE);
}

TEST(Verification, LimitsHowManyCertificatesAPeerMaySend) {
  const auto verify = [](size_t others) {
    std::vector<std::string> names(others, "other.pem");
    names.insert(names.begin(), "server.pem");
    return LoadedTrust::Of(*TrustIn("root")).Verify(Chain(names).get(), PeerRole::kServer);
  };
  EXPECT_EQ(verify(15).cause, Finding::Cause::kNone);
  EXPECT_EQ(verify(16).text, "the server sent a chain of 17 certificates; the limit is 16");
}

TEST(Verification, LooksAtTheTimesAgainWhenASessionIsResumed) {
  const std::shared_ptr<const Trust> root = TrustIn("root");
  const LoadedTrust& trust = LoadedTrust::Of(*root);
  EXPECT_EQ(trust.VerifyResumed(Chain({"server.pem"}).get(), PeerRole::kServer).cause,
            Finding::Cause::kNone);
  EXPECT_EQ(trust.VerifyResumed(Chain({"expired.pem"}).get(), PeerRole::kServer).cause,
            Finding::Cause::kExpired);
  EXPECT_EQ(trust.VerifyResumed(Chain({"future.pem"}).get(), PeerRole::kServer).cause,
            Finding::Cause::kNotYetValid);
  // What was sent besides, and is not needed, does not count.
  EXPECT_EQ(trust.VerifyResumed(Chain({"server.pem", "old.pem"}).get(), PeerRole::kServer).cause,
            Finding::Cause::kNone);
}

TEST(Verification, CutsLongNamesInTexts) {
  const Finding finding =
      LoadedTrust::Of(*TrustIn("other")).Verify(Chain({"long.pem"}).get(), PeerRole::kClient);
  EXPECT_THAT(finding.text, HasSubstr("certificate of the client \"spiffe://example.org/xxx"));
  EXPECT_THAT(finding.text, HasSubstr("xxx...\""));
  EXPECT_LT(finding.text.size(), 500);
}

TEST(Verification, NamesACertificateThatHasExpired) {
  Counted counted;
  const Outcome outcome = Meet(counted, "expired", TrustIn("root"));
  EXPECT_EQ(outcome.why, "certificate of the server \"CN=expired\" expired on 2021-01-02");
  EXPECT_EQ(outcome.alert, "the client sent the alert certificate_expired");
  EXPECT_EQ(counted["fail_expired"], 2);
  EXPECT_EQ(counted["fail_verify_error"], 2);
}

TEST(Verification, AcceptsOneThatHasExpiredWhereThatIsAllowed) {
  Counted counted;
  const auto trust = TrustIn("root", [](TrustSettings& trust) { trust.accepts_expired = true; });
  EXPECT_TRUE(Meet(counted, "expired", trust).is_verified);
  EXPECT_TRUE(Meet(counted, "future", trust).is_verified);
  EXPECT_FALSE(Meet(counted, "selfsigned", trust).is_open);
}

TEST(Verification, NamesACertificateThatIsNotYetValid) {
  Counted counted;
  const Outcome outcome = Meet(counted, "future", TrustIn("root"));
  EXPECT_EQ(outcome.why, "certificate of the server \"CN=future\" is not valid before 2045-03-04");
  EXPECT_EQ(outcome.alert, "the client sent the alert bad_certificate");
  EXPECT_EQ(counted["fail_not_yet_valid"], 2);
}

TEST(Verification, RefusesWhatNoAuthoritySigned) {
  Counted counted;
  const Outcome self = Meet(counted, "selfsigned", TrustIn("root"));
  EXPECT_EQ(self.why,
            "certificate of the server \"CN=selfsigned\" is self-signed and not among those "
            "trusted");
  EXPECT_EQ(self.alert, "the client sent the alert unknown_ca");
  const Outcome other = Meet(counted, "other_server", TrustIn("root"));
  EXPECT_EQ(other.why,
            "certificate of the server \"CN=other_server\" leads to no trusted authority: its "
            "issuer \"CN=other\" is not one");
  EXPECT_EQ(other.alert, "the client sent the alert unknown_ca");
  EXPECT_EQ(counted["fail_untrusted"], 4);
}

TEST(Verification, TakesASelfSignedCertificateThatIsTrustedItself) {
  Counted counted;
  EXPECT_TRUE(Meet(counted, "selfsigned", TrustIn("selfsigned")).is_verified);
}

TEST(Verification, EndsAChainAtATrustedAuthorityBelowItsRoot) {
  Counted counted;
  EXPECT_TRUE(Meet(counted, "deep", TrustIn("middle2")).is_verified);
}

TEST(Verification, RefusesTheWrongUsage) {
  Counted counted;
  const Outcome server = Meet(counted, "client", TrustIn("root"));
  EXPECT_THAT(server.why, HasSubstr("\"CN=client\" may not be used by a server"));
  EXPECT_EQ(server.alert, "the client sent the alert unsupported_certificate");
  const Outcome client = MeetClient(counted, "server", TrustIn("root"));
  EXPECT_THAT(client.why, HasSubstr("\"CN=server\" may not be used by a client"));
  EXPECT_EQ(counted["fail_usage"], 3);
}

TEST(Verification, RefusesWhatIsRevoked) {
  Counted counted;
  const auto leaf_only = [](TrustSettings& trust) {
    trust.crl_pem = FileText("root.crl");
    trust.checks_leaf_crl_only = true;
  };
  const Outcome outcome = Meet(counted, "revoked", TrustIn("root", leaf_only));
  EXPECT_EQ(outcome.why, "certificate of the server \"CN=revoked\" is revoked");
  EXPECT_EQ(outcome.alert, "the client sent the alert certificate_revoked");
  EXPECT_TRUE(Meet(counted, "server", TrustIn("root", leaf_only)).is_verified);
  EXPECT_EQ(counted["fail_revoked"], 2);
}

TEST(Verification, WantsAListOfEveryIssuerUnlessOnlyTheLeafIsLookedUp) {
  Counted counted;
  const auto with_list = [](TrustSettings& trust) { trust.crl_pem = FileText("root.crl"); };
  EXPECT_TRUE(Meet(counted, "server", TrustIn("root", with_list)).is_verified);
  const Outcome deep = Meet(counted, "deep", TrustIn("root", with_list));
  EXPECT_THAT(deep.why, HasSubstr("crl has no list of its issuer \"CN=middle2\""));
}

TEST(Verification, RefusesWeakKeysAndHashes) {
  Counted counted;
  const Outcome under = Meet(counted, "under_weak", TrustIn("weakca"));
  EXPECT_THAT(under.why, AllOf(HasSubstr("certificate \"CN=weakca\" above that of the server"),
                               HasSubstr("RSA of 1024 bits")));
  EXPECT_EQ(under.alert, "the client sent the alert bad_certificate");
  const Outcome sha1 = Meet(counted, "sha1", TrustIn("root"));
  EXPECT_THAT(sha1.why, HasSubstr("SHA1"));
}

TEST(Verification, LimitsTheLengthOfTheChain) {
  Counted counted;
  const auto depth = [](uint32_t most) {
    return TrustIn("root", [most](TrustSettings& trust) { trust.max_depth = most; });
  };
  EXPECT_TRUE(Meet(counted, "deep", depth(2)).is_verified);
  EXPECT_THAT(Meet(counted, "deep", depth(1)).why,
              HasSubstr("the chain is too long: 2 between it and the authority"));
  EXPECT_TRUE(Meet(counted, "server", depth(0)).is_verified);
}

TEST(Verification, ChecksTheNameThatTheServerWasReachedBy) {
  Counted counted;
  const auto trust = TrustIn("root");
  for (const std::string_view name : {"web.example.com", "WEB.example.com.", "a.wild.example.com",
                                      "127.0.0.1", "::1", "0:0::1"}) {
    EXPECT_TRUE(Meet(counted, "server", trust, name).is_verified) << name;
  }
  for (const std::string_view name : {"example.com", "a.b.wild.example.com", "wild.example.com",
                                      "127.0.0.2", "xweb.example.com", "web.example.com.evil"}) {
    EXPECT_FALSE(Meet(counted, "server", trust, name).is_open) << name;
  }
  const Outcome outcome = Meet(counted, "server", trust, "other.example.com");
  EXPECT_EQ(outcome.why,
            "certificate of the server \"CN=server\" is not of \"other.example.com\": has DNS "
            "\"web.example.com\", DNS \"*.wild.example.com\", IP address 127.0.0.1, IP address "
            "::1");
  EXPECT_EQ(outcome.alert, "the client sent the alert certificate_unknown");
  // A common name is no name (RFC 9525 2).
  EXPECT_FALSE(Meet(counted, "nameless", trust, "web.example.com").is_open);
}

TEST(Verification, MatchesTheRulesForSubjectAlternativeNames) {
  Counted counted;
  const auto passes = [&](std::string_view certificate, SanRule rule) {
    return MeetClient(
               counted, certificate,
               TrustIn("root",
                       [&](TrustSettings& trust) {
                         trust.san_rules = {ExactSan(SanType::kDns, "never.example.com"), rule};
                       }))
        .is_open;
  };
  EXPECT_TRUE(passes("client", ExactSan(SanType::kDns, "client.example.com")));
  EXPECT_TRUE(passes("client", ExactSan(SanType::kUri, "spiffe://example.org/client")));
  EXPECT_TRUE(passes("client", ExactSan(SanType::kEmail, "me@example.com")));
  EXPECT_TRUE(passes("client", ExactSan(SanType::kIpAddress, "10.1.2.3")));
  EXPECT_TRUE(passes("person", ExactSan(SanType::kOtherName, "me@corp", "1.3.6.1.4.1.311.20.2.3")));
  EXPECT_FALSE(passes("person", ExactSan(SanType::kOtherName, "me@corp", "1.2.3.4")));
  EXPECT_FALSE(passes("client", ExactSan(SanType::kEmail, "client.example.com")));
  const uint64_t before = counted["fail_verify_san"];
  EXPECT_FALSE(passes("client", ExactSan(SanType::kUri, "spiffe://example.org/other")));
  EXPECT_EQ(counted["fail_verify_san"], before + 1);
}

TEST(Verification, SaysWhichNamesThereAreAndWhichWereWanted) {
  Counted counted;
  const Outcome outcome =
      MeetClient(counted, "client", TrustIn("root", [](TrustSettings& trust) {
                   trust.san_rules = {ExactSan(SanType::kUri, "spiffe://example.org/other")};
                 }));
  EXPECT_THAT(outcome.why, AllOf(HasSubstr("URI \"spiffe://example.org/client\""),
                                 HasSubstr("accepted: exact \"spiffe://example.org/other\"")));
}

TEST(Verification, RefusesAClientWithoutTheCertificateThatIsRequired) {
  Counted counted;
  const Outcome required = MeetClient(counted, "", TrustIn("root"));
  EXPECT_EQ(required.why,
            "the client showed no certificate, and require_client_certificate is set");
  EXPECT_EQ(required.alert, "the server sent the alert certificate_required");
  EXPECT_EQ(counted["fail_verify_no_cert"], 1);
  const Outcome optional = MeetClient(counted, "", TrustIn("root"), false);
  EXPECT_TRUE(optional.is_open);
  EXPECT_FALSE(optional.is_verified);
}

TEST(Verification, RefusesABadCertificateAlsoWhereNoneIsRequired) {
  Counted counted;
  const Outcome outcome = MeetClient(counted, "other_client", TrustIn("root"), false);
  EXPECT_FALSE(outcome.is_open);
  EXPECT_EQ(outcome.alert, "the server sent the alert unknown_ca");
}

TEST(Verification, LetsTheUntrustedPassUnverifiedWhereThatIsAccepted) {
  Counted counted;
  const auto trust = TrustIn("root", [](TrustSettings& trust) { trust.accepts_untrusted = true; });
  const Outcome other = MeetClient(counted, "other_client", trust);
  EXPECT_TRUE(other.is_open);
  EXPECT_FALSE(other.is_verified);
  EXPECT_TRUE(MeetClient(counted, "client", trust).is_verified);
}

TEST(Verification, ComparesHashesOfCertificateOrKey) {
  Counted counted;
  const std::string hash = Cert("server")->info().sha256;
  std::string with_colons;
  for (size_t i = 0; i < hash.size(); i += 2) {
    base::StrAppend(&with_colons, i == 0 ? "" : ":", hash.substr(i, 2));
  }
  const auto pinned = [](std::string certificate_hash, std::string spki_hash) {
    TrustSettings settings;
    if (!certificate_hash.empty()) settings.certificate_hashes = {certificate_hash};
    if (!spki_hash.empty()) settings.spki_hashes = {spki_hash};
    return *Trust::Make(settings);
  };
  // openssl x509 -pubkey | openssl pkey -pubin -outform DER | openssl dgst -sha256 -binary | base64
  const std::string no_key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
  EXPECT_TRUE(Meet(counted, "server", pinned(hash, "")).is_verified);
  EXPECT_TRUE(Meet(counted, "server", pinned(with_colons, "")).is_verified);
  EXPECT_TRUE(Meet(counted, "server", pinned(hash, no_key)).is_verified);
  EXPECT_FALSE(Meet(counted, "server", pinned("", no_key)).is_open);
  const Outcome outcome = Meet(counted, "server_rsa", pinned(hash, ""));
  EXPECT_THAT(outcome.why, HasSubstr("verify_certificate_hash"));
  EXPECT_EQ(counted["fail_verify_cert_hash"], 4);
}

TEST(Verification, TellsSpiffeTrustDomainsApart) {
  Counted counted;
  const auto spiffe = [](std::string domain, std::string ca) {
    TrustSettings settings;
    settings.spiffe_domains = {{.name = "elsewhere.org", .ca_pem = FileText("old.pem")},
                               {.name = domain, .ca_pem = FileText(ca + ".pem")}};
    return *Trust::Make(settings);
  };
  EXPECT_TRUE(MeetClient(counted, "spiffe", spiffe("example.org", "root")).is_verified);
  EXPECT_THAT(MeetClient(counted, "spiffe", spiffe("example.org", "other")).why,
              HasSubstr("leads to no trusted authority"));
  EXPECT_THAT(MeetClient(counted, "other_client", spiffe("example.org", "root")).why,
              HasSubstr("is of the trust domain \"other.org\", which is not among"));
  EXPECT_THAT(MeetClient(counted, "spiffe_two", spiffe("example.org", "root")).why,
              HasSubstr("has no SPIFFE identity"));
  EXPECT_THAT(MeetClient(counted, "person", spiffe("example.org", "root")).why,
              HasSubstr("has no SPIFFE identity"));
  const Finding finding = LoadedTrust::Of(*spiffe("example.org", "root"))
                              .Verify(Chain({"spiffe_ca.pem"}).get(), PeerRole::kClient);
  EXPECT_THAT(finding.text, HasSubstr("cannot be a SPIFFE identity"));
}

TEST(Verification, BelievesAnyoneWithoutTrust) {
  Counted counted;
  const Outcome outcome = Meet(counted, "selfsigned", nullptr);
  EXPECT_TRUE(outcome.is_open);
  EXPECT_FALSE(outcome.is_verified);
}

}  // namespace
}  // namespace outrigger::net::tls
