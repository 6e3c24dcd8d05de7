// Upgrades and CONNECT on a client's connection, in HTTP/1.
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "test/downstream/serving.h"

namespace outrigger::downstream {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::string_view kUpgrade =
    "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
constexpr std::string_view kConnect = "CONNECT b:443 HTTP/1.1\r\nHost: b:443\r\n\r\n";

route::RouteSpec Route(route::PathMatch::Kind kind, route::ForwardAction action = {}) {
  route::RouteSpec spec;
  spec.path.kind = kind;
  spec.path.text = "/";
  action.cluster_header = "x-cluster";
  spec.action = std::move(action);
  return spec;
}

// Allows WebSocket to everything, and lets the backend open what it is asked for.
class Tunnels : public Serving {
 public:
  Tunnels() {
    options->upgrades.Add("websocket", true);
    backend.opens_tunnels = true;
    route = Route(route::PathMatch::Kind::kPrefix);
  }
};

TEST(ServerTunnels, AnswerAKeyThatTheUpstreamDidNotAnswer) {
  Tunnels serving;
  const std::string answer = serving.Send(kUpgrade);
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 101 Switching Protocols\r\n"));
  EXPECT_THAT(answer, HasSubstr("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"));
}

TEST(ServerTunnels, EndWhenBothHalvesHave) {
  Tunnels serving;
  serving.Send(kUpgrade);
  EXPECT_EQ(serving.Count("downstream_cx_upgrades_total"), 1u);
  EXPECT_EQ(serving.Count("downstream_cx_upgrades_active"), 1u);
  serving.Send("to the server");
  EXPECT_EQ(serving.backend.body, "to the server");
  serving.Answer("bye", true);
  EXPECT_EQ(serving.Received(), "bye");
  EXPECT_TRUE(serving.saw_end);
  EXPECT_EQ(serving.log->count, 0);
  serving.FinishSending();
  EXPECT_TRUE(serving.backend.has_request_ended);
  EXPECT_EQ(serving.log->count, 1);
  EXPECT_EQ(serving.log->status, 101);
  EXPECT_EQ(serving.log->flags, 0u);
  EXPECT_EQ(serving.log->request_bytes, 13u);
  EXPECT_EQ(serving.log->response_bytes, 3u);
  EXPECT_EQ(serving.Count("downstream_cx_upgrades_active"), 0u);
  EXPECT_FALSE(serving.is_open());
}

TEST(ServerTunnels, LetTheClientEndFirst) {
  Tunnels serving;
  serving.Send(kUpgrade);
  serving.FinishSending();
  EXPECT_TRUE(serving.backend.has_request_ended);
  EXPECT_TRUE(serving.is_open());
  serving.Answer("last words", true);
  EXPECT_EQ(serving.Received(), "last words");
  EXPECT_FALSE(serving.is_open());
  EXPECT_EQ(serving.log->flags, 0u);
}

TEST(ServerTunnels, AreRefusedUnlessTheyAreAllowed) {
  for (const std::string_view request : {kUpgrade, kConnect}) {
    Tunnels serving;
    serving.options->upgrades = {};
    serving.route = Route(request == kConnect ? route::PathMatch::Kind::kConnect
                                              : route::PathMatch::Kind::kPrefix);
    const std::string answer = serving.Send(std::string(request) + std::string(request));
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 403 Forbidden\r\n"));
    EXPECT_THAT(answer, HasSubstr("connection: close\r\n"));
    EXPECT_TRUE(serving.saw_end);
    EXPECT_EQ(serving.log->detail, "upgrade_failed");
    EXPECT_EQ(serving.log->count, 1) << "what followed is not read as a request";
    EXPECT_EQ(serving.backend.requests, 0);
    EXPECT_EQ(serving.Count("downstream_rq_ws_on_non_ws_route"), 1u);
    EXPECT_EQ(serving.Count("downstream_cx_upgrades_total"), 0u);
  }
}

TEST(ServerTunnels, AreRefusedWhereThereAreNoRoutes) {
  Tunnels serving;
  serving.options->upgrades = {};
  serving.route.reset();
  EXPECT_THAT(serving.Send(kUpgrade), StartsWith("HTTP/1.1 403 Forbidden\r\n"));
  EXPECT_TRUE(serving.saw_end);
}

TEST(ServerTunnels, AreAllowedOrRefusedByTheRouteFirst) {
  for (const bool is_allowed : {true, false}) {
    Tunnels serving;
    serving.options->upgrades = {};
    serving.options->upgrades.Add("websocket", !is_allowed);
    route::ForwardAction action;
    action.upgrades.Add("WebSocket", is_allowed);
    serving.route = Route(route::PathMatch::Kind::kPrefix, std::move(action));
    EXPECT_THAT(serving.Send(kUpgrade), HasSubstr(is_allowed ? " 101 " : " 403 "));
  }
}

TEST(ServerTunnels, OpenForConnect) {
  Tunnels serving;
  serving.options->upgrades.Add("CONNECT", true);
  serving.route = Route(route::PathMatch::Kind::kConnect);
  EXPECT_THAT(serving.Send(kConnect), StartsWith("HTTP/1.1 200 OK\r\n"));
  serving.Send("bytes");
  EXPECT_EQ(serving.backend.body, "bytes");
}

TEST(ServerTunnels, DoNotWaitForARequestsEndBeforeTheyStand) {
  Tunnels serving;
  serving.backend.opens_tunnels = false;
  serving.backend.answers = false;
  serving.options->timeouts.request = seconds(5);
  serving.options->timeouts.stream_idle = seconds(60);
  serving.Send(kUpgrade);
  EXPECT_EQ(serving.Advance(seconds(30)), "");
  EXPECT_THAT(serving.Advance(seconds(31)), StartsWith("HTTP/1.1 504 "));
}

TEST(ServerTunnels, EndWhenIdleForTooLong) {
  Tunnels serving;
  serving.options->timeouts.stream_idle = seconds(5);
  serving.Send(kUpgrade);
  serving.Advance(seconds(4));
  serving.Send("still alive");
  serving.Advance(seconds(4));
  EXPECT_TRUE(serving.is_open());
  serving.Advance(seconds(2));
  EXPECT_FALSE(serving.is_open());
  EXPECT_EQ(serving.Count("downstream_rq_idle_timeout"), 1u);
  EXPECT_EQ(serving.log->detail, "stream_idle_timeout");
}

TEST(ServerTunnels, SurviveADrainOfTheListener) {
  Tunnels serving;
  serving.Send(kUpgrade);
  serving.connection().Drain(true);
  serving.Turn();
  serving.Send("still here");
  EXPECT_EQ(serving.backend.body, "still here");
}

TEST(ServerTunnels, AreNotedAsBrokenWhenTheClientResets) {
  Tunnels serving;
  serving.Send(kUpgrade);
  serving.HangUp();
  serving.Answer("into the void", false);
  EXPECT_EQ(serving.backend.live, serving.is_open() ? 1 : 0);
}

}  // namespace
}  // namespace outrigger::downstream
