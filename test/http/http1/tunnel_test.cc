// Upgrades and CONNECT in both HTTP/1 codecs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "source/http/websocket.h"
#include "test/http/http1/codec_harness.h"

namespace outrigger::http::http1 {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;
using Exchange = ClientHarness::Exchange;

constexpr char kUpgrade[] =
    "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
constexpr char kConnect[] = "CONNECT b:443 HTTP/1.1\r\nHost: b:443\r\n\r\n";
constexpr char kSwitched[] = "HTTP/1.1 101 Switching Protocols\r\n";
constexpr char kNotOver[] = "this is no request\r\n\r\n";

// --- server ------------------------------------------------------------------------------------

TEST(ServerTunnel, SwitchesAndPassesBytesBothWays) {
  ServerHarness server;
  server.answer = [](ServerHarness::Stream& stream) {
    RespondTunnel(stream, {{"sec-websocket-accept", "x"}});
  };
  server.Send(kUpgrade);
  EXPECT_EQ(server.TakeOutput(), std::string(kSwitched) +
                                     "sec-websocket-accept: x\r\nconnection: upgrade\r\n"
                                     "upgrade: websocket\r\n\r\n");
  server.stream().RespondBody("from the server", false);
  server.Send(kNotOver);
  EXPECT_EQ(server.TakeOutput(), "from the server");
  EXPECT_EQ(server.stream().body(), kNotOver);
  EXPECT_FALSE(server.is_closed());
}

TEST(ServerTunnel, AnswersConnectWithoutLengthOrUpgrade) {
  ServerHarness server;
  server.answer = [](ServerHarness::Stream& stream) {
    RespondTunnel(stream, {{"content-length", "5"}});
  };
  server.Send(kConnect);
  EXPECT_EQ(server.TakeOutput(), "HTTP/1.1 200 OK\r\n\r\n");
}

TEST(ServerTunnel, EarlyBytesWaitForTheSwitch) {
  ServerHarness server;
  server.answer = nullptr;
  server.Send(std::string(kUpgrade) + "early");
  EXPECT_EQ(server.stream().body(), "");
  EXPECT_TRUE(server.connection().is_reading_paused());
  RespondTunnel(server.stream());
  server.Turn();
  EXPECT_EQ(server.stream().body(), "early");
}

TEST(ServerTunnel, EachHalfEndsByItself) {
  ServerHarness server;
  server.answer = [](ServerHarness::Stream& stream) { RespondTunnel(stream); };
  server.Send(kConnect);
  server.stream().RespondBody("all", true);
  server.Turn();
  EXPECT_TRUE(server.is_closed());  // half: we are heard to the end, and still listen
  server.Send("more");
  EXPECT_EQ(server.stream().body(), "more");
  EXPECT_FALSE(server.stream().is_complete());
  server.FinishSending();
  EXPECT_TRUE(server.stream().is_complete());
  EXPECT_FALSE(server.connection().is_open());
}

TEST(ServerTunnel, TheClientMayEndFirst) {
  ServerHarness server;
  server.answer = [](ServerHarness::Stream& stream) { RespondTunnel(stream); };
  server.Send(kConnect);
  server.FinishSending();
  EXPECT_TRUE(server.stream().is_complete());
  EXPECT_FALSE(server.is_closed());
  server.stream().RespondBody("last words", true);
  server.Turn();
  EXPECT_THAT(server.TakeOutput(), EndsWith("last words"));
  EXPECT_TRUE(server.is_closed());
}

// What follows could be a request or not: two parsers would not agree.
TEST(ServerTunnel, AnyOtherAnswerEndsTheConnection) {
  for (const char* request : {kUpgrade, kConnect}) {
    ServerHarness server;
    server.answer = [](ServerHarness::Stream& stream) { stream.Respond(403, "no"); };
    server.Send(std::string(request) + "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(server.TakeOutput(),
              "HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno");
    EXPECT_EQ(server.stream_count(), 1u);
    EXPECT_TRUE(server.is_closed());
  }
}

TEST(ServerTunnel, ASlowClientHoldsTheTunnelBack) {
  ServerHarness server({}, {.output_high_bytes = 1000});
  server.answer = [](ServerHarness::Stream& stream) { RespondTunnel(stream); };
  server.Send(kConnect);
  for (int i = 0; i < 100 && server.stream().highs() == 0; ++i) {
    server.stream().RespondBody(std::string(100'000, 'x'), false);
    server.loop().RunOnce();
  }
  EXPECT_EQ(server.stream().highs(), 1);
  server.Turn();
  EXPECT_EQ(server.stream().lows(), 1);
}

TEST(ServerTunnel, APausedTunnelIsNotRead) {
  ServerHarness server;
  server.answer = [](ServerHarness::Stream& stream) { RespondTunnel(stream); };
  server.Send(kConnect);
  server.stream().writer().PauseReading();
  server.Send("later");
  EXPECT_EQ(server.stream().body(), "");
  server.stream().writer().ResumeReading();
  server.Turn();
  EXPECT_EQ(server.stream().body(), "later");
}

TEST(ServerTunnel, AClientThatLeavesBeforeTheSwitchIsGone) {
  ServerHarness server;
  server.answer = nullptr;
  server.Send(kUpgrade);
  server.FinishSending();
  EXPECT_EQ(server.stream().error().detail, "downstream_remote_disconnect");
  EXPECT_TRUE(server.is_codec_done());
}

// --- client ------------------------------------------------------------------------------------

TEST(ClientTunnel, AsksForAnUpgradeAndSwitches) {
  ClientHarness client;
  Exchange& exchange = client.Request("GET", "/chat", {{"sec-websocket-key", "k"}}, "websocket");
  EXPECT_EQ(client.TakeOutput(),
            "GET /chat HTTP/1.1\r\nhost: h\r\nsec-websocket-key: k\r\nconnection: upgrade\r\n"
            "upgrade: websocket\r\n\r\n");
  client.Send(std::string(kSwitched) +
              "Connection: Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Accept: a\r\n\r\nhello");
  EXPECT_EQ(client.events(), "101 Switching Protocols HTTP/1.1\nSec-WebSocket-Accept: a\ntunnel\n");
  exchange.WriteBody("to the server", false);
  EXPECT_EQ(client.TakeOutput(), "to the server");
  client.FinishSending();
  EXPECT_THAT(client.events(), EndsWith("tunnel\nbody: \"hello\"\nend\n"));
  EXPECT_FALSE(client.is_closed());
  exchange.WriteBody("last words", true);
  EXPECT_EQ(client.TakeOutput(), "last words");
  EXPECT_THAT(client.events(), EndsWith("end\nnot reusable\n"));
  EXPECT_TRUE(client.is_closed());
}

TEST(ClientTunnel, OurHalfMayEndFirst) {
  ClientHarness client;
  Exchange& exchange = client.Request("CONNECT", "", {});
  client.TakeOutput();
  client.Send("HTTP/1.1 200 OK\r\n\r\n");
  exchange.WriteBody("all", true);
  EXPECT_EQ(client.TakeOutput(), "all");
  client.Send("still here");
  client.FinishSending();
  EXPECT_THAT(client.events(), EndsWith("tunnel\nbody: \"still here\"\nend\nnot reusable\n"));
}

TEST(ClientTunnel, ARefusedUpgradeIsAnOrdinaryResponse) {
  ClientHarness client;
  client.Request("GET", "/chat", {}, "websocket");
  client.Send("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(client.events(), "401 No HTTP/1.1\nContent-Length: 0\nend\nreusable\n");
}

TEST(ClientTunnel, MakesAKeyWhereThereIsNoneAndChecksTheAnswer) {
  ClientHarness client;
  client.Request("GET", "/chat", {{"sec-websocket-protocol", "p"}}, "websocket");
  const std::string sent = client.TakeOutput();
  const std::string name = "\r\nsec-websocket-key: ";
  const size_t at = sent.find(name);
  ASSERT_NE(at, std::string::npos) << sent;
  const std::string key = sent.substr(at + name.size(), 24);
  client.Send(std::string(kSwitched) +
              "Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: " +
              WebSocketAccept(key) + "\r\nSec-WebSocket-Protocol: p\r\n\r\n");
  EXPECT_EQ(client.events(),
            "101 Switching Protocols HTTP/1.1\nSec-WebSocket-Protocol: p\ntunnel\n");
}

TEST(ClientTunnel, RefusesASwitchThatIsNotWhatWasAskedFor) {
  constexpr char kToWebSocket[] = "Connection: upgrade\r\nUpgrade: websocket\r\n";
  const struct {
    std::string upgrade, fields, detail;
  } kCases[] = {
      {"websocket", "Upgrade: websocket\r\n", "http1_upgrade_not_requested"},
      {"websocket", "Connection: upgrade\r\nUpgrade: other\r\n", "http1_upgrade_not_requested"},
      {"", kToWebSocket, "http1_upgrade_not_requested"},
      {"websocket", kToWebSocket, "http1_bad_websocket_accept"},
      {"websocket", std::string(kToWebSocket) + "Sec-WebSocket-Accept: x\r\n",
       "http1_bad_websocket_accept"},
  };
  for (const auto& one : kCases) {
    ClientHarness client;
    client.Request("GET", "/", {}, one.upgrade);
    client.Send(std::string(kSwitched) + one.fields + "\r\n");
    EXPECT_EQ(client.events(), "error 502 " + one.detail + "\nnot reusable\n") << one.fields;
  }
}

TEST(ClientTunnel, AConnectionThatBreaksFailsTheTunnel) {
  ClientHarness client;
  Exchange& exchange = client.Request("CONNECT", "", {});
  client.Send("HTTP/1.1 200 OK\r\n\r\n");
  exchange.writer().Reset();
  client.Turn();
  EXPECT_THAT(client.events(), EndsWith("tunnel\nnot reusable\n"));
  EXPECT_TRUE(client.is_closed());
}

}  // namespace
}  // namespace outrigger::http::http1
