#include "source/client/grpc_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "source/http/grpc/message_reader.h"
#include "test/client/raw_server.h"
#include "test/client/turning.h"

namespace outrigger::client {
namespace {

using test::DataFrame;
using test::Field;
using test::Frame;
using test::GrpcHead;
using test::GrpcTrailers;
using test::PingFrame;
using test::SettingsFrame;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string Framed(std::string_view message) {
  base::Buffer out;
  http::grpc::AppendMessage(message, out);
  return out.ToString();
}

// A stream towards a server that does whatever the test says.
class GrpcStreamTest : public ::testing::Test, public GrpcStreamEvents {
 protected:
  void OnStreamOpen() override { is_open_ = true; }
  void OnMessage(std::string message) override {
    messages_.push_back(std::move(message));
    if (pauses_at_each_) stream_->PauseReading();
  }
  void OnStreamClosed(std::string_view reason) override {
    closed_.emplace_back(reason);
    loop_.DeleteLater(std::move(stream_));
  }

  void Connect(std::vector<GrpcEndpoint> endpoints) {
    options_.path = "/a.B/C";
    options_.authority = "control.plane";
    stream_ = std::make_unique<GrpcStream>(loop_, options_, std::move(endpoints), 0, *this);
  }
  // Connects, and answers with SETTINGS.
  void Open() {
    Connect({{server_.address()}});
    ASSERT_TRUE(Turn([&] { return server_.Accept(); }));
    server_.Send(SettingsFrame());
    ASSERT_TRUE(Turn([&] { return is_open_; }));
  }
  template <typename Done>
  bool Turn(Done is_done) {
    return test::TurnUntil(loop_, is_done);
  }
  // Opens, sends `bytes`, and returns why the stream then closed.
  std::string ReasonAfter(std::string_view bytes) {
    Open();
    server_.Send(bytes);
    EXPECT_TRUE(Turn([&] { return !closed_.empty(); }));
    return closed_.empty() ? "" : closed_.front();
  }

  base::ManualClock clock_;
  event::Loop loop_{clock_};
  test::RawServer server_;
  GrpcStreamOptions options_;
  std::unique_ptr<GrpcStream> stream_;
  bool is_open_ = false;
  bool pauses_at_each_ = false;
  std::vector<std::string> messages_;
  std::vector<std::string> closed_;
};

TEST_F(GrpcStreamTest, SendsTheHeadOfACallAndItsMetadata) {
  options_.metadata = {{"x-token", "t0ken"}};
  Open();
  ASSERT_TRUE(Turn([&] { return server_.received().size() > 100; }));
  EXPECT_THAT(server_.received(), HasSubstr("PRI * HTTP/2.0"));
}

TEST_F(GrpcStreamTest, SendsAndReceivesMessages) {
  Open();
  stream_->Send("question");
  ASSERT_TRUE(Turn(
      [&] { return server_.received().find(DataFrame(Framed("question"))) != std::string::npos; }));
  server_.Send(GrpcHead() + DataFrame(Framed("one") + Framed("two")));
  ASSERT_TRUE(Turn([&] { return messages_.size() == 2; }));
  EXPECT_THAT(messages_, ElementsAre("one", "two"));
  EXPECT_THAT(closed_, IsEmpty());
}

TEST_F(GrpcStreamTest, TakesMessagesByteByByte) {
  Open();
  for (const char byte : GrpcHead() + DataFrame(Framed("one"))) {
    server_.Send(std::string(1, byte));
    loop_.RunOnce(base::Milliseconds(1));
  }
  ASSERT_TRUE(Turn([&] { return messages_.size() == 1; }));
  EXPECT_THAT(messages_, ElementsAre("one"));
}

TEST_F(GrpcStreamTest, DeliversWhatCameBeforeTheStatus) {
  EXPECT_EQ(ReasonAfter(GrpcHead() + DataFrame(Framed("last words")) +
                        GrpcTrailers("14", "going%20away")),
            "the server ended the call: UNAVAILABLE: going away");
  EXPECT_THAT(messages_, ElementsAre("last words"));
}

TEST_F(GrpcStreamTest, PausedItLetsTheServerWait) {
  pauses_at_each_ = true;
  options_.http2.stream_window_bytes = 65535;
  Open();
  const std::string body = DataFrame(Framed(std::string(16000, 'x')));
  server_.Send(GrpcHead() + body + body + body);
  ASSERT_TRUE(Turn([&] { return messages_.size() == 1; }));
  for (int i = 0; i < 20; ++i) loop_.RunOnce(base::Milliseconds(1));
  EXPECT_EQ(messages_.size(), 1u);
  pauses_at_each_ = false;
  stream_->ResumeReading();
  ASSERT_TRUE(Turn([&] { return messages_.size() == 3; }));
}

TEST_F(GrpcStreamTest, TriesTheNextEndpointWhenOneRefuses) {
  test::RawServer refusing;
  const net::Address nobody = refusing.address();
  refusing.StopListening();
  Connect({{nobody}, {server_.address()}});
  ASSERT_TRUE(Turn([&] { return is_open_; }));
  EXPECT_EQ(stream_->endpoint().ToString(), server_.address().ToString());
}

TEST_F(GrpcStreamTest, ClosesWhenNoEndpointTakesTheConnection) {
  const net::Address nobody = server_.address();
  server_.StopListening();
  Connect({{nobody}});
  ASSERT_TRUE(Turn([&] { return !closed_.empty(); }));
  EXPECT_THAT(closed_.front(), HasSubstr("cannot connect to " + nobody.ToString()));
  EXPECT_FALSE(is_open_);
}

TEST_F(GrpcStreamTest, ClosesWhenNoEndpointIsKnown) {
  Connect({});
  EXPECT_THAT(closed_, IsEmpty()) << "not from inside";
  ASSERT_TRUE(Turn([&] { return !closed_.empty(); }));
  EXPECT_THAT(closed_, ElementsAre("no endpoint is known"));
}

TEST_F(GrpcStreamTest, WorksOverAUnixSocket) {
  const auto address = net::Address::Unix("@grpc_stream_test." + std::to_string(::getpid()));
  ASSERT_TRUE(address.ok()) << address.status();
  const auto listener = net::Listen(*address, {});
  ASSERT_TRUE(listener.ok()) << listener.status();
  Connect({{*address}});
  EXPECT_TRUE(Turn([&] { return is_open_; }));
}

// What a server can do wrong, and what we say of it. Each costs the stream, nothing more.
TEST_F(GrpcStreamTest, ClosesOnBytesThatAreNoHttp2) {
  EXPECT_THAT(ReasonAfter("HTTP/1.1 400 Bad Request\r\n\r\n"), HasSubstr("http2"));
}

TEST_F(GrpcStreamTest, ClosesWhenTheConnectionDoes) {
  Open();
  server_.Close();
  ASSERT_TRUE(Turn([&] { return !closed_.empty(); }));
  EXPECT_EQ(closed_.size(), 1u);
}

TEST_F(GrpcStreamTest, ClosesWhenTheConnectionIsReset) {
  Open();
  server_.CloseWithReset();
  ASSERT_TRUE(Turn([&] { return !closed_.empty(); }));
  EXPECT_THAT(closed_, ElementsAre("connection: peer_reset"));
}

TEST_F(GrpcStreamTest, ClosesWhenTheStreamIsReset) {
  EXPECT_EQ(ReasonAfter(GrpcHead() + Frame(3, 0, 1, std::string("\0\0\0\x2", 4))),
            "http2.remote_reset");
}

TEST_F(GrpcStreamTest, ClosesOnAnAnswerThatIsNotGrpc) {
  EXPECT_EQ(
      ReasonAfter(Frame(1, 5, 1, Field(":status", "503") + Field("content-type", "text/html"))),
      "no gRPC server: HTTP status 503 with text/html");
}

TEST_F(GrpcStreamTest, ClosesOnATrailersOnlyAnswer) {
  EXPECT_EQ(ReasonAfter(Frame(
                1, 5, 1,
                "\x88" + Field("content-type", "application/grpc") + Field("grpc-status", "12"))),
            "the server ended the call: UNIMPLEMENTED");
}

TEST_F(GrpcStreamTest, ClosesOnAMessageOverTheLimitBeforeItComes) {
  options_.max_message_bytes = 1000;
  EXPECT_EQ(ReasonAfter(GrpcHead() + DataFrame(std::string_view("\0\0\0\x3\xe9", 5))),
            "grpc: message of 1001 bytes is over the limit of 1000");
}

TEST_F(GrpcStreamTest, ClosesOnACompressedMessage) {
  EXPECT_THAT(ReasonAfter(GrpcHead() + DataFrame(std::string_view("\1\0\0\0\0", 5))),
              HasSubstr("message flag 1"));
}

TEST_F(GrpcStreamTest, ClosesOnAHeadOverTheLimit) {
  std::string fields = "\x88";
  for (int i = 0; i < 200; ++i) fields += Field("x-" + std::to_string(i), "y");
  EXPECT_EQ(ReasonAfter(Frame(1, 4, 1, fields)), "http2.too_many_headers");
}

TEST_F(GrpcStreamTest, ClosesOnAFloodOfFramesWithoutBody) {
  std::string pings;
  for (int i = 0; i < 2000; ++i) pings += PingFrame();
  EXPECT_EQ(ReasonAfter(pings), "http2.inbound_control_frames_flood");
}

TEST_F(GrpcStreamTest, ClosesOnAFloodOfContinuations) {
  std::string frames = Frame(1, 0, 1, "\x88");
  for (int i = 0; i < 100; ++i) frames += Frame(9, 0, 1, Field("a", "b"));
  EXPECT_THAT(ReasonAfter(frames), HasSubstr("http2"));
}

TEST_F(GrpcStreamTest, ClosesWhenAKeepaliveIsNotAnswered) {
  options_.http2.keepalive = {.interval = base::Milliseconds(1000),
                              .timeout = base::Milliseconds(200),
                              .jitter_percent = 0};
  Open();
  clock_.Advance(base::Milliseconds(1001));
  loop_.RunOnce();
  clock_.Advance(base::Milliseconds(201));
  ASSERT_TRUE(Turn([&] { return !closed_.empty(); }));
  EXPECT_THAT(closed_, ElementsAre("http2.keepalive_timeout"));
}

TEST_F(GrpcStreamTest, StaysWhenAKeepaliveIsAnswered) {
  options_.http2.keepalive = {.interval = base::Milliseconds(1000),
                              .timeout = base::Milliseconds(200),
                              .jitter_percent = 0};
  Open();
  clock_.Advance(base::Milliseconds(1001));
  loop_.RunOnce();
  server_.Send(Frame(6, 1, 0, std::string("\1\0\0\0\0\0\0\0", 8)) + GrpcHead() +
               DataFrame(Framed("alive")));
  ASSERT_TRUE(Turn([&] { return messages_.size() == 1; }));
  clock_.Advance(base::Milliseconds(500));
  loop_.RunOnce();
  EXPECT_THAT(closed_, IsEmpty());
}

}  // namespace
}  // namespace outrigger::client
