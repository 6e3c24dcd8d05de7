// What happens on a connection once it stands.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "source/base/text.h"
#include "test/net/tls/world.h"

namespace outrigger::net::tls {
namespace {

using State = Transport::State;
using testing::HasSubstr;
using testing::StartsWith;

std::string Noise(size_t size) {
  std::minstd_rand random(size);
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

// The lengths of the records in `wire`, headers left out.
std::vector<size_t> RecordSizes(base::Buffer& wire) {
  std::vector<size_t> sizes;
  const std::string bytes = wire.ToString();
  for (size_t at = 0; at + 5 <= bytes.size();) {
    const size_t size =
        static_cast<uint8_t>(bytes[at + 3]) * 256 + static_cast<uint8_t>(bytes[at + 4]);
    sizes.push_back(size);
    at += 5 + size;
  }
  return sizes;
}

struct Connected {
  explicit Connected(size_t cut = 0, Version version = Version::kTls13) {
    ServerSettings server = PlainServer(counted);
    server.parameters.max_version = version;
    pair = std::make_unique<Pair>(*Serving(server), *Calling(PlainClient(counted)),
                                  ClientTransportOptions{}, cut);
    EXPECT_TRUE(pair->Shake().is_open());
    pair->Say(pair->server(), "x");  // tickets go with the first data
    pair->TakeAt(pair->client());
  }
  Counted counted;
  std::unique_ptr<Pair> pair;
};

TEST(Stream, CarriesAMegabyteEachWayInAnyCut) {
  for (const Version version : {Version::kTls12, Version::kTls13}) {
    for (const size_t cut : {0, 1000, 16'000, 47'000}) {
      Connected connected(cut, version);
      Pair& pair = *connected.pair;
      const std::string text = Noise(1 << 20);
      pair.Say(pair.client(), text);
      pair.Say(pair.server(), text);
      EXPECT_EQ(pair.TakeAt(pair.server()), text);
      EXPECT_EQ(pair.TakeAt(pair.client()), text);
    }
  }
}

TEST(Stream, CarriesDataByteByByte) {
  Connected connected(1);
  Pair& pair = *connected.pair;
  const std::string text = Noise(40'000);
  pair.Say(pair.client(), text);
  EXPECT_EQ(pair.TakeAt(pair.server()), text);
}

TEST(Stream, PutsSmallSlicesIntoOneRecord) {
  Connected connected;
  base::Buffer plain;
  for (int i = 0; i < 10; ++i) plain.Append(base::Slice::Copy(Noise(100)));
  const std::string text = plain.ToString();
  Transport& client = connected.pair->client();
  client.Seal(plain);
  EXPECT_TRUE(plain.empty());
  EXPECT_EQ(RecordSizes(client.wire()).size(), 1);
  connected.pair->Move();
  EXPECT_EQ(connected.pair->TakeAt(connected.pair->server()), text);
}

TEST(Stream, BeginsWithSmallRecordsAndGoesOnWithFullOnes) {
  Connected connected;
  Transport& client = connected.pair->client();
  base::Buffer plain;
  plain.Append(Noise(100'000));
  client.Seal(plain);
  EXPECT_TRUE(plain.empty());
  const std::vector<size_t> sizes = RecordSizes(client.wire());
  EXPECT_LT(sizes.front(), 1'448);
  EXPECT_EQ(*std::ranges::max_element(sizes), 16'384 + 17);
}

TEST(Stream, StopsSealingWhereTheWireIsFull) {
  Connected connected;
  Transport& client = connected.pair->client();
  base::Buffer plain;
  plain.Append(Noise(1 << 20));
  client.Seal(plain);
  EXPECT_GT(plain.size(), 800'000);
  EXPECT_GE(client.wire().size(), 128 * 1024);
  EXPECT_LT(client.wire().size(), 128 * 1024 + 17'000);
  const size_t left = plain.size();
  client.Seal(plain);
  EXPECT_EQ(plain.size(), left);
}

TEST(Stream, EndsEachDirectionOnItsOwn) {
  for (const Version version : {Version::kTls12, Version::kTls13}) {
    Connected connected(0, version);
    Pair& pair = *connected.pair;
    pair.Say(pair.client(), "last words");
    pair.client().Finish();
    pair.Move();
    EXPECT_EQ(pair.server().state(), State::kEnded);
    EXPECT_EQ(pair.TakeAt(pair.server()), "last words");
    EXPECT_EQ(pair.client().state(), State::kOpen);
    pair.Say(pair.server(), "an answer");
    EXPECT_EQ(pair.TakeAt(pair.client()), "an answer");
    pair.server().Finish();
    pair.Move();
    EXPECT_EQ(pair.client().state(), State::kEnded);
  }
}

TEST(Stream, KnowsWhatWasCutOff) {
  Connected cut;
  cut.pair->server().NoteSocketEnd("connection reset");
  EXPECT_TRUE(cut.pair->server().is_cut_off());
  EXPECT_EQ(cut.pair->server().failure(), "");
  Connected ended;
  ended.pair->client().Finish();
  ended.pair->Move();
  ended.pair->server().NoteSocketEnd("connection reset");
  EXPECT_FALSE(ended.pair->server().is_cut_off());
}

TEST(Stream, FailsWhereTheSocketEndsDuringTheHandshake) {
  Counted counted;
  Pair pair(*Serving(PlainServer(counted)), *Calling(PlainClient(counted)));
  pair.client().Start();
  pair.MoveOnce(pair.client(), pair.server(), pair.server_plain());
  pair.server().NoteSocketEnd("handshake timeout");
  EXPECT_EQ(pair.server().state(), State::kFailed);
  EXPECT_EQ(pair.server().failure(), "handshake timeout");
  EXPECT_EQ(counted["connection_error"], 1);
}

TEST(Stream, IgnoresWhatFollowsTheEnd) {
  Connected connected;
  Pair& pair = *connected.pair;
  pair.client().Finish();
  pair.Move();
  EXPECT_EQ(pair.Give(pair.server(), "garbage", pair.server_plain()), State::kEnded);
  EXPECT_TRUE(pair.server_plain().empty());
}

TEST(Stream, FailsOnARecordThatWasChanged) {
  for (const Version version : {Version::kTls12, Version::kTls13}) {
    Connected connected(0, version);
    Pair& pair = *connected.pair;
    base::Buffer plain;
    plain.Append("secret");
    pair.client().Seal(plain);
    std::string bytes = pair.client().wire().ToString();
    bytes.back() ^= 1;
    EXPECT_EQ(pair.Give(pair.server(), bytes, pair.server_plain()), State::kFailed);
    EXPECT_TRUE(pair.server_plain().empty());
    EXPECT_THAT(pair.server().failure(), HasSubstr("bad record mac"));
    pair.client().wire().Clear();
    pair.Move();
    EXPECT_EQ(pair.client().failure(), "the server sent the alert bad_record_mac");
  }
}

TEST(Stream, FailsOnARecordThatIsTooLong) {
  Connected connected;
  Pair& pair = *connected.pair;
  EXPECT_EQ(pair.Give(pair.server(), "\x17\x03\x03\xff\xff", pair.server_plain()), State::kFailed);
  pair.Move();
  EXPECT_EQ(pair.client().failure(), "the server sent the alert record_overflow");
}

TEST(Stream, RefusesToRenegotiate) {
  // A ClientHello in the clear where only sealed records may come.
  Connected connected(0, Version::kTls12);
  Pair& pair = *connected.pair;
  EXPECT_EQ(pair.Give(pair.server(), std::string("\x16\x03\x03\x00\x04\x01\x00\x00\x00", 9),
                      pair.server_plain()),
            State::kFailed);
}

TEST(Outdated, IsWhatAnotherCertificateOrTrustReplaced) {
  Counted counted;
  ServerSettings server = PlainServer(counted);
  const auto serving = Serving(server);
  ClientSettings client = PlainClient(counted);
  const auto calling = Calling(client);
  Pair pair(*serving, *calling);
  pair.Shake();
  server.application_protocols = {"h2"};  // no reason to go
  serving->Set(*ServerContext::Make(server));
  EXPECT_FALSE(pair.server().is_outdated());
  server.certificates = {Cert("server_new")};
  serving->Set(*ServerContext::Make(server));
  EXPECT_TRUE(pair.server().is_outdated());
  EXPECT_FALSE(pair.client().is_outdated());
  client.trust = TrustIn("root", [](TrustSettings& trust) { trust.max_depth = 1; });
  calling->Set(*ClientContext::Make(client));
  EXPECT_TRUE(pair.client().is_outdated());
  Pair fresh(*serving, *calling);
  EXPECT_TRUE(fresh.Shake().is_open());
  EXPECT_FALSE(fresh.server().is_outdated());
}

TEST(Outdated, IsOurCertificateThatHasExpired) {
  Counted counted;
  ServerSettings server = PlainServer(counted);
  server.certificates = {Cert("expired")};
  ClientSettings client = PlainClient(counted);
  client.trust = nullptr;
  Pair pair(*Serving(server), *Calling(client));
  ASSERT_TRUE(pair.Shake().is_open());
  EXPECT_TRUE(pair.server().is_outdated());
}

TEST(Contexts, MakeNothingBeforeTheFirstSet) {
  EXPECT_EQ(ServerContexts::New()->Make(), nullptr);
  EXPECT_EQ(ClientContexts::New()->Make({}), nullptr);
  EXPECT_EQ(ServerContexts::New()->Get(), nullptr);
}

TEST(Contexts, AreSharedByEqualSettings) {
  Counted counted;
  EXPECT_EQ(*ServerContext::Make(PlainServer(counted)), *ServerContext::Make(PlainServer(counted)));
  EXPECT_EQ(*ClientContext::Make(PlainClient(counted)), *ClientContext::Make(PlainClient(counted)));
  ServerSettings server = PlainServer(counted);
  server.requires_server_name = true;
  EXPECT_NE(*ServerContext::Make(server), *ServerContext::Make(PlainServer(counted)));
}

TEST(Contexts, RefuseSettingsByName) {
  Counted counted;
  const auto message = [](const auto& result) { return std::string(result.status().message()); };
  ServerSettings server = PlainServer(counted);
  server.parameters.cipher_suites = {"ECDHE-ECDSA-AES128-GCM-SHA256", "RC5-SHA"};
  EXPECT_THAT(message(ServerContext::Make(server)),
              StartsWith("tls_params.cipher_suites[1]: unknown or unsupported, got \"RC5-SHA\""));
  server = PlainServer(counted);
  server.parameters.groups = {"P-257"};
  EXPECT_THAT(message(ServerContext::Make(server)), StartsWith("tls_params.ecdh_curves[0]: "));
  server = PlainServer(counted);
  server.parameters.signature_algorithms = {"rsa_md5"};
  EXPECT_THAT(message(ServerContext::Make(server)),
              StartsWith("tls_params.signature_algorithms[0]: "));
  server = PlainServer(counted);
  server.parameters.min_version = Version::kTls13;
  server.parameters.max_version = Version::kTls12;
  EXPECT_THAT(message(ServerContext::Make(server)), HasSubstr("tls_minimum_protocol_version"));
  server = PlainServer(counted);
  server.certificates = {};
  EXPECT_THAT(message(ServerContext::Make(server)), HasSubstr("a server needs a certificate"));
  server = PlainServer(counted);
  server.requires_client_certificate = true;
  EXPECT_THAT(message(ServerContext::Make(server)), StartsWith("require_client_certificate: "));
  server = PlainServer(counted);
  server.application_protocols = {""};
  EXPECT_THAT(message(ServerContext::Make(server)), StartsWith("alpn_protocols: "));
}

}  // namespace
}  // namespace outrigger::net::tls
