#include "source/downstream/server_connection.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "source/base/text.h"
#include "test/downstream/serving.h"

namespace outrigger::downstream {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kGet = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";

TEST(ServerConnection, ServesRequestsOneAfterTheOther) {
  Serving serving;
  EXPECT_THAT(serving.Send(kGet), StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(serving.backend.seen, "GET /x");
  EXPECT_THAT(serving.Send(kGet), HasSubstr("\r\n\r\nok"));
  EXPECT_EQ(serving.backend.requests, 2);
  EXPECT_EQ(serving.backend.live, 0);
  EXPECT_TRUE(serving.is_open());
  EXPECT_EQ(serving.Count("downstream_rq_total"), 2u);
  EXPECT_EQ(serving.Count("downstream_rq_2xx"), 2u);
  EXPECT_EQ(serving.Count("downstream_rq_active"), 0u);
  EXPECT_EQ(serving.log->count, 2);
  EXPECT_EQ(serving.log->detail, "via_upstream");
}

TEST(ServerConnection, ServesPipelinedRequests) {
  Serving serving;
  const std::string answers = serving.Send(base::StrCat(kGet, kGet, kGet));
  EXPECT_EQ(serving.backend.requests, 3);
  EXPECT_THAT(answers, HasSubstr("okHTTP/1.1 200 OK"));
}

TEST(ServerConnection, HandsOverBodies) {
  Serving serving;
  serving.Send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
  EXPECT_THAT(serving.Send("def"), HasSubstr("200 OK"));
  EXPECT_EQ(serving.backend.body, "abcdef");
}

TEST(ServerConnection, SaysContinueToAClientThatWaits) {
  Serving serving;
  EXPECT_THAT(
      serving.Send(
          "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"),
      StartsWith("HTTP/1.1 100 Continue\r\n\r\n"));
  EXPECT_THAT(serving.Send("abc"), StartsWith("HTTP/1.1 200 OK"));
}

TEST(ServerConnection, TakesWhatOnlyBeginsLikeHttp2ForHttp1) {
  Serving serving;
  EXPECT_EQ(serving.Send("P"), "");
  EXPECT_EQ(serving.Count("downstream_cx_http1_total"), 0u);
  EXPECT_THAT(serving.Send("RI /x HTTP/1.1\r\nHost: a\r\n\r\n"), StartsWith("HTTP/1.1 200 OK"));
  EXPECT_EQ(serving.backend.seen, "PRI /x");
  EXPECT_EQ(serving.Count("downstream_cx_http1_total"), 1u);
  EXPECT_EQ(serving.Count("downstream_cx_http1_active"), 1u);
}

TEST(ServerConnection, TimesOutAClientThatNeverSaysWhatItSpeaks) {
  Serving serving;
  serving.options->timeouts.request_headers = seconds(5);
  serving.Send("PRI * HTTP/2.0\r\n");
  EXPECT_THAT(serving.Advance(seconds(6)), StartsWith("HTTP/1.1 408 Request Timeout"));
  EXPECT_EQ(serving.log->detail, "request_header_timeout");
}

TEST(ServerConnection, SpeaksHttp1OnlyWhereConfigured) {
  Serving serving;
  serving.options->codec_type = CodecType::kHttp1;
  EXPECT_THAT(serving.Send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
              StartsWith("HTTP/1.1 505 HTTP Version Not Supported"));
  EXPECT_EQ(serving.log->detail, "http1_http2_preface");
}

TEST(ServerConnection, ClosesAnUnfinishedHeadWhenIdleForTooLong) {
  Serving serving;
  serving.options->timeouts.connection_idle = seconds(10);
  serving.Send("GET /x HT");
  serving.Advance(seconds(11));
  EXPECT_FALSE(serving.is_open());
}

TEST(ServerConnection, DoesNotBelieveTheClientsScheme) {
  Serving serving;
  serving.options->forwarding.use_remote_address = true;
  EXPECT_THAT(serving.Send("GET https://a/x HTTP/1.1\r\nHost: a\r\n\r\n"), HasSubstr("200 OK"));
  EXPECT_EQ(serving.backend.forwarded_proto, "http");
}

TEST(ServerConnection, AnswersAMalformedRequestAndCloses) {
  Serving serving;
  const std::string answer = serving.Send("GET /x HTTP/1.1\r\nHost: a\r\nBad Name: x\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_THAT(answer, HasSubstr("connection: close"));
  EXPECT_TRUE(serving.saw_end);
  EXPECT_EQ(serving.Count("downstream_cx_protocol_error"), 1u);
  EXPECT_EQ(serving.log->status, 400);
  EXPECT_EQ(serving.backend.requests, 0);
}

TEST(ServerConnection, RefusesWhatTheChecksRefuse) {
  Serving serving;
  EXPECT_THAT(serving.Send("GET /../x HTTP/1.1\r\nHost: a\r\n\r\n"), HasSubstr("400 Bad Request"));
  EXPECT_EQ(serving.log->detail, "path_normalization_failed");
  EXPECT_THAT(serving.Send(kGet), HasSubstr("200 OK")) << "the connection goes on";
}

TEST(ServerConnection, LogsAClientThatLeaves) {
  Serving serving;
  serving.backend.answers = false;
  serving.Send(kGet);
  EXPECT_EQ(serving.backend.live, 1);
  serving.HangUp();
  EXPECT_EQ(serving.backend.live, 0);
  EXPECT_EQ(serving.log->count, 1);
  EXPECT_EQ(serving.log->status, 0);
  EXPECT_EQ(serving.ends, 1);
  EXPECT_EQ(serving.Count("downstream_rq_rx_reset"), 1u);
  EXPECT_EQ(serving.Count("downstream_cx_active"), 0u);
}

TEST(ServerConnection, ClosesWhenIdleForTooLong) {
  Serving serving;
  serving.options->timeouts.connection_idle = seconds(10);
  serving.Send(kGet);
  serving.Advance(seconds(9));
  EXPECT_TRUE(serving.is_open());
  serving.Send(kGet);
  serving.Advance(seconds(9));
  EXPECT_TRUE(serving.is_open()) << "the request moved the deadline";
  serving.Advance(seconds(2));
  EXPECT_FALSE(serving.is_open());
  EXPECT_EQ(serving.Count("downstream_cx_idle_timeout"), 1u);
}

TEST(ServerConnection, TimesOutASlowHead) {
  Serving serving;
  serving.options->timeouts.request_headers = seconds(5);
  serving.Send("GET /x HT");
  EXPECT_EQ(serving.Advance(seconds(4)), "");
  EXPECT_THAT(serving.Send("TP/1.1\r\nHos"), "");
  EXPECT_THAT(serving.Advance(seconds(2)), StartsWith("HTTP/1.1 408 Request Timeout"));
  EXPECT_EQ(serving.Count("downstream_rq_header_timeout"), 1u);
  EXPECT_EQ(serving.log->detail, "request_header_timeout");
}

TEST(ServerConnection, TimesOutAnIncompleteRequest) {
  Serving serving;
  serving.options->timeouts.request = seconds(5);
  serving.Send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
  EXPECT_THAT(serving.Advance(seconds(6)), StartsWith("HTTP/1.1 408 Request Timeout"));
  EXPECT_EQ(serving.Count("downstream_rq_timeout"), 1u);
  EXPECT_EQ(serving.log->detail, "request_overall_timeout");
  EXPECT_EQ(serving.backend.live, 0);
}

TEST(ServerConnection, TimesOutAnIdleStream) {
  Serving serving;
  serving.backend.answers = false;
  serving.options->timeouts.stream_idle = seconds(5);
  serving.Send(kGet);
  EXPECT_EQ(serving.Advance(seconds(4)), "");
  EXPECT_THAT(serving.Advance(seconds(2)), StartsWith("HTTP/1.1 504 Gateway Timeout"));
  EXPECT_EQ(serving.log->detail, "stream_idle_timeout");
  EXPECT_EQ(serving.Count("downstream_rq_idle_timeout"), 1u);
}

TEST(ServerConnection, EndsAStreamThatLastsTooLong) {
  Serving serving;
  serving.backend.answers = false;
  serving.options->timeouts.max_stream_duration = seconds(5);
  serving.Send(kGet);
  EXPECT_THAT(serving.Advance(seconds(6)), StartsWith("HTTP/1.1 504 Gateway Timeout"));
  EXPECT_EQ(serving.log->detail, "max_duration_timeout");
}

TEST(ServerConnection, CutsAResponseOffWhenItsTimeIsOver) {
  Serving serving;
  serving.backend.answers = false;
  serving.options->timeouts.max_stream_duration = seconds(5);
  serving.Send(kGet);
  serving.backend.sink->SendResponseHead(false);
  base::Buffer body;
  body.Append("half");
  serving.backend.sink->SendResponseBody(body, false);
  serving.Turn();
  EXPECT_THAT(serving.Received(), HasSubstr("half"));
  serving.Advance(seconds(6));
  EXPECT_TRUE(serving.saw_end);
  EXPECT_EQ(serving.Count("downstream_rq_tx_reset"), 1u);
  EXPECT_EQ(serving.log->flags, 1u << static_cast<int>(http::ResponseFlag::kDurationTimeout))
      << "the client did not leave";
}

TEST(ServerConnection, ClosesAfterTheLastAllowedRequest) {
  Serving serving;
  serving.options->max_requests_per_connection = 2;
  EXPECT_THAT(serving.Send(kGet), Not(HasSubstr("connection: close")));
  EXPECT_THAT(serving.Send(kGet), HasSubstr("connection: close"));
  EXPECT_TRUE(serving.saw_end);
  EXPECT_EQ(serving.Count("downstream_cx_max_requests_reached"), 1u);
}

TEST(ServerConnection, DrainsAfterTheNextResponse) {
  Serving serving;
  serving.Send(kGet);
  serving.connection().Drain(false);
  serving.Turn();
  EXPECT_TRUE(serving.is_open()) << "a request may be on its way";
  EXPECT_THAT(serving.Send(kGet), HasSubstr("connection: close"));
  EXPECT_TRUE(serving.saw_end);
}

TEST(ServerConnection, ClosesIdleWhenDrainedSo) {
  Serving serving;
  serving.Send(kGet);
  serving.connection().Drain(true);
  serving.Turn();
  EXPECT_FALSE(serving.is_open());
}

TEST(ServerConnection, ReachesItsLongestLife) {
  Serving serving;
  serving.options->timeouts.max_connection_duration = seconds(60);
  serving.Send(kGet);
  serving.Advance(seconds(61));
  EXPECT_FALSE(serving.is_open());
  EXPECT_EQ(serving.Count("downstream_cx_max_duration_reached"), 1u);
}

TEST(ServerConnection, GivesNewOptionsToTheNextStreamOnTheSameConnection) {
  Serving serving;
  serving.Send(kGet);
  auto changed = std::make_shared<HttpOptions>();
  changed->terminal = [](http::ResponseSink& sink) -> std::unique_ptr<http::Terminal> {
    static Backend other;
    other.response_body = "other";
    return std::make_unique<BackendTerminal>(other, sink);
  };
  serving.options = changed;
  serving.Update();
  EXPECT_THAT(serving.Send(kGet), HasSubstr("\r\n\r\nother"));
  EXPECT_EQ(serving.ends, 0);
}

TEST(ServerConnection, EndsItsStreamWhenDestroyed) {
  auto serving = std::make_unique<Serving>();
  serving->backend.answers = false;
  serving->Send(kGet);
  const std::shared_ptr<LastSummary> log = serving->log;
  serving.reset();
  EXPECT_EQ(log->count, 1);
}

}  // namespace
}  // namespace outrigger::downstream
