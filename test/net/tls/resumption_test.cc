#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "source/base/text.h"
#include "test/net/tls/world.h"

namespace outrigger::net::tls {
namespace {

using State = Transport::State;

// Whether a second connection resumes the first's session. In TLS 1.3 the ticket comes with the
// first data.
struct Visits {
  bool first = false;
  bool second = false;
};
bool Visit(const ServerContexts& server, const ClientContexts& client,
           const ClientTransportOptions& options = {}) {
  Pair pair(server, client, options);
  EXPECT_TRUE(pair.Shake().is_open()) << pair.client().failure() << pair.server().failure();
  if (!pair.is_open()) return false;
  pair.Say(pair.client(), "hello");
  pair.Say(pair.server(), "hello");
  EXPECT_EQ(pair.server().info()->is_resumed, pair.client().info()->is_resumed);
  return pair.client().info()->is_resumed;
}
Visits VisitTwice(const ServerSettings& server, const ClientSettings& client) {
  const auto serving = Serving(server);
  const auto calling = Calling(client);
  const bool first = Visit(*serving, *calling);
  return {.first = first, .second = Visit(*serving, *calling)};
}

ServerSettings Speaking(Version version, ServerSettings settings) {
  settings.parameters.min_version = settings.parameters.max_version = version;
  return settings;
}

TEST(Resumption, WorksWithTicketsAndCountsIt) {
  for (const Version version : {Version::kTls12, Version::kTls13}) {
    Counted counted;
    const Visits visits = VisitTwice(Speaking(version, PlainServer(counted)), PlainClient(counted));
    EXPECT_FALSE(visits.first);
    EXPECT_TRUE(visits.second);
    EXPECT_EQ(counted["session_reused"], 2);
  }
}

TEST(Resumption, WorksWithTheServersCacheInTls12Only) {
  for (const Version version : {Version::kTls12, Version::kTls13}) {
    Counted counted;
    ServerSettings server = Speaking(version, PlainServer(counted));
    server.allows_tickets = false;
    EXPECT_EQ(VisitTwice(server, PlainClient(counted)).second, version == Version::kTls12);
    server.allows_session_cache = false;
    EXPECT_FALSE(VisitTwice(server, PlainClient(counted)).second);
  }
}

TEST(Resumption, IsNotTriedWhereTheClientKeepsNoSessions) {
  Counted counted;
  ClientSettings client = PlainClient(counted);
  client.max_session_keys = 0;
  EXPECT_FALSE(VisitTwice(PlainServer(counted), client).second);
}

TEST(Resumption, UsesASessionOfTls13Once) {
  Counted counted;
  const auto serving = Serving(PlainServer(counted));
  const auto calling = Calling(PlainClient(counted));
  Visit(*serving, *calling);
  Pair second(*serving, *calling);
  Pair third(*serving, *calling);
  second.Shake();
  third.Shake();
  EXPECT_TRUE(second.client().info()->is_resumed);
  EXPECT_FALSE(third.client().info()->is_resumed);
}

TEST(Resumption, KeepsSessionsOfOtherNamesApart) {
  Counted counted;
  const auto serving = Serving(PlainServer(counted));
  const auto calling = Calling(PlainClient(counted));
  EXPECT_FALSE(Visit(*serving, *calling, {.verified_name = "web.example.com"}));
  EXPECT_FALSE(Visit(*serving, *calling, {.verified_name = "a.wild.example.com"}));
  EXPECT_FALSE(Visit(*serving, *calling, {.server_name = "b.wild.example.com"}));
  EXPECT_TRUE(Visit(*serving, *calling, {.verified_name = "web.example.com"}));
}

std::shared_ptr<const TicketKeys> Keys(std::string_view letters) {
  std::vector<std::string> keys;
  for (const char letter : letters) keys.emplace_back(80, letter);
  return *TicketKeys::Make(keys);
}

TEST(Resumption, SurvivesTheRotationOfGivenKeys) {
  for (const Version version : {Version::kTls12, Version::kTls13}) {
    Counted counted;
    ServerSettings server = Speaking(version, PlainServer(counted));
    const auto calling = Calling(PlainClient(counted));
    server.ticket_keys = Keys("a");
    EXPECT_FALSE(Visit(*Serving(server), *calling));
    server.ticket_keys = Keys("ba");
    EXPECT_TRUE(Visit(*Serving(server), *calling));
    server.ticket_keys = Keys("cb");
    EXPECT_TRUE(Visit(*Serving(server), *calling));
    server.ticket_keys = Keys("d");
    EXPECT_FALSE(Visit(*Serving(server), *calling));
  }
}

TEST(Resumption, WorksAcrossContextsOfOneProcess) {
  Counted counted;
  const auto calling = Calling(PlainClient(counted));
  ServerSettings server = PlainServer(counted);
  const auto serving = Serving(server);
  EXPECT_FALSE(Visit(*serving, *calling));
  server.certificates = {Cert("server_new")};  // rotated: the same names
  serving->Set(*ServerContext::Make(server));
  EXPECT_TRUE(Visit(*serving, *calling));
}

// A session is worth no more than the trust that it was made under.
TEST(Resumption, IsRefusedUnderOtherTrust) {
  for (const Version version : {Version::kTls12, Version::kTls13}) {
    Counted counted;
    ServerSettings server = Speaking(version, PlainServer(counted));
    server.trust = TrustIn("root", [](TrustSettings& trust) { trust.accepts_untrusted = true; });
    ClientSettings client = PlainClient(counted);
    client.certificate = Cert("other_client");
    const auto calling = Calling(client);
    const auto serving = Serving(server);
    EXPECT_FALSE(Visit(*serving, *calling));
    EXPECT_TRUE(Visit(*serving, *calling));
    server.trust = TrustIn("root");
    serving->Set(*ServerContext::Make(server));
    Pair pair(*serving, *calling);
    EXPECT_FALSE(pair.Shake().is_open());
    EXPECT_EQ(pair.client().failure(), "the server sent the alert unknown_ca");
  }
}

TEST(Resumption, TellsWhoThePeerIsAndWhetherItIsVerified) {
  for (const bool accepts_untrusted : {false, true}) {
    for (const char* name : {"client", "other_client"}) {
      if (!accepts_untrusted && std::string_view(name) == "other_client") continue;
      Counted counted;
      ServerSettings server = PlainServer(counted);
      server.trust = TrustIn(
          "root", [&](TrustSettings& trust) { trust.accepts_untrusted = accepts_untrusted; });
      ClientSettings client = PlainClient(counted);
      client.certificate = Cert(name);
      const auto serving = Serving(server);
      const auto calling = Calling(client);
      Visit(*serving, *calling);
      Pair pair(*serving, *calling);
      ASSERT_TRUE(pair.Shake().is_open());
      EXPECT_TRUE(pair.server().info()->is_resumed);
      EXPECT_EQ(pair.server().info()->peer->subject, base::StrCat("CN=", name));
      EXPECT_EQ(pair.server().info()->is_peer_verified, std::string_view(name) == "client");
    }
  }
}

TEST(Resumption, IgnoresGarbageForATicketKeyName) {
  Counted counted;
  ServerSettings server = PlainServer(counted);
  server.ticket_keys = Keys("x");
  const auto calling = Calling(PlainClient(counted));
  EXPECT_FALSE(Visit(*Serving(server), *calling));
  // The same name, another key: the ticket does not open, and the handshake is a full one.
  std::string forged(80, 'y');
  forged.replace(0, 16, std::string(16, 'x'));
  server.ticket_keys = *TicketKeys::Make({forged});
  EXPECT_FALSE(Visit(*Serving(server), *calling));
}

TEST(TicketKeys, HaveEightyBytes) {
  EXPECT_EQ(TicketKeys::Make({std::string(80, 'a'), std::string(79, 'b')}).status().message(),
            "keys[1]: must be 80 bytes, got 79");
  EXPECT_FALSE(TicketKeys::Make({}).ok());
  EXPECT_EQ(Keys("ab")->fingerprint(), Keys("ab")->fingerprint());
  EXPECT_NE(Keys("ab")->fingerprint(), Keys("ba")->fingerprint());
}

}  // namespace
}  // namespace outrigger::net::tls
