#include "source/http/http1/client_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "test/http/http1/codec_harness.h"

namespace outrigger::http::http1 {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;
using Exchange = ClientHarness::Exchange;

constexpr char kOk[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
constexpr char kOkEvents[] = "200 OK HTTP/1.1\nContent-Length: 0\nend\nreusable\n";

Exchange& StartPost(ClientHarness& client,
                    std::vector<std::pair<std::string, std::string>> headers = {}) {
  Exchange& exchange = client.Start();
  RequestHead& head = exchange.request();
  head.method_text = "POST";
  head.method = Method::kPost;
  head.target = "/";
  for (const auto& [name, value] : headers) head.headers.AddCopy(name, value);
  exchange.writer().WriteHead(head, false);
  client.Turn();
  return exchange;
}

TEST(ClientCodec, WritesARequestAndIsReusableAfterTheResponse) {
  ClientHarness client;
  EXPECT_TRUE(client.codec().is_reusable());
  for (int i = 0; i < 3; ++i) {
    client.Request("GET", "/p?q", {{"X-A", "1"}});
    EXPECT_FALSE(client.codec().is_reusable());
    EXPECT_EQ(client.TakeOutput(), "GET /p?q HTTP/1.1\r\nhost: h\r\nX-A: 1\r\n\r\n");
    client.Send(kOk);
    EXPECT_TRUE(client.codec().is_reusable());
  }
  EXPECT_EQ(client.codec().exchange_count(), 3u);
}

TEST(ClientCodec, SaysWhenAMethodWithContentHasNone) {
  ClientHarness client;
  client.Request("POST", "/");
  EXPECT_EQ(client.TakeOutput(), "POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 0\r\n\r\n");
}

TEST(ClientCodec, AFalseLengthOnAnEndedHeadIsCorrected) {
  ClientHarness client;
  client.Request("GET", "/", {{"Content-Length", "4"}});
  EXPECT_EQ(client.TakeOutput(), "GET / HTTP/1.1\r\nhost: h\r\ncontent-length: 0\r\n\r\n");
}

TEST(ClientCodec, ChunksABodyOfUnknownLength) {
  ClientHarness client;
  Exchange& exchange = StartPost(client);
  exchange.WriteBody("hello", false);
  exchange.WriteBody("", true);
  EXPECT_EQ(client.TakeOutput(),
            "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
}

TEST(ClientCodec, KeepsALengthAndPassesTeOnAsItsOwn) {
  ClientHarness client;
  Exchange& exchange = StartPost(client, {{"Content-Length", "5"}, {"te", "trailers"}});
  exchange.WriteBody("hello", true);
  EXPECT_EQ(client.TakeOutput(),
            "POST / HTTP/1.1\r\nContent-Length: 5\r\nte: trailers\r\nconnection: te\r\n\r\nhello");
}

TEST(ClientCodec, ABodyLongerThanItsLengthIsCutAndTheConnectionNotReused) {
  ClientHarness client;
  Exchange& exchange = StartPost(client, {{"content-length", "2"}});
  exchange.WriteBody("abGET /admin HTTP/1.1", true);
  EXPECT_THAT(client.TakeOutput(), EndsWith("\r\n\r\nab"));
  client.Send(kOk);
  EXPECT_THAT(client.events(), EndsWith("not reusable\n"));
}

TEST(ClientCodec, ABodyShorterThanItsLengthFailsTheExchange) {
  ClientHarness client;
  Exchange& exchange = StartPost(client, {{"content-length", "5"}});
  exchange.WriteBody("ab", true);
  EXPECT_THAT(client.events(), StartsWith("error 503 "));
  EXPECT_TRUE(client.is_closed());
}

TEST(ClientCodec, ATargetCannotBreakTheRequestLine) {
  ClientHarness client;
  client.Request("GET", "/a HTTP/1.1\r\nX: y");
  EXPECT_THAT(client.TakeOutput(), StartsWith("GET /a_HTTP/1.1__X:_y HTTP/1.1\r\n"));
}

TEST(ClientCodec, ForwardsFieldsAsTheyCame) {
  // Received by a server codec, sent by a client codec: the same bytes, but for Connection.
  ServerHarness server;
  server.answer = nullptr;
  server.Send(
      "GET /p HTTP/1.1\r\nHost: a\r\nX-One:  1 \r\nConnection: keep-alive\r\nx-TWO:2\r\n"
      "Empty:\r\nX-Three: 3\r\n\r\n");
  RequestHead& head = server.stream().head();
  head.headers.SetCopy("x-one", "changed");
  head.headers.AddCopy("x-added", "4");
  ClientHarness client;
  client.Start().writer().WriteHead(head, true);
  client.Turn();
  EXPECT_EQ(client.TakeOutput(),
            "GET /p HTTP/1.1\r\nHost: a\r\nX-One: changed\r\nx-TWO: 2\r\nEmpty: \r\n"
            "X-Three: 3\r\nx-added: 4\r\n\r\n");
}

TEST(ClientCodec, AnEarlyResponseMakesTheConnectionUseless) {
  ClientHarness client;
  Exchange& exchange = StartPost(client, {{"content-length", "100"}});
  client.Send("HTTP/1.1 413 X\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(client.events(), "413 X HTTP/1.1\nContent-Length: 0\nend\nnot reusable\n");
  exchange.WriteBody("late", true);
  EXPECT_FALSE(client.codec().is_reusable());
}

TEST(ClientCodec, AStaleConnectionAllowsToReplayWhatMayBeRepeated) {
  ClientHarness client;
  client.Request("GET", "/");
  client.Send(kOk);
  client.Request("GET", "/");
  client.FinishSending();
  EXPECT_EQ(client.events(),
            std::string(kOkEvents) +
                "error 503 upstream_reset_before_response_started{connection_termination} replay\n"
                "not reusable\n");
}

TEST(ClientCodec, AStaleConnectionDoesNotAllowToReplayAPost) {
  ClientHarness client;
  client.Request("GET", "/");
  client.Send(kOk);
  client.Request("POST", "/");
  client.FinishSending();
  EXPECT_THAT(client.events(), HasSubstr("started{connection_termination}\nnot reusable\n"));
}

TEST(ClientCodec, WhatNeverLeftMayBeReplayed) {
  ClientHarness client;
  client.FinishSending();
  EXPECT_EQ(client.events(), "idle end\n");
  EXPECT_FALSE(client.codec().is_reusable());

  ClientHarness other;
  other.Start();  // nothing written yet
  other.FinishSending();
  EXPECT_THAT(other.events(), HasSubstr(" replay\nnot reusable\n"));
}

TEST(ClientCodec, BytesThatAnswerNothingAreNotAResponse) {
  ClientHarness client;
  client.Start();
  client.Send("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n");
  EXPECT_THAT(client.events(), HasSubstr(" replay\nnot reusable\n"));
}

TEST(ClientCodec, UnaskedBytesEndAnIdleConnection) {
  ClientHarness client;
  client.Request("GET", "/");
  client.Send(kOk);
  client.Send("HTTP/1.1 408 Request Timeout\r\n\r\n");
  EXPECT_EQ(client.events(), std::string(kOkEvents) + "idle end\n");
  EXPECT_TRUE(client.is_closed());
}

TEST(ClientCodec, ResetClosesWithoutAReceiverCall) {
  ClientHarness client;
  Exchange& exchange = client.Request("GET", "/");
  client.Send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab");
  exchange.writer().Reset();
  client.Turn();
  EXPECT_EQ(client.events(), "200 OK HTTP/1.1\nContent-Length: 5\nnot reusable\n");
  EXPECT_TRUE(client.is_closed());
}

TEST(ClientCodec, EndlessInformationalResponsesAreRefused) {
  Options options;
  options.max_informational = 3;
  ClientHarness client(options);
  client.Request("GET", "/");
  for (int i = 0; i < 4; ++i) client.Send("HTTP/1.1 102 P\r\n\r\n");
  EXPECT_THAT(client.events(), EndsWith("error 502 http1_too_many_informational\nnot reusable\n"));
}

TEST(ClientCodec, APausedResponseWaits) {
  ClientHarness client;
  Exchange& exchange = client.Request("GET", "/");
  client.Send("HTTP/1.1 200 OK\r\n\r\n");
  exchange.writer().PauseReading();
  client.Send("held");
  client.FinishSending();
  EXPECT_EQ(client.events(), "200 OK HTTP/1.1\n");
  exchange.writer().ResumeReading();
  client.Turn();
  EXPECT_EQ(client.events(), "200 OK HTTP/1.1\nbody: \"held\"\nend\nnot reusable\n");
}

TEST(ClientCodec, HeadLimitsHold) {
  Options options;
  options.max_head_bytes = 100;
  ClientHarness client(options);
  client.Request("GET", "/");
  client.Send("HTTP/1.1 200 OK\r\nX: " + std::string(100, 'x'), Cuts::Bytes());
  EXPECT_THAT(client.events(), StartsWith("error 502 http1_headers_too_large\n"));
}

}  // namespace
}  // namespace outrigger::http::http1
