#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>

#include "source/base/text.h"
#include "test/net/tls/world.h"

namespace outrigger::net::tls {
namespace {

using State = Transport::State;
using testing::HasSubstr;

ServerSettings Only(Version version, ServerSettings settings) {
  settings.parameters.min_version = settings.parameters.max_version = version;
  return settings;
}

TEST(Handshake, AgreesOnTls13ByDefaultAndCountsIt) {
  Counted counted;
  Pair pair(*Serving(PlainServer(counted)), *Calling(PlainClient(counted)));
  ASSERT_TRUE(pair.Shake().is_open()) << pair.client().failure();
  const TlsInfo& info = *pair.server().info();
  EXPECT_EQ(info.version, "TLSv1.3");
  EXPECT_EQ(info.cipher, "TLS_AES_128_GCM_SHA256");
  EXPECT_EQ(info.server_name, "web.example.com");
  EXPECT_EQ(info.session_id, "");
  EXPECT_EQ(info.peer, nullptr);
  EXPECT_EQ(info.local->subject, "CN=server");
  EXPECT_FALSE(info.is_peer_verified);
  const TlsInfo& seen = *pair.client().info();
  EXPECT_TRUE(seen.is_peer_verified);
  EXPECT_EQ(seen.peer->subject, "CN=server");
  EXPECT_EQ(seen.peer->issuer, "CN=root");
  EXPECT_THAT(seen.peer->dns_names, testing::ElementsAre("web.example.com", "*.wild.example.com"));
  EXPECT_THAT(seen.peer->ip_addresses, testing::ElementsAre("127.0.0.1", "::1"));
  EXPECT_EQ(counted["handshake"], 2);
  EXPECT_EQ(counted["versions.TLSv1.3"], 2);
  EXPECT_EQ(counted["ciphers.TLS_AES_128_GCM_SHA256"], 2);
  EXPECT_EQ(counted["curves.X25519"], 2);
  EXPECT_EQ(counted["sigalgs.ecdsa_secp256r1_sha256"], 1);
  EXPECT_EQ(counted["no_certificate"], 1);
  EXPECT_EQ(counted["connection_error"], 0);
}

TEST(Handshake, WorksInEveryCombinationOfVersionKeyAndCut) {
  std::minstd_rand random(4);
  for (const Version version : {Version::kTls12, Version::kTls13}) {
    for (const char* name : {"server", "server_rsa", "server_p384", "deep"}) {
      for (const bool is_mutual : {false, true}) {
        for (const size_t cut : {size_t{0}, size_t{1}, size_t{7}, size_t{1 + random() % 2000}}) {
          Counted counted;
          ServerSettings server = Only(version, PlainServer(counted));
          server.certificates = {Cert(name)};
          ClientSettings client = PlainClient(counted);
          if (is_mutual) {
            server.trust = TrustIn("root");
            server.requires_client_certificate = true;
            client.certificate = Cert("client");
          }
          Pair pair(*Serving(server), *Calling(client), {}, cut);
          ASSERT_TRUE(pair.Shake().is_open())
              << name << " " << cut << ": " << pair.client().failure() << pair.server().failure();
          EXPECT_EQ(pair.server().info()->version,
                    version == Version::kTls12 ? "TLSv1.2" : "TLSv1.3");
          EXPECT_EQ(pair.server().info()->is_peer_verified, is_mutual);
          pair.Say(pair.client(), "ping");
          pair.Say(pair.server(), "pong");
          EXPECT_EQ(pair.TakeAt(pair.server()), "ping");
          EXPECT_EQ(pair.TakeAt(pair.client()), "pong");
        }
      }
    }
  }
}

TEST(Handshake, TellsTheSessionIdThatATls12ServerGives) {
  Counted counted;
  ServerSettings server = Only(Version::kTls12, PlainServer(counted));
  server.allows_tickets = false;
  Pair pair(*Serving(server), *Calling(PlainClient(counted)));
  ASSERT_TRUE(pair.Shake().is_open());
  EXPECT_EQ(pair.server().info()->session_id.size(), 64);
  EXPECT_EQ(pair.server().info()->session_id, pair.client().info()->session_id);
}

TEST(Handshake, AgreesOnTheServersFirstApplicationProtocol) {
  Counted counted;
  ServerSettings server = PlainServer(counted);
  server.application_protocols = {"h2", "http/1.1"};
  ClientSettings client = PlainClient(counted);
  client.application_protocols = {"http/1.1", "h2"};
  const auto serving = Serving(server);
  const auto calling = Calling(client);
  Pair pair(*serving, *calling);
  ASSERT_TRUE(pair.Shake().is_open());
  EXPECT_EQ(pair.client().application_protocol(), "h2");
  EXPECT_EQ(pair.server().info()->application_protocol, "h2");
  Pair other(*serving, *calling, {.application_protocols = "http/1.1"});
  ASSERT_TRUE(other.Shake().is_open());
  EXPECT_EQ(other.server().application_protocol(), "http/1.1");
}

TEST(Handshake, EndsWithAnAlertWithoutACommonApplicationProtocol) {
  Counted counted;
  ServerSettings server = PlainServer(counted);
  server.application_protocols = {"h2"};
  Pair pair(*Serving(server), *Calling(PlainClient(counted)),
            {.application_protocols = "http/1.1"});
  pair.Shake();
  EXPECT_EQ(pair.server().state(), State::kFailed);
  EXPECT_THAT(pair.server().failure(), HasSubstr("no application protocol in common"));
  EXPECT_EQ(pair.client().failure(), "the server sent the alert no_application_protocol");
}

TEST(Handshake, EndsWithAnAlertWithoutACommonVersion) {
  Counted counted;
  ClientSettings client = PlainClient(counted);
  client.parameters.max_version = Version::kTls12;
  Pair pair(*Serving(Only(Version::kTls13, PlainServer(counted))), *Calling(client));
  pair.Shake();
  EXPECT_THAT(pair.server().failure(), HasSubstr("no TLS version in common"));
  EXPECT_EQ(pair.client().failure(), "the server sent the alert protocol_version");
  EXPECT_EQ(counted["connection_error"], 2);
}

TEST(Handshake, EndsWithAnAlertWithoutACommonCipher) {
  Counted counted;
  ServerSettings server = Only(Version::kTls12, PlainServer(counted));
  server.parameters.cipher_suites = {"ECDHE-ECDSA-AES256-GCM-SHA384"};
  ClientSettings client = PlainClient(counted);
  client.parameters.cipher_suites = {"ECDHE-ECDSA-AES128-GCM-SHA256"};
  Pair pair(*Serving(server), *Calling(client));
  pair.Shake();
  EXPECT_THAT(pair.server().failure(), HasSubstr("no cipher suite in common"));
  EXPECT_EQ(pair.client().failure(), "the server sent the alert handshake_failure");
}

TEST(Handshake, ChoosesTheCertificateByNameAndThenByWhatTheClientChecks) {
  Counted counted;
  ServerSettings server = PlainServer(counted);
  server.certificates = {Cert("server_rsa"), Cert("server"), Cert("server_p384")};
  const auto serving = Serving(server);
  const auto shown = [&](std::string_view name, std::vector<std::string> signatures) {
    ClientSettings client = PlainClient(counted);
    client.parameters.signature_algorithms = std::move(signatures);
    Pair pair(*serving, *Calling(client), {.server_name = name});
    pair.Shake();
    return pair.is_open() ? pair.client().info()->peer->subject
                          : std::string(pair.client().failure());
  };
  EXPECT_EQ(shown("web.example.com", {}), "CN=server");
  EXPECT_EQ(shown("WEB.example.com", {}), "CN=server");
  EXPECT_EQ(shown("web.example.com", {"rsa_pss_rsae_sha256", "ecdsa_secp384r1_sha384"}),
            "CN=server_rsa");
  EXPECT_EQ(shown("a.wild.example.com", {}), "CN=server");
  EXPECT_EQ(shown("p384.example.com", {}), "CN=server_p384");
  // Without a match: the first, or with full_scan_certs_on_sni_mismatch the best.
  EXPECT_EQ(shown("a.b.wild.example.com", {}), "CN=server_rsa");
  server.scans_all_certificates = true;
  Pair pair(*Serving(server), *Calling(PlainClient(counted)), {.server_name = "no.example.com"});
  ASSERT_TRUE(pair.Shake().is_open());
  EXPECT_EQ(pair.client().info()->peer->subject, "CN=server");
}

TEST(Handshake, RefusesAClientThatNamesNoServerWhereOneIsRequired) {
  Counted counted;
  ServerSettings server = PlainServer(counted);
  server.requires_server_name = true;
  const auto serving = Serving(server);
  ClientSettings client = PlainClient(counted);
  Pair named(*serving, *Calling(client));
  EXPECT_TRUE(named.Shake().is_open());
  client.server_name = "";
  Pair pair(*serving, *Calling(client));
  pair.Shake();
  EXPECT_EQ(pair.server().failure(), "the client named no server (SNI), and require_sni is set");
  EXPECT_EQ(pair.client().failure(), "the server sent the alert unrecognized_name");
}

TEST(Handshake, SendsNoAddressAsServerName) {
  Counted counted;
  ClientSettings client = PlainClient(counted);
  client.server_name = "";
  Pair pair(*Serving(PlainServer(counted)), *Calling(client), {.server_name = "127.0.0.1"});
  ASSERT_TRUE(pair.Shake().is_open());
  EXPECT_EQ(pair.server().info()->server_name, "");
}

// What threads share: contexts, sessions, trust, counters, ticket keys.
TEST(Handshake, WorksOnManyThreadsWhileContextsChange) {
  Counted counted;
  ServerSettings first = PlainServer(counted);
  first.trust = TrustIn("root");
  ServerSettings second = first;
  second.certificates = {Cert("server_new"), Cert("server_rsa")};
  ClientSettings client = PlainClient(counted);
  client.certificate = Cert("client");
  client.max_session_keys = 2;
  const auto serving = Serving(first);
  const auto calling = Calling(client);
  std::atomic<int> open = 0;
  const auto run = [&] {
    for (int i = 0; i < 25; ++i) {
      Pair pair(*serving, *calling);
      pair.Shake();
      pair.Say(pair.server(), "x");
      open += pair.is_open() && pair.server().info()->is_peer_verified;
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(run);
  for (int i = 0; i < 50; ++i) {
    serving->Set(*ServerContext::Make(i % 2 == 0 ? second : first));
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(open, 100);
}

TEST(Handshake, WritesTheKeysWhereAKeyLogAsksForThem) {
  Counted counted;
  std::string lines;
  ServerSettings server = PlainServer(counted);
  server.key_log = std::make_shared<KeyLog>();
  server.key_log->write = [&](std::string_view line) { base::StrAppend(&lines, line, "\n"); };
  Pair pair(*Serving(server), *Calling(PlainClient(counted)));
  ASSERT_TRUE(pair.Shake().is_open());
  EXPECT_THAT(lines, HasSubstr("CLIENT_HANDSHAKE_TRAFFIC_SECRET "));
  EXPECT_THAT(lines, HasSubstr("SERVER_TRAFFIC_SECRET_0 "));
}

}  // namespace
}  // namespace outrigger::net::tls
