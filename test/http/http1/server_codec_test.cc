#include "source/http/http1/server_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "test/http/http1/codec_harness.h"

namespace outrigger::http::http1 {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using Stream = ServerHarness::Stream;

constexpr char kGet[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

std::string PostHead(size_t length) {
  return "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(length) + "\r\n\r\n";
}

TEST(ServerCodec, AnswersOnAKeptConnection) {
  ServerHarness server;
  EXPECT_TRUE(server.codec().is_idle());
  for (int i = 0; i < 3; ++i) {
    server.Send(kGet);
    EXPECT_EQ(server.TakeOutput(), "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    EXPECT_TRUE(server.codec().is_idle());
  }
  EXPECT_FALSE(server.is_closed());
}

TEST(ServerCodec, SaysWhenAHeadIsOnItsWay) {
  ServerHarness server;
  server.Send("GET / HT");
  EXPECT_TRUE(server.codec().is_reading_head());
  EXPECT_FALSE(server.codec().is_idle());
  server.Send("TP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_FALSE(server.codec().is_reading_head());
  EXPECT_TRUE(server.codec().is_idle());
}

TEST(ServerCodec, APipelinedRequestWaitsForTheResponseBeforeIt) {
  ServerHarness server;
  server.answer = nullptr;
  server.Send(std::string(kGet) + kGet);
  EXPECT_EQ(server.stream_count(), 1u);
  EXPECT_TRUE(server.connection().is_reading_paused());
  server.stream().Respond(200, "one");
  server.Turn();
  EXPECT_EQ(server.stream_count(), 2u);
  server.stream().Respond(200, "two");
  server.Turn();
  EXPECT_THAT(server.TakeOutput(), HasSubstr("\r\n\r\noneHTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(server.codec().is_idle());
  EXPECT_FALSE(server.connection().is_reading_paused());
}

TEST(ServerCodec, ChunksAResponseWithoutALength) {
  ServerHarness server;
  server.answer = [](Stream& stream) {
    stream.RespondHead(200, false);
    stream.RespondBody("hello", false);
    stream.RespondBody("", false);
    stream.RespondBody(std::string(300, 'x'), false);
    stream.RespondBody("", true);
  };
  server.Send(kGet);
  EXPECT_EQ(server.TakeOutput(),
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n12c\r\n" +
                std::string(300, 'x') + "\r\n0\r\n\r\n");
  EXPECT_TRUE(server.codec().is_idle());
}

TEST(ServerCodec, SendsTrailersWhereTheyAreOn) {
  Options options;
  options.enable_trailers = true;
  ServerHarness server(options);
  server.answer = [](Stream& stream) {
    stream.RespondHead(200, false);
    stream.RespondBody("a", false);
    base::Arena arena;
    HeaderMap trailers(arena);
    trailers.Add("Grpc-Status", "0");
    trailers.Add("content-length", "5");
    stream.writer().WriteTrailers(trailers);
  };
  server.Send(kGet);
  EXPECT_THAT(server.TakeOutput(), EndsWith("\r\n1\r\na\r\n0\r\nGrpc-Status: 0\r\n\r\n"));
}

TEST(ServerCodec, ResponsesThatHaveNoBodyGetNone) {
  struct Case {
    const char* method;
    int status;
    const char* output;
  };
  const Case cases[] = {
      {"HEAD", 200, "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n"},
      {"GET", 304, "HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n"},
      {"GET", 204, "HTTP/1.1 204 No Content\r\n\r\n"},
  };
  for (const Case& c : cases) {
    ServerHarness server;
    server.answer = [&](Stream& stream) {
      stream.RespondHead(c.status, false, {{"content-length", "5"}});
      stream.RespondBody("hello", true);
    };
    server.Send(std::string(c.method) + " / HTTP/1.1\r\nHost: a\r\n\r\n" + kGet);
    EXPECT_THAT(server.TakeOutput(), StartsWith(std::string(c.output) + "HTTP/1.1 ")) << c.method;
  }
}

TEST(ServerCodec, AResponseThatEndsWithItsHeadHasLengthZero) {
  ServerHarness server;
  server.answer = [](Stream& stream) { stream.RespondHead(404, true); };
  server.Send(kGet);
  EXPECT_EQ(server.TakeOutput(), "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n");
}

TEST(ServerCodec, AFalseLengthOnAnEndedHeadIsCorrected) {
  ServerHarness server;
  server.answer = [](Stream& s) { s.RespondHead(200, true, {{"Content-Length", "7"}}); };
  server.Send(kGet);
  EXPECT_EQ(server.TakeOutput(), "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
}

TEST(ServerCodec, ABodyLongerThanItsLengthIsCutAndEndsTheConnection) {
  ServerHarness server;
  server.answer = [](Stream& stream) {
    stream.RespondHead(200, false, {{"content-length", "2"}});
    stream.RespondBody("abHTTP/1.1 200 OK", true);
  };
  server.Send(kGet);
  EXPECT_EQ(server.TakeOutput(), "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nab");
  EXPECT_TRUE(server.is_closed());
}

TEST(ServerCodec, ABodyShorterThanItsLengthEndsTheConnection) {
  ServerHarness server;
  server.answer = [](Stream& stream) {
    stream.RespondHead(200, false, {{"content-length", "5"}});
    stream.RespondBody("ab", true);
  };
  server.Send(kGet);
  EXPECT_TRUE(server.is_closed());
}

TEST(ServerCodec, AValueCannotStartALineOfItsOwn) {
  ServerHarness server;
  server.answer = [](Stream& stream) { stream.RespondHead(200, true, {{"x-a", "1\r\nx-b: 2"}}); };
  server.Send(kGet);
  EXPECT_THAT(server.TakeOutput(), HasSubstr("x-a: 1  x-b: 2\r\n"));
}

TEST(ServerCodec, ProperCaseIsWrittenOnRequest) {
  Options options;
  options.use_proper_case = true;
  ServerHarness server(options);
  server.answer = [](Stream& stream) { stream.RespondHead(200, false, {{"x-some-name", "v"}}); };
  server.Send(kGet);
  EXPECT_EQ(server.TakeOutput(),
            "HTTP/1.1 200 OK\r\nX-Some-Name: v\r\nTransfer-Encoding: chunked\r\n\r\n");
}

TEST(ServerCodec, ConnectionCloseOfTheClientEndsAfterTheResponse) {
  ServerHarness server;
  server.Send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(server.TakeOutput(),
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok");
  EXPECT_TRUE(server.is_closed());
}

TEST(ServerCodec, Http10EndsAfterTheResponseUnlessAskedToStay) {
  Options options;
  options.allow_http10 = true;
  ServerHarness server(options);
  server.Send("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_THAT(server.TakeOutput(), HasSubstr("connection: keep-alive\r\n"));
  EXPECT_FALSE(server.is_closed());
  server.Send("GET / HTTP/1.0\r\nHost: a\r\n\r\n");
  EXPECT_THAT(server.TakeOutput(), HasSubstr("connection: close\r\n"));
  EXPECT_TRUE(server.is_closed());
}

TEST(ServerCodec, Http10GetsAResponseOfUnknownLengthUntilTheClose) {
  Options options;
  options.allow_http10 = true;
  ServerHarness server(options);
  server.answer = [](Stream& stream) {
    stream.RespondHead(200, false);
    stream.RespondBody("all", true);
  };
  server.Send("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(server.TakeOutput(), "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nall");
  EXPECT_TRUE(server.is_closed());
}

TEST(ServerCodec, CloseAfterResponseIsAnnounced) {
  ServerHarness server;
  server.codec().Drain();
  server.Send(kGet);
  EXPECT_THAT(server.TakeOutput(), HasSubstr("connection: close\r\n"));
  EXPECT_TRUE(server.is_closed());
}

TEST(ServerCodec, AFilterMayCloseByHeader) {
  ServerHarness server;
  server.answer = [](Stream& s) { s.RespondHead(200, true, {{"Connection", "close"}}); };
  server.Send(kGet);
  EXPECT_EQ(server.TakeOutput(),
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
  EXPECT_TRUE(server.is_closed());
}

// --- 100-continue ------------------------------------------------------------------------------

constexpr char kExpecting[] =
    "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n";

TEST(ServerCodec, PassesTheExpectationOnAnd100Back) {
  ServerHarness server;
  server.Send(kExpecting);
  ASSERT_EQ(server.stream_count(), 1u);
  EXPECT_TRUE(server.stream().head().expects_continue);
  base::Arena arena;
  ResponseHead go_on(arena);
  go_on.status = 100;
  server.stream().writer().WriteInformational(go_on);
  server.Turn();
  EXPECT_EQ(server.TakeOutput(), "HTTP/1.1 100 Continue\r\n\r\n");
  server.Send("hi");
  EXPECT_THAT(server.TakeOutput(), StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(server.codec().is_idle());
}

TEST(ServerCodec, AnAnswerInsteadOf100EndsTheConnection) {
  ServerHarness server;
  server.answers_at_head = true;
  server.answer = [](Stream& stream) { stream.Respond(417, "no"); };
  server.Send(kExpecting);
  EXPECT_THAT(server.TakeOutput(), HasSubstr("connection: close\r\n"));
  EXPECT_TRUE(server.is_closed());
}

TEST(ServerCodec, ExpectationsWithoutABodyAreIgnored) {
  ServerHarness server;
  server.Send("GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_FALSE(server.stream().head().expects_continue);
}

// --- early answers -----------------------------------------------------------------------------

TEST(ServerCodec, AnEarlyAnswerKeepsTheConnectionWhenTheRestIsShort) {
  ServerHarness server;
  server.answers_at_head = true;
  server.Send(PostHead(5) + "he");
  EXPECT_THAT(server.TakeOutput(), Not(HasSubstr("connection: close")));
  EXPECT_FALSE(server.codec().is_idle());
  server.Send(std::string("llo") + kGet);
  EXPECT_EQ(server.stream_count(), 2u);
  EXPECT_FALSE(server.is_closed());
}

TEST(ServerCodec, AnEarlyAnswerEndsTheConnectionWhenTheRestIsLong) {
  ServerHarness server;
  server.answers_at_head = true;
  server.answer = [](Stream& stream) { stream.RespondHead(413, true); };
  server.Send(PostHead(1 << 20) + "he");
  EXPECT_THAT(server.TakeOutput(), HasSubstr("connection: close\r\n"));
  EXPECT_TRUE(server.is_closed());
}

TEST(ServerCodec, AnEarlyAnswerReadsOnlySoMuchOfAnEndlessBody) {
  Options options;
  options.max_discarded_bytes = 1000;
  ServerHarness server(options);
  server.answers_at_head = true;
  server.Send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_FALSE(server.is_closed());
  for (int i = 0; i < 12; ++i) server.Send("64\r\n" + std::string(100, 'x') + "\r\n");
  EXPECT_TRUE(server.is_closed());
}

TEST(ServerCodec, ARefusalInTheBodyBehindAnEarlyAnswerEndsTheConnection) {
  ServerHarness server;
  server.answers_at_head = true;
  server.Send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
  EXPECT_THAT(server.TakeOutput(), StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(server.is_closed());
}

// --- ends --------------------------------------------------------------------------------------

TEST(ServerCodec, AClientThatLeavesIsReported) {
  ServerHarness server;
  server.answer = nullptr;
  server.Send(kGet);
  server.FinishSending();
  EXPECT_THAT(server.events(), EndsWith("end\nerror 400 downstream_remote_disconnect\n"));
  EXPECT_EQ(server.stream().error().kind, ErrorKind::kConnectionClosed);
  EXPECT_EQ(server.stream().error().detail, "downstream_remote_disconnect");
  EXPECT_TRUE(server.is_codec_done());
}

TEST(ServerCodec, AnIdleClientThatLeavesIsNotWorthAStream) {
  ServerHarness server;
  server.FinishSending();
  EXPECT_EQ(server.stream_count(), 0u);
  EXPECT_TRUE(server.is_closed());
}

TEST(ServerCodec, AnEndInAGoodHeadIsNotWorthAStream) {
  ServerHarness server;
  server.Send("GET / HTTP/1.1\r\nHo");
  server.FinishSending();
  EXPECT_EQ(server.stream_count(), 0u);
  EXPECT_TRUE(server.is_closed());
}

TEST(ServerCodec, ResetEndsTheConnectionAfterWhatWasSent) {
  ServerHarness server;
  server.answer = [](Stream& stream) {
    stream.RespondHead(200, false, {{"content-length", "9"}});
    stream.RespondBody("half", false);
    stream.writer().Reset({.kind = ErrorKind::kLocal});
  };
  server.Send(kGet);
  EXPECT_THAT(server.TakeOutput(), EndsWith("\r\n\r\nhalf"));
  EXPECT_TRUE(server.is_closed());
}

TEST(ServerCodec, ResetOfABodyUntilCloseCannotLookComplete) {
  Options options;
  options.allow_http10 = true;
  ServerHarness server(options);
  server.answer = [](Stream& stream) {
    stream.RespondHead(200, false);
    stream.writer().Reset({.kind = ErrorKind::kLocal});
  };
  server.Send("GET / HTTP/1.0\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(server.is_codec_done());
}

TEST(ServerCodec, RefuseAnswersAnUnfinishedHead) {
  ServerHarness server;
  server.Send("GET / HTTP/1.1\r\nHo");
  server.codec().Refuse({.kind = ErrorKind::kTimeout,
                         .source = ErrorSource::kDownstream,
                         .status = 408,
                         .detail = "request_header_timeout"});
  server.Turn();
  EXPECT_THAT(server.TakeOutput(), StartsWith("HTTP/1.1 408 Request Timeout\r\n"));
  EXPECT_TRUE(server.is_closed());
}

// --- limits ------------------------------------------------------------------------------------

TEST(ServerCodec, LimitsHaveTheirStatus) {
  Options options;
  options.max_head_bytes = 1000;
  options.max_headers = 5;
  options.max_chunk_extension_bytes = 50;
  options.enable_trailers = true;
  const std::string chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string long_text(1000, 'x');
  std::string many;
  for (int i = 0; i < 6; ++i) many += "X: a\r\n";
  struct Case {
    std::string input;
    const char* error;
  };
  const Case cases[] = {
      {"GET /" + long_text, "error 414 http1_request_line_too_long\n"},
      {long_text, "error 414 http1_request_line_too_long\n"},
      {"GET / HTTP/1.1\r\nX: " + long_text, "error 431 http1_headers_too_large\n"},
      {"GET / HTTP/1.1\r\n" + long_text, "error 431 http1_headers_too_large\n"},
      {"GET / HTTP/1.1\r\n" + many + "\r\n", "error 431 http1_too_many_headers\n"},
      {chunked + "1;" + long_text, "error 413 http1_chunk_extensions_too_large\n"},
      {chunked + "1;1234567890123456789\r\na\r\n1;1234567890123456789\r\na\r\n"
                 "1;1234567890123456789\r\na\r\n",
       "error 413 http1_chunk_extensions_too_large\n"},
      {chunked + "0\r\nX: " + long_text, "error 431 http1_trailers_too_large\n"},
      {chunked + "0\r\n" + many + "\r\n", "error 431 http1_too_many_trailers\n"},
  };
  for (const Case& c : cases) {
    for (const Cuts cuts : {Cuts::Whole(), Cuts::Bytes(), Cuts::Random(3)}) {
      ServerHarness server(options);
      server.Send(c.input, cuts);
      EXPECT_THAT(server.events(), EndsWith(c.error)) << c.input.substr(0, 40);
      EXPECT_TRUE(server.is_closed()) << c.error;
    }
  }
}

TEST(ServerCodec, AHeadOfExactlyTheLimitIsTaken) {
  Options options;
  std::string head = "GET / HTTP/1.1\r\nHost: a\r\nX: \r\n\r\n";
  options.max_head_bytes = static_cast<uint32_t>(head.size());
  options.max_headers = 2;
  ServerHarness server(options);
  server.Send(head, Cuts::Bytes());
  server.Send(head, Cuts::Whole());
  EXPECT_EQ(server.stream_count(), 2u);
  EXPECT_THAT(server.events(), Not(HasSubstr("error")));
}

// --- flow control ------------------------------------------------------------------------------

TEST(ServerCodec, APausedStreamGetsNoMoreOfItsBody) {
  ServerHarness server;
  server.answer = nullptr;
  server.Send(PostHead(4) + "ab");
  server.stream().writer().PauseReading();
  server.Send("cd");
  EXPECT_EQ(server.stream().body(), "ab");
  server.stream().writer().ResumeReading();
  server.Turn();
  EXPECT_EQ(server.stream().body(), "abcd");
}

TEST(ServerCodec, AStreamThatEndsPausedDoesNotBlockTheNext) {
  ServerHarness server;
  server.answers_at_head = true;
  server.answer = [](Stream& stream) {
    stream.writer().PauseReading();
    stream.Respond(200, "ok");
  };
  server.Send(PostHead(4) + "abcd" + kGet);
  EXPECT_EQ(server.stream_count(), 2u);
  EXPECT_FALSE(server.connection().is_reading_paused());
}

TEST(ServerCodec, TheStreamHearsOfTheClientsSlowness) {
  ServerHarness server({}, {.output_high_bytes = 1000});
  server.answer = nullptr;
  server.Send(kGet);
  Stream& stream = server.stream();
  stream.RespondHead(200, false);
  // More than the socket takes at once.
  stream.RespondBody(std::string(4 << 20, 'x'), false);
  server.loop().RunOnce();
  EXPECT_EQ(stream.highs(), 1);
  server.Turn();
  EXPECT_EQ(stream.lows(), 1);
}

TEST(ServerCodec, NoRequestIsReadWhileResponsesPileUp) {
  ServerHarness server({}, {.output_high_bytes = 1000});
  server.answer = [](Stream& stream) { stream.Respond(200, std::string(4 << 20, 'x')); };
  std::string many;
  for (int i = 0; i < 5; ++i) many += kGet;
  server.Send(many);
  EXPECT_EQ(server.stream_count(), 5u);  // all in the end, for this client reads
  EXPECT_EQ(server.TakeOutput().size() / (4 << 20), 5u);
  for (size_t i = 0; i < 5; ++i) EXPECT_EQ(server.stream().highs(), 0);
}

}  // namespace
}  // namespace outrigger::http::http1
