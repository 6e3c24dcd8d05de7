#include "source/http/http2/server_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test/http/http2/server_harness.h"

namespace outrigger::http::http2 {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

// What came behind the handshake's frames.
std::vector<std::string> Answers(ServerHarness& server) {
  std::vector<std::string> out;
  for (const std::string& line : server.frames().lines) {
    if (!line.starts_with("SETTINGS") && !line.starts_with("WINDOW_UPDATE")) out.push_back(line);
  }
  return out;
}

TEST(ServerSession, AnswersARequest) {
  ServerHarness server;
  server.Send(Hello() + Headers(1, Get("/a?b", {{"x-one", "1"}}), true));
  EXPECT_EQ(server.events(), "GET /a?b\nhost: a.example\nx-one: 1\nend\n");
  EXPECT_THAT(Answers(server), ElementsAre("HEADERS 1 {:status: 200}", "DATA 1 \"ok\" end"));
  EXPECT_TRUE(server.session().is_idle());
  EXPECT_EQ(server.Counter("streams_active"), 0u);
}

TEST(ServerSession, HearsTheSameInWhateverPiecesItComes) {
  const std::string input =
      Hello() + Headers(1, Post("/up", {{"content-length", "6"}, {"x-n", "v"}}), false) +
      Data(1, "abc", false) + Headers(3, Get("/"), true) + Data(1, "def", false) +
      Headers(1, {{"x-t", "2"}}, true) + Ping("12345678") + Headers(5, Get("bad"), true) +
      Frame(1, 1, 7, Fields(Get("/split"))) + Frame(9, 4, 7, Field("x-c", "d"));
  std::string heard;
  for (const Cuts cuts : {Cuts::Whole(), Cuts::Bytes(), Cuts::Random(1), Cuts::Random(2)}) {
    ServerHarness server;
    server.Send(input, cuts);
    if (heard.empty()) heard = server.events();
    EXPECT_EQ(server.events(), heard);
    EXPECT_EQ(server.frames().Count("PING ack"), 1u);
  }
  EXPECT_EQ(heard,
            "POST /up\nhost: a.example\ncontent-length: 6\nx-n: v\nbody: \"abcdef\"\n"
            "trailer x-t: 2\nend\n"
            "GET /\nhost: a.example\nend\n"
            "error 400 http2.violation.of.messaging.rule\n"
            "GET /split\nhost: a.example\nx-c: d\nend\n");
}

TEST(ServerSession, SendsTrailersBehindTheBody) {
  ServerHarness server;
  server.answer = [](ServerHarness::Stream& stream) {
    stream.RespondHead(200, false, {{"content-type", "application/grpc"}});
    stream.RespondBody("message", false);
    stream.RespondTrailers({{"grpc-status", "0"}, {"Mixed-Case", "v"}});
  };
  server.Send(Hello() + Headers(1, Get("/"), true));
  EXPECT_THAT(Answers(server),
              ElementsAre("HEADERS 1 {:status: 200, content-type: application/grpc}",
                          "DATA 1 \"message\"", "HEADERS 1 {grpc-status: 0, mixed-case: v} end"));
}

TEST(ServerSession, TrailersWithoutABodyNeedNoDataFrame) {
  ServerHarness server;
  server.answer = [](ServerHarness::Stream& stream) {
    stream.RespondHead(200, false);
    stream.RespondTrailers({{"grpc-status", "5"}});
  };
  server.Send(Hello() + Headers(1, Get("/"), true));
  EXPECT_THAT(Answers(server),
              ElementsAre("HEADERS 1 {:status: 200}", "HEADERS 1 {grpc-status: 5} end"));
  EXPECT_TRUE(server.session().is_idle());
}

TEST(ServerSession, InformationalHeadsComeFirst) {
  ServerHarness server;
  server.answer = [](ServerHarness::Stream& stream) {
    stream.RespondHead(103, false, {{"link", "</a.css>"}});
    stream.Respond(200, "ok");
  };
  server.Send(Hello() + Headers(1, Get("/"), true));
  EXPECT_THAT(Answers(server), ElementsAre("HEADERS 1 {:status: 103, link: </a.css>}",
                                           "HEADERS 1 {:status: 200}", "DATA 1 \"ok\" end"));
}

TEST(ServerSession, AnswersToHeadHaveNoBody) {
  ServerHarness server;
  FieldTexts head = Get("/");
  head[0].second = "HEAD";
  server.answer = [](ServerHarness::Stream& stream) {
    stream.Respond(200, "body", {{"content-length", "4"}});
  };
  server.Send(Hello() + Headers(1, head, true));
  EXPECT_THAT(Answers(server),
              ElementsAre("HEADERS 1 {:status: 200, content-length: 4}", "DATA 1 \"\" end"));
}

TEST(ServerSession, WhatBelongsToAConnectionStays) {
  ServerHarness server;
  server.answer = [](ServerHarness::Stream& stream) {
    stream.RespondHead(200, true,
                       {{"Connection", "close"},
                        {"Keep-Alive", "timeout=5"},
                        {"Transfer-Encoding", "chunked"},
                        {"Upgrade", "h2c"},
                        {"Proxy-Connection", "close"},
                        {"Server", "s"}});
  };
  server.Send(Hello() + Headers(1, Get("/"), true));
  EXPECT_THAT(Answers(server), ElementsAre("HEADERS 1 {:status: 200, server: s} end"));
}

TEST(ServerSession, AResponseBeforeTheRequestsEndStopsTheRest) {
  ServerHarness server;
  server.answers_at_head = true;
  server.Send(Hello() + Headers(1, Post("/"), false));
  EXPECT_THAT(Answers(server), ElementsAre("HEADERS 1 {:status: 200}", "DATA 1 \"ok\" end",
                                           "RST_STREAM 1 NO_ERROR"));
  server.Send(Data(1, "still on its way", true) + Headers(3, Get("/"), true));
  EXPECT_EQ(server.frames().Count("DATA 3"), 1u) << server.frames().Text();
}

TEST(ServerSession, ConnectNamesNoPath) {
  ServerHarness server;
  server.answers_at_head = true;
  server.answer = [](ServerHarness::Stream& stream) { stream.RespondHead(200, false, {}, true); };
  server.Send(Hello() +
              Headers(1, {{":method", "CONNECT"}, {":authority", "b.example:443"}}, false) +
              Data(1, "up", false));
  EXPECT_EQ(server.events(), "CONNECT \nhost: b.example:443\nbody: \"up\"\n");
  server.stream(0).RespondBody("down", true);
  server.Send(Data(1, "more", true));
  EXPECT_EQ(server.events(), "CONNECT \nhost: b.example:443\nbody: \"upmore\"\nend\n");
  EXPECT_THAT(Answers(server), ElementsAre("HEADERS 1 {:status: 200}", "DATA 1 \"down\" end"));
  EXPECT_TRUE(server.session().is_idle());
}

FieldTexts WebSocket() {
  return {{":method", "CONNECT"}, {":protocol", "websocket"},  {":scheme", "http"},
          {":path", "/chat"},     {":authority", "a.example"}, {"sec-websocket-version", "13"}};
}

TEST(ServerSession, AnExtendedConnectBecomesAnUpgrade) {
  ServerHarness server({.allow_connect = true});
  server.answers_at_head = true;
  server.answer = [](ServerHarness::Stream& stream) { stream.RespondHead(101, false, {}, true); };
  server.Send(Hello() + Headers(1, WebSocket(), false));
  EXPECT_EQ(server.events(),
            "GET /chat upgrade websocket\nhost: a.example\nsec-websocket-version: 13\n");
  EXPECT_THAT(Answers(server), ElementsAre("HEADERS 1 {:status: 200}"));
}

TEST(ServerSession, AnExtendedConnectThatWasNotAllowedIsMalformed) {
  ServerHarness server;
  server.Send(Hello() + Headers(1, WebSocket(), false));
  EXPECT_EQ(server.events(), "error 400 http2.violation.of.messaging.rule\n");
}

TEST(ServerSession, CookiesBecomeOneField) {
  ServerHarness server;
  server.Send(Hello() +
              Headers(1, Get("/", {{"cookie", "a=1"}, {"x", "y"}, {"cookie", "b=2"}}), true));
  EXPECT_THAT(server.events(), HasSubstr("cookie: a=1; b=2\nx: y\nend"));
}

TEST(ServerSession, AClientsResetIsToldOnce) {
  ServerHarness server;
  server.answer = nullptr;
  server.Send(Hello() + Headers(1, Get("/"), true) + Rst(1, NGHTTP2_CANCEL));
  EXPECT_THAT(server.events(), EndsWith("end\nerror 400 http2.remote_reset\n"));
  EXPECT_EQ(server.stream(0).error().kind, ErrorKind::kReset);
  EXPECT_EQ(server.Counter("rx_reset"), 1u);
  EXPECT_TRUE(server.session().is_idle());
}

TEST(ServerSession, AResetOfOursSaysWhy) {
  ServerHarness server;
  server.answer = [](ServerHarness::Stream& stream) {
    stream.RespondHead(200, false);
    stream.RespondBody("part", false);
    stream.Reset(ErrorKind::kConnectionClosed);
  };
  server.Send(Hello() + Headers(1, Get("/"), true));
  EXPECT_THAT(Answers(server),
              ElementsAre("HEADERS 1 {:status: 200}", "RST_STREAM 1 INTERNAL_ERROR"));
}

TEST(ServerSession, AStreamTooManyIsRefusedAndMayBeTriedAgain) {
  ServerHarness server({.max_concurrent_streams = 1});
  server.answer = nullptr;
  server.Send(Hello() + Frame(4, 1, 0, "") + Headers(1, Get("/1"), true) +
              Headers(3, Post("/3"), false) + Data(3, "x", false));
  EXPECT_THAT(Answers(server), ElementsAre("RST_STREAM 3 REFUSED_STREAM"));
  EXPECT_EQ(server.Counter("stream_refused_errors"), 1u);
  EXPECT_FALSE(server.is_closed());
}

// --- flow control ------------------------------------------------------------------------------

TEST(ServerSession, AResponseWaitsForTheWindow) {
  ServerHarness server({.stream_output_high_bytes = 1000});
  server.answer = [](ServerHarness::Stream& stream) {
    stream.RespondHead(200, false);
    stream.RespondBody(std::string(4000, 'x'), false);
  };
  server.Send(std::string(kClientPreface) + Settings(Setting(4, 10)) + Headers(1, Get("/"), true));
  EXPECT_EQ(server.frames().data_bytes, 10u);
  EXPECT_EQ(server.stream(0).turns, "H");
  server.Send(Window(1, 1) + Window(1, 1));
  EXPECT_EQ(server.frames().data_bytes, 12u);
  server.Send(Window(1, 5000));
  EXPECT_EQ(server.frames().data_bytes, 4000u);
  EXPECT_EQ(server.stream(0).turns, "HL");
}

TEST(ServerSession, APausedStreamLeavesTheOthersTheConnectionsWindow) {
  ServerHarness server({.stream_window_bytes = 70'000, .connection_window_bytes = 80'000});
  server.answer = nullptr;
  server.Send(Hello() + Headers(1, Post("/slow"), false));
  server.stream(0).writer().PauseReading();
  for (int i = 0; i < 4; ++i) server.Send(Data(1, std::string(16'000, 's'), false));
  EXPECT_EQ(server.stream(0).body(), "");
  EXPECT_EQ(server.frames().Count("WINDOW_UPDATE 1 "), 0u) << "the stream's stays shut";
  server.Send(Headers(3, Post("/quick"), false));
  for (int i = 0; i < 4; ++i) server.Send(Data(3, std::string(16'000, 'q'), false));
  EXPECT_EQ(server.stream(1).body().size(), 64'000u);
  server.stream(0).writer().ResumeReading();
  server.Turn();
  EXPECT_EQ(server.stream(0).body().size(), 64'000u);
  EXPECT_EQ(server.frames().Count("WINDOW_UPDATE 1 "), 1u) << server.frames().Text();
}

TEST(ServerSession, AThousandSlowReadersStallNobody) {
  ServerHarness server({.stream_output_high_bytes = 1000});
  server.answer = [](ServerHarness::Stream& stream) {
    stream.RespondHead(200, false);
    stream.RespondBody(std::string(10'000, 'x'), false);
  };
  server.Send(std::string(kClientPreface) + Settings(Setting(4, 1)) + Window(0, 1 << 20));
  for (uint32_t id = 1; id < 2000; id += 2) server.Send(Headers(id, Get("/"), true));
  EXPECT_EQ(server.frames().data_bytes, 1000u);
  for (size_t i = 0; i < 1000; ++i) EXPECT_EQ(server.stream(i).turns, "H");
  server.Send(Window(1999, 20'000));
  EXPECT_EQ(server.frames().data_bytes, 1000u + 9999u);
  EXPECT_EQ(server.stream(999).turns, "HL");
  EXPECT_FALSE(server.is_over());
}

// The client of this test goes on where no window is left, as none may.
TEST(ServerSession, ManyPausedStreamsHoldNoMoreThanTheConnectionsWindowTwice) {
  ServerHarness server({.stream_window_bytes = 64'000, .connection_window_bytes = 128'000});
  server.answer = nullptr;
  server.Send(Hello());
  size_t sent = 0;
  for (uint32_t id = 1; !server.is_closed(); id += 2) {
    ASSERT_LT(id, 100u);
    server.Send(Headers(id, Post("/"), false));
    server.stream(id / 2).writer().PauseReading();
    for (int i = 0; i < 4 && !server.is_closed(); ++i, sent += 15'000) {
      server.Send(Data(id, std::string(15'000, 'x'), false));
    }
  }
  EXPECT_THAT(server.frames().lines.back(), EndsWith("FLOW_CONTROL_ERROR"));
  EXPECT_GT(sent, 128'000u);
  EXPECT_LT(sent, 2 * 128'000u + 64'000u);
}

TEST(ServerSession, WhatTheClientDoesNotTakeInTimeIsGivenUp) {
  ServerHarness server({.flush_timeout = base::Milliseconds(1000)});
  server.Send(std::string(kClientPreface) + Settings(Setting(4, 0)) + Headers(1, Get("/"), true));
  server.Turn(base::Milliseconds(1100));
  EXPECT_THAT(Answers(server), ElementsAre("HEADERS 1 {:status: 200}", "RST_STREAM 1 CANCEL"));
  EXPECT_EQ(server.Counter("tx_flush_timeout"), 1u);
  EXPECT_TRUE(server.session().is_idle());
}

// --- ends --------------------------------------------------------------------------------------

TEST(ServerSession, ADrainLetsBegunStreamsEnd) {
  ServerHarness server;
  server.answer = nullptr;
  server.Send(Hello() + Headers(1, Get("/1"), true));
  server.session().Drain();
  server.Turn();
  EXPECT_THAT(Answers(server), ElementsAre("GOAWAY 2147483647 NO_ERROR", "PING draining"));
  server.Send(Headers(3, Get("/3"), true) + Ping("draining", true));
  EXPECT_EQ(server.frames().lines.back(), "GOAWAY 3 NO_ERROR");
  server.Send(Headers(5, Get("/5"), false) + Data(5, "too late", true));
  EXPECT_EQ(server.stream_count(), 2u);
  server.stream(0).Respond(200, "one");
  server.stream(1).Respond(200, "three");
  server.Turn();
  EXPECT_EQ(server.frames().lines.back(), "DATA 3 \"three\" end") << server.frames().Text();
  EXPECT_TRUE(server.is_closed());
}

TEST(ServerSession, ADrainEndsWithoutTheClientsHelp) {
  ServerHarness server;
  server.Send(Hello());
  server.session().Drain();
  server.Turn();
  server.Turn(std::chrono::seconds(6));
  EXPECT_EQ(server.frames().lines.back(), "GOAWAY 0 NO_ERROR");
  EXPECT_TRUE(server.is_closed());
}

TEST(ServerSession, AClientThatAnswersNoPingIsGivenUp) {
  Options options;
  options.keepalive = {.interval = base::Milliseconds(1000),
                       .timeout = base::Milliseconds(500),
                       .jitter_percent = 0};
  ServerHarness server(options);
  server.Send(Hello());
  server.Turn(base::Milliseconds(1001));
  EXPECT_EQ(server.frames().Count("PING"), 1u);
  server.Send(Ping(std::string("\1\0\0\0\0\0\0\0", 8), true));
  server.Turn(base::Milliseconds(501));
  EXPECT_FALSE(server.is_closed());
  server.Turn(base::Milliseconds(501));
  server.Turn(base::Milliseconds(501));
  EXPECT_TRUE(server.is_closed());
  EXPECT_EQ(server.Counter("keepalive_timeout"), 1u);
}

TEST(ServerSession, AClientThatLeavesEndsItsStreams) {
  ServerHarness server;
  server.answer = nullptr;
  server.Send(Hello() + Headers(1, Get("/"), true));
  server.FinishSending();
  EXPECT_THAT(server.events(), EndsWith("error 400 downstream_remote_disconnect\n"));
  EXPECT_TRUE(server.is_over());
}

TEST(ServerSession, ABadPrefaceEndsTheConnection) {
  ServerHarness server;
  server.Send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
  EXPECT_EQ(server.frames().lines.back(), "GOAWAY 0 PROTOCOL_ERROR");
  EXPECT_TRUE(server.is_closed());
}

TEST(ServerSession, ASlowHeadCanBeRefused) {
  ServerHarness server;
  const std::string head = Headers(1, Get("/"), true);
  server.Send(Hello() + head.substr(0, 20));
  EXPECT_TRUE(server.session().is_reading_head());
  server.session().Refuse({.kind = ErrorKind::kTimeout, .detail = "request_header_timeout"});
  server.Turn();
  EXPECT_EQ(server.frames().lines.back(), "GOAWAY 0 ENHANCE_YOUR_CALM");
  EXPECT_TRUE(server.is_closed());
}

}  // namespace
}  // namespace outrigger::http::http2
