// A client's connection on which HTTP/2 is spoken.
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "test/downstream/serving.h"
#include "test/http/http2/frames.h"

namespace outrigger::downstream {
namespace {

using http::http2::Data;
using http::http2::FieldTexts;
using http::http2::Frame;
using http::http2::FrameTexts;
using http::http2::Get;
using http::http2::Headers;
using http::http2::Hello;
using http::http2::Ping;
using http::http2::Post;
using http::http2::Rst;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

// Serves, and reads back the frames.
class Http2Serving : public Serving {
 public:
  void Send(std::string_view bytes) { frames.Add(Serving::Send(bytes)); }
  void Advance(base::Nanoseconds by) { frames.Add(Serving::Advance(by)); }
  void Read() {
    Turn();
    frames.Add(Received());
  }
  std::string sent() const { return frames.Text(); }
  FrameTexts frames;
};

std::string Begin(uint32_t stream) { return Headers(stream, Get("/x"), true); }

FieldTexts WebSocket() {
  FieldTexts fields = Get("/chat", {{":protocol", "websocket"}, {"sec-websocket-version", "13"}});
  std::swap(fields[4], fields[1]);
  fields[0].second = "CONNECT";
  return fields;
}

route::RouteSpec ToAll() {
  route::RouteSpec spec;
  spec.path.text = "/";
  route::ForwardAction action;
  action.cluster_header = "x-cluster";
  spec.action = std::move(action);
  return spec;
}

TEST(Http2Connection, IsKnownByItsPrefaceHoweverItComes) {
  Http2Serving serving;
  for (const char c : Hello() + Begin(1)) serving.Send({&c, 1});
  EXPECT_EQ(serving.backend.seen, "GET /x");
  EXPECT_THAT(serving.frames.lines, Contains("DATA 1 \"ok\" end"));
  EXPECT_THAT(serving.sent(), HasSubstr("HEADERS 1 {:status: 200"));
  EXPECT_EQ(serving.Count("downstream_cx_http2_total"), 1u);
  EXPECT_EQ(serving.Count("downstream_cx_http2_active"), 1u);
  EXPECT_EQ(serving.Count("downstream_cx_http1_total"), 0u);
  EXPECT_EQ(serving.Count("downstream_rq_http2_total"), 1u);
  EXPECT_EQ(serving.Count("downstream_rq_http1_total"), 0u);
  EXPECT_EQ(serving.Count("downstream_rq_2xx"), 1u);
  EXPECT_EQ(serving.backend.protocol, http::Protocol::kHttp2);
}

TEST(Http2Connection, IsSpokenWithoutAskingWhereConfigured) {
  Http2Serving serving;
  serving.options->codec_type = CodecType::kHttp2;
  serving.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(serving.sent(), HasSubstr("GOAWAY 0 PROTOCOL_ERROR"));
  EXPECT_EQ(serving.Count("downstream_cx_protocol_error"), 1u);
  EXPECT_TRUE(serving.saw_end);
}

TEST(Http2Connection, CountsWhatBreaksItButNotWhatFloodsIt) {
  Http2Serving broken;
  broken.Send(Hello() + Begin(1) + Frame(NGHTTP2_SETTINGS, 0, 1, ""));
  EXPECT_THAT(broken.sent(), HasSubstr("PROTOCOL_ERROR"));
  EXPECT_EQ(broken.Count("downstream_cx_protocol_error"), 1u);
  Http2Serving flooded;
  std::string pings;
  for (int i = 0; i < 2000; ++i) pings += Frame(NGHTTP2_PING, 0, 0, "12345678");
  flooded.Send(Hello() + pings);
  EXPECT_THAT(flooded.sent(), HasSubstr("GOAWAY 0 ENHANCE_YOUR_CALM"));
  EXPECT_EQ(flooded.Count("downstream_cx_protocol_error"), 0u);
}

TEST(Http2Connection, GivesFiltersOneCookie) {
  Http2Serving serving;
  serving.Send(Hello() + Headers(1, Get("/", {{"cookie", "a=1"}, {"cookie", "b=2"}}), true));
  EXPECT_EQ(serving.backend.cookie, "a=1; b=2");
}

TEST(Http2Connection, ServesManyStreamsAtOnceInAnyOrder) {
  Http2Serving serving;
  serving.backend.answers = false;
  std::string input = Hello();
  for (uint32_t id = 1; id < 200; id += 2) input += Begin(id);
  serving.Send(input);
  EXPECT_EQ(serving.backend.live, 100);
  EXPECT_EQ(serving.Count("downstream_rq_active"), 100u);
  serving.Send(Rst(1, 8) + Rst(199, 8) + Rst(101, 8));
  EXPECT_EQ(serving.backend.live, 97);
  EXPECT_EQ(serving.Count("downstream_rq_active"), 97u);
  serving.HangUp();
  EXPECT_EQ(serving.backend.live, 0);
  EXPECT_EQ(serving.log->count, 100);
  EXPECT_EQ(serving.Count("downstream_rq_active"), 0u);
  EXPECT_EQ(serving.Count("downstream_cx_destroy_active_rq"), 1u);
}

TEST(Http2Connection, LogsAClientThatResetsItsStream) {
  Http2Serving serving;
  serving.backend.answers = false;
  serving.Send(Hello() + Begin(1));
  serving.Send(Rst(1, 8));
  EXPECT_EQ(serving.log->detail, "http2.remote_reset");
  EXPECT_EQ(serving.log->flags, 1u << static_cast<int>(http::ResponseFlag::kDownstreamRemoteReset));
  EXPECT_EQ(serving.Count("downstream_rq_rx_reset"), 1u);
  EXPECT_TRUE(serving.is_open());
}

TEST(Http2Connection, EndsEachStreamAtItsOwnDeadline) {
  Http2Serving serving;
  serving.backend.answers = false;
  serving.options->timeouts.max_stream_duration = seconds(10);
  serving.Send(Hello() + Begin(1));
  serving.Advance(seconds(6));
  serving.Send(Begin(3));
  serving.Advance(seconds(5));
  EXPECT_THAT(serving.sent(), HasSubstr("HEADERS 1 {:status: 504"));
  EXPECT_THAT(serving.sent(), Not(HasSubstr("HEADERS 3")));
  EXPECT_EQ(serving.log->detail, "max_duration_timeout");
  serving.Advance(seconds(6));
  EXPECT_THAT(serving.sent(), HasSubstr("HEADERS 3 {:status: 504"));
  EXPECT_TRUE(serving.is_open());
}

TEST(Http2Connection, TimesOutARequestThatDoesNotEnd) {
  Http2Serving serving;
  serving.options->timeouts.request = seconds(5);
  serving.Send(Hello() + Headers(1, Post("/x"), false));
  serving.Advance(seconds(6));
  EXPECT_THAT(serving.sent(), HasSubstr("HEADERS 1 {:status: 408"));
  EXPECT_THAT(serving.frames.lines, Contains("RST_STREAM 1 NO_ERROR"));
  EXPECT_TRUE(serving.is_open());
}

TEST(Http2Connection, EndsWhenAHeadDoesNotComeInTime) {
  Http2Serving serving;
  serving.options->timeouts.request_headers = seconds(5);
  serving.Send(Hello() + Begin(1).substr(0, 12));
  serving.Advance(seconds(6));
  EXPECT_THAT(serving.sent(), HasSubstr("GOAWAY"));
  EXPECT_TRUE(serving.saw_end);
  EXPECT_EQ(serving.Count("downstream_rq_header_timeout"), 1u);
}

TEST(Http2Connection, ManyDeadlinesAreCheckedTogether) {
  Http2Serving serving;
  serving.backend.answers = false;
  serving.options->http2.max_concurrent_streams = 1000;
  serving.options->timeouts.stream_idle = seconds(5);
  std::string input = Hello();
  for (uint32_t id = 1; id < 2000; id += 2) input += Begin(id);
  serving.Send(input);
  EXPECT_EQ(serving.backend.live, 1000);
  serving.Advance(seconds(5));
  serving.Advance(milliseconds(20));
  EXPECT_EQ(serving.backend.live, 0);
  EXPECT_EQ(serving.Count("downstream_rq_idle_timeout"), 1000u);
  EXPECT_TRUE(serving.is_open());
}

TEST(Http2Connection, DrainsWithGoAwayAndEndsWithItsLastStream) {
  Http2Serving serving;
  serving.backend.answers = false;
  serving.Send(Hello() + Begin(1));
  serving.connection().Drain(true);
  serving.Read();
  EXPECT_THAT(serving.sent(), HasSubstr("GOAWAY 2147483647 NO_ERROR"));
  serving.connection().StopDraining();
  serving.Send(Ping("draining", true));
  EXPECT_THAT(serving.sent(), HasSubstr("GOAWAY 1 NO_ERROR"));
  EXPECT_FALSE(serving.saw_end);
  serving.backend.sink->SendResponseHead(true);
  serving.Read();
  EXPECT_TRUE(serving.saw_end);
}

TEST(Http2Connection, DrainsAClientThatNeverAnswers) {
  Http2Serving serving;
  serving.options->timeouts.drain = seconds(3);
  serving.Send(Hello());
  serving.connection().Drain(false);
  serving.Advance(seconds(2));
  EXPECT_TRUE(serving.is_open());
  serving.Advance(seconds(2));
  EXPECT_FALSE(serving.is_open());
  EXPECT_EQ(serving.Count("downstream_cx_drain_close"), 1u);
}

TEST(Http2Connection, SaysGoAwayWhenIdleForTooLong) {
  Http2Serving serving;
  serving.options->timeouts.connection_idle = seconds(10);
  serving.Send(Hello() + Begin(1));
  serving.Advance(seconds(11));
  EXPECT_THAT(serving.sent(), HasSubstr("GOAWAY 2147483647 NO_ERROR"));
  EXPECT_EQ(serving.Count("downstream_cx_idle_timeout"), 1u);
  serving.Send(Ping("draining", true));
  EXPECT_TRUE(serving.saw_end);
}

TEST(Http2Connection, SaysGoAwayAtItsLastAllowedRequest) {
  Http2Serving serving;
  serving.options->max_requests_per_connection = 2;
  serving.Send(Hello() + Begin(1));
  EXPECT_THAT(serving.sent(), Not(HasSubstr("GOAWAY")));
  serving.Send(Begin(3));
  EXPECT_THAT(serving.sent(), HasSubstr("GOAWAY 2147483647 NO_ERROR"));
  EXPECT_EQ(serving.Count("downstream_cx_max_requests_reached"), 1u);
}

TEST(Http2Connection, ReachesItsLongestLife) {
  Http2Serving serving;
  serving.options->timeouts.max_connection_duration = seconds(10);
  serving.Send(Hello());
  serving.Advance(seconds(11));
  EXPECT_THAT(serving.sent(), HasSubstr("GOAWAY 2147483647 NO_ERROR"));
  EXPECT_EQ(serving.Count("downstream_cx_max_duration_reached"), 1u);
}

TEST(Http2Connection, OpensAWebSocketInAStream) {
  Http2Serving serving;
  serving.route = ToAll();
  serving.options->http2.allow_connect = true;
  serving.options->upgrades.Add("websocket", true);
  serving.backend.opens_tunnels = true;
  serving.Send(Hello() + Headers(1, WebSocket(), false));
  EXPECT_EQ(serving.backend.seen, "GET /chat");
  EXPECT_THAT(serving.sent(), HasSubstr("HEADERS 1 {:status: 200"));
  serving.Send(Data(1, "up", false));
  EXPECT_EQ(serving.backend.body, "up");
  serving.Answer("down", true);
  serving.Read();
  EXPECT_THAT(serving.frames.lines, Contains("DATA 1 \"down\" end"));
  EXPECT_EQ(serving.log->count, 0) << "the client's half goes on";
  serving.Send(Data(1, "more", true));
  EXPECT_EQ(serving.backend.body, "upmore");
  EXPECT_TRUE(serving.backend.has_request_ended);
  EXPECT_EQ(serving.log->count, 1);
  EXPECT_EQ(serving.log->flags, 0u);
  EXPECT_EQ(serving.Count("downstream_cx_upgrades_active"), 0u);
  EXPECT_THAT(serving.sent(), Not(HasSubstr("RST_STREAM")));
  EXPECT_TRUE(serving.is_open());
}

TEST(Http2Connection, LetsTheClientEndItsHalfOfATunnelFirst) {
  Http2Serving serving;
  serving.route = ToAll();
  serving.options->http2.allow_connect = true;
  serving.options->upgrades.Add("websocket", true);
  serving.backend.opens_tunnels = true;
  serving.Send(Hello() + Headers(1, WebSocket(), false) + Data(1, "", true));
  EXPECT_TRUE(serving.backend.has_request_ended);
  EXPECT_EQ(serving.log->count, 0);
  serving.Answer("down", true);
  serving.Read();
  EXPECT_THAT(serving.frames.lines, Contains("DATA 1 \"down\" end"));
  EXPECT_EQ(serving.log->count, 1);
  EXPECT_THAT(serving.sent(), Not(HasSubstr("RST_STREAM")));
}

TEST(Http2Connection, RefusesAWebSocketThatIsNotAllowed) {
  Http2Serving serving;
  serving.route = ToAll();
  serving.options->http2.allow_connect = true;
  serving.Send(Hello() + Headers(1, WebSocket(), false));
  EXPECT_THAT(serving.sent(), HasSubstr("HEADERS 1 {:status: 403"));
  EXPECT_EQ(serving.log->detail, "upgrade_failed");
  EXPECT_TRUE(serving.is_open());
}

}  // namespace
}  // namespace outrigger::downstream
