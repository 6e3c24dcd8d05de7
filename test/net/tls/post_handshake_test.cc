// TLS's own messages between data, few and many.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "source/base/text.h"
#include "test/net/tls/hand_made.h"

namespace outrigger::net::tls {
namespace {

using State = Transport::State;
using testing::HasSubstr;

// A connection whose one side may be played by hand.
struct Watched {
  Watched() {
    ServerSettings server = PlainServer(counted);
    server.key_log = std::make_shared<KeyLog>();
    server.key_log->write = [this](std::string_view line) {
      base::StrAppend(&key_log, line, "\n");
    };
    pair = std::make_unique<Pair>(*Serving(server), *Calling(PlainClient(counted)));
    EXPECT_TRUE(pair->Shake().is_open());
  }
  State ToServer(std::string_view bytes) {
    return pair->Give(pair->server(), bytes, pair->server_plain());
  }
  State ToClient(std::string_view bytes) {
    return pair->Give(pair->client(), bytes, pair->client_plain());
  }
  HandMadeRecords Client() { return HandMadeRecords(key_log, "CLIENT_TRAFFIC_SECRET_0"); }
  HandMadeRecords Server() { return HandMadeRecords(key_log, "SERVER_TRAFFIC_SECRET_0"); }

  Counted counted;
  std::string key_log;
  std::unique_ptr<Pair> pair;
};

TEST(PostHandshake, OpensWhatFollowsAChangeOfKeys) {
  Watched watched;
  HandMadeRecords client = watched.Client();
  EXPECT_EQ(watched.ToServer(client.Seal(HandMadeRecords::kData, "one ")), State::kOpen);
  EXPECT_EQ(watched.ToServer(client.UpdateKey(/*requests_answer=*/false)), State::kOpen);
  EXPECT_EQ(watched.ToServer(client.Seal(HandMadeRecords::kData, "two")), State::kOpen);
  EXPECT_EQ(watched.pair->TakeAt(watched.pair->server()), "one two");
}

TEST(PostHandshake, ChangesOurKeysToo) {
  Watched watched;
  Pair& pair = *watched.pair;
  pair.Say(pair.server(), "before ");
  HandMadeRecords client = watched.Client();
  EXPECT_EQ(watched.ToServer(client.UpdateKey(/*requests_answer=*/true)), State::kOpen);
  pair.Say(pair.server(), "after");
  EXPECT_EQ(pair.client().state(), State::kOpen) << pair.client().failure();
  EXPECT_EQ(pair.TakeAt(pair.client()), "before after");
}

TEST(PostHandshake, EndsAFloodOfKeyChanges) {
  Watched watched;
  HandMadeRecords client = watched.Client();
  int accepted = 0;
  while (accepted < 1000 && watched.ToServer(client.UpdateKey(true)) == State::kOpen) ++accepted;
  EXPECT_EQ(accepted, 32);
  EXPECT_THAT(watched.pair->server().failure(), HasSubstr("changed its keys again and again"));
  EXPECT_LT(watched.pair->server().wire().size(), 1000);
}

TEST(PostHandshake, EndsAFloodOfTickets) {
  Watched watched;
  HandMadeRecords server = watched.Server();
  const auto give = [&](uint8_t nonce) {
    return watched.ToClient(server.Seal(HandMadeRecords::kHandshake, HandMadeTicket(nonce)));
  };
  for (uint8_t i = 0; i < 32; ++i) ASSERT_EQ(give(i), State::kOpen);
  EXPECT_EQ(watched.ToClient(server.Seal(HandMadeRecords::kData, "data")), State::kOpen);
  for (uint8_t i = 0; i < 32; ++i) ASSERT_EQ(give(i), State::kOpen);
  EXPECT_EQ(give(32), State::kFailed);
  EXPECT_THAT(watched.pair->client().failure(), HasSubstr("more than 32 session tickets"));
}

TEST(PostHandshake, EndsAFloodOfEmptyRecords) {
  Watched watched;
  HandMadeRecords client = watched.Client();
  int accepted = 0;
  while (accepted < 1000 &&
         watched.ToServer(client.Seal(HandMadeRecords::kData, "")) == State::kOpen) {
    ++accepted;
  }
  EXPECT_EQ(accepted, 32);
}

TEST(PostHandshake, RefusesMessagesThatAreNotDue) {
  for (const char type : {1, 2, 11, 20, 99}) {  // ClientHello, ServerHello, ...
    Watched watched;
    HandMadeRecords client = watched.Client();
    const std::string message = {type, 0, 0, 1, 0};
    EXPECT_EQ(watched.ToServer(client.Seal(HandMadeRecords::kHandshake, message)), State::kFailed);
    watched.pair->Move();
    EXPECT_EQ(watched.pair->client().failure(), "the server sent the alert unexpected_message");
  }
}

TEST(PostHandshake, RefusesAMessageThatIsTooLong) {
  Watched watched;
  HandMadeRecords client = watched.Client();
  const std::string message = {24, '\xff', '\xff', '\xff'};
  EXPECT_EQ(watched.ToServer(client.Seal(HandMadeRecords::kHandshake, message)), State::kFailed);
}

TEST(PostHandshake, RefusesMoreThanARecordMayHold) {
  Watched watched;
  HandMadeRecords client = watched.Client();
  EXPECT_EQ(watched.ToServer(client.Seal(HandMadeRecords::kData, std::string(16'384, 'x'))),
            State::kOpen);
  EXPECT_EQ(watched.ToServer(client.Seal(HandMadeRecords::kData, std::string(16'385, 'x'))),
            State::kFailed);
  watched.pair->Move();
  EXPECT_EQ(watched.pair->client().failure(), "the server sent the alert record_overflow");
}

TEST(PostHandshake, TakesAnAlertForTheEnd) {
  Watched watched;
  HandMadeRecords client = watched.Client();
  EXPECT_EQ(watched.ToServer(client.Seal(HandMadeRecords::kAlert, std::string("\x02\x31", 2))),
            State::kFailed);
  EXPECT_EQ(watched.pair->server().failure(), "the client sent the alert access_denied");
}

// The response of `name` says that it holds until 2020 instead.
std::shared_ptr<const Certificate> StaleStapled() {
  CertificateText text{.chain_pem = FileText("stapled.pem"),
                       .key_pem = FileText("stapled.key"),
                       .ocsp_response = FileText("stapled.ocsp")};
  // thisUpdate, then [0] nextUpdate, both GeneralizedTime of 15 bytes.
  const size_t next = text.ocsp_response.find("\xa0\x11\x18\x0f");
  EXPECT_NE(next, std::string::npos);
  text.ocsp_response.replace(next + 4, 4, "2020");
  return *Certificate::Load(text);
}

struct Stapling {
  bool is_open = false;
  size_t staple_bytes = 0;
};
Stapling Staple(const Counted& counted, std::shared_ptr<const Certificate> certificate,
                ServerSettings::Ocsp policy, bool asks = true) {
  ServerSettings server = PlainServer(counted);
  server.certificates = {std::move(certificate)};
  server.ocsp = policy;
  BareClient client(*Serving(server), [&](SSL* ssl) {
    if (asks) SSL_enable_ocsp_stapling(ssl);
  });
  Stapling stapling{.is_open = client.Shake()};
  const uint8_t* data = nullptr;
  SSL_get0_ocsp_response(client.ssl(), &data, &stapling.staple_bytes);
  return stapling;
}

TEST(Ocsp, IsStapledForClientsThatAsk) {
  Counted counted;
  using Ocsp = ServerSettings::Ocsp;
  for (const Ocsp policy : {Ocsp::kLenient, Ocsp::kStrict, Ocsp::kMustStaple}) {
    EXPECT_EQ(Staple(counted, Cert("stapled", true), policy).staple_bytes,
              FileText("stapled.ocsp").size());
    const Stapling unasked = Staple(counted, Cert("stapled", true), policy, false);
    EXPECT_TRUE(unasked.is_open);
    EXPECT_EQ(unasked.staple_bytes, 0);
  }
  EXPECT_EQ(counted["ocsp_staple_requests"], 3);
  EXPECT_EQ(counted["ocsp_staple_responses"], 3);
}

TEST(Ocsp, IsLeftOutOrRefusedWhenItIsStaleAsThePolicySays) {
  Counted counted;
  using Ocsp = ServerSettings::Ocsp;
  const Stapling lenient = Staple(counted, StaleStapled(), Ocsp::kLenient);
  EXPECT_TRUE(lenient.is_open);
  EXPECT_EQ(lenient.staple_bytes, 0);
  EXPECT_EQ(counted["ocsp_staple_omitted"], 1);
  EXPECT_FALSE(Staple(counted, StaleStapled(), Ocsp::kStrict).is_open);
  EXPECT_FALSE(Staple(counted, StaleStapled(), Ocsp::kMustStaple).is_open);
  EXPECT_EQ(counted["ocsp_staple_failed"], 2);
}

TEST(Ocsp, IsDemandedWhenTheContextIsMade) {
  Counted counted;
  ServerSettings server = PlainServer(counted);
  server.ocsp = ServerSettings::Ocsp::kMustStaple;
  EXPECT_THAT(std::string(ServerContext::Make(server).status().message()),
              HasSubstr("MUST_STAPLE, and certificate \"CN=server\" has no ocsp_staple"));
  server = PlainServer(counted);
  server.certificates = {Cert("must_staple")};
  EXPECT_THAT(std::string(ServerContext::Make(server).status().message()),
              HasSubstr("demands stapling"));
}

}  // namespace
}  // namespace outrigger::net::tls
