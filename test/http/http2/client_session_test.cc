#include "source/http/http2/client_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "source/stats/envoy_scopes.h"
#include "test/client/raw_server.h"
#include "test/client/turning.h"

namespace outrigger::http::http2 {
namespace {

using test::Field;
using test::Frame;
using test::SettingsFrame;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// One exchange and what came of it.
class Exchange final : public ResponseReceiver {
 public:
  ResponseHead& response_head() override { return head; }
  HeaderMap& response_trailers() override { return trailers; }
  void OnInformational() override { log.push_back("informational " + Status()); }
  void OnResponseHead(bool last) override {
    log.push_back("head " + Status() + (last ? " last" : ""));
  }
  void OnResponseBody(base::Buffer& piece, bool last) override {
    body += piece.ToString();
    piece.Clear();
    if (last) log.push_back("end");
  }
  void OnResponseTrailers() override { log.push_back("trailers"); }
  void OnResponseError(const StreamError& failure) override { error = failure; }
  void OnOutputHigh() override { log.push_back("high"); }
  void OnOutputLow() override { log.push_back("low"); }

  std::string Status() const { return std::to_string(head.status); }

  base::Arena arena;
  ResponseHead head{arena};
  HeaderMap trailers{arena};
  std::vector<std::string> log;
  std::string body;
  std::optional<StreamError> error;
  RequestWriter* writer = nullptr;
};

class ClientSessionTest : public ::testing::Test,
                          public net::ConnectionEvents,
                          public ClientSessionEvents {
 protected:
  explicit ClientSessionTest(Options options = {}) : options_(options) {
    connection_ = std::make_unique<net::Connection>(
        loop_, net::StartConnect(server_.address(), nullptr, std::nullopt),
        base::Milliseconds(5000), *this, net::ConnectionLimits());
    EXPECT_TRUE(Turn([&] { return server_.Accept(); }));
    EXPECT_TRUE(Turn([&] { return session_ != nullptr; }));
  }
  void OnConnected() override {
    session_ = std::make_unique<ClientSession>(*connection_, options_, *this, &counters_);
  }
  void OnData(base::Buffer& in, bool end) override { session_->OnData(in, end); }
  void OnClosed(net::CloseCause cause) override { session_->OnClosed(cause); }
  void OnOutputLow() override { session_->OnOutputLow(); }
  void OnGoAway() override { has_goaway_ = true; }
  void OnStreamPlaces() override { ++places_told_; }
  void OnSessionEnd(std::string_view reason) override { end_ = std::string(reason); }

  template <typename Done>
  bool Turn(Done is_done) {
    return test::TurnUntil(loop_, is_done);
  }
  // The next call of any test but those about SETTINGS.
  void SetUp() override { server_.Send(SettingsFrame()); }
  void StartUpgrade(Exchange& exchange) {
    base::Arena arena;
    RequestHead head(arena);
    head.target = "/chat";
    head.upgrade = "websocket";
    head.headers.Add("host", "a.example");
    exchange.writer = &session_->StartRequest(exchange);
    exchange.writer->WriteHead(head, false);
    loop_.RunOnce();
  }
  void Settle() {
    for (int i = 0; i < 5; ++i) loop_.RunOnce(base::Milliseconds(1));
  }
  uint64_t Counter(std::string_view name) {
    return store_.Value("t.http2." + std::string(name)).value();
  }
  void Start(Exchange& exchange, bool last) {
    base::Arena arena;
    RequestHead head(arena);
    head.method_text = "POST";
    head.method = Method::kPost;
    head.target = "/path?q";
    head.headers.Add("Host", "a.example");
    head.headers.Add("X-Mixed", "Case");
    head.headers.Add("Connection", "close");
    exchange.writer = &session_->StartRequest(exchange);
    exchange.writer->WriteHead(head, last);
    loop_.RunOnce();
  }

  const Options options_;
  stats::Store store_;
  const Counters counters_ = Counters::Declare(store_, stats::PlainScope("t."));
  base::ManualClock clock_;
  event::Loop loop_{clock_};
  test::RawServer server_;
  std::unique_ptr<net::Connection> connection_;
  std::unique_ptr<ClientSession> session_;
  bool has_goaway_ = false;
  int places_told_ = 0;
  std::optional<std::string> end_;
};

TEST_F(ClientSessionTest, CarriesAnExchangeWithTrailers) {
  Exchange exchange;
  Start(exchange, true);
  server_.Send(Frame(1, 4, 1, "\x88" + Field("x-a", "1")) + Frame(0, 0, 1, "body") +
               Frame(1, 5, 1, Field("x-t", "2")));
  ASSERT_TRUE(Turn([&] { return exchange.log.size() == 2; }));
  EXPECT_THAT(exchange.log, ElementsAre("head 200", "trailers"));
  EXPECT_EQ(exchange.body, "body");
  EXPECT_EQ(exchange.head.headers.Get("x-a"), "1");
  EXPECT_EQ(exchange.trailers.Get("x-t"), "2");
  EXPECT_EQ(session_->stream_count(), 0u);
}

TEST_F(ClientSessionTest, SeveralStreamsShareTheConnection) {
  Exchange first;
  Exchange second;
  Start(first, true);
  Start(second, true);
  server_.Send(Frame(1, 5, 3, "\x88") + Frame(1, 5, 1, "\x8d"));
  ASSERT_TRUE(Turn([&] { return !first.log.empty() && !second.log.empty(); }));
  EXPECT_THAT(first.log, ElementsAre("head 404 last"));
  EXPECT_THAT(second.log, ElementsAre("head 200 last"));
}

TEST_F(ClientSessionTest, SendsNothingThatBelongsToTheConnection) {
  Exchange exchange;
  Start(exchange, true);
  ASSERT_TRUE(Turn([&] { return server_.received().size() > 80; }));
  EXPECT_THAT(server_.received(), Not(HasSubstr("close")));
  EXPECT_THAT(server_.received(), Not(HasSubstr("X-Mixed"))) << "RFC 9113 8.2: lower case";
}

TEST_F(ClientSessionTest, InformationalHeadsComeBeforeTheHead) {
  Exchange exchange;
  Start(exchange, true);
  server_.Send(Frame(1, 4, 1, Field(":status", "103")) + Frame(1, 5, 1, "\x88"));
  ASSERT_TRUE(Turn([&] { return exchange.log.size() == 2; }));
  EXPECT_THAT(exchange.log, ElementsAre("informational 103", "head 200 last"));
}

TEST_F(ClientSessionTest, GoAwayRefusesWhatItDidNotReachAndLetsTheRestEnd) {
  Exchange first;
  Exchange second;
  Start(first, true);
  Start(second, true);
  server_.Send(Frame(7, 0, 0, std::string("\0\0\0\1\0\0\0\0", 8)));
  ASSERT_TRUE(Turn([&] { return second.error.has_value(); }));
  EXPECT_TRUE(has_goaway_);
  EXPECT_FALSE(session_->may_start());
  EXPECT_EQ(second.error->kind, ErrorKind::kRefused);
  EXPECT_TRUE(second.error->is_safe_to_replay);
  server_.Send(Frame(1, 5, 1, "\x88"));
  ASSERT_TRUE(Turn([&] { return !first.log.empty(); }));
  EXPECT_THAT(first.log, ElementsAre("head 200 last"));
}

TEST_F(ClientSessionTest, ARequestBodyWaitsForTheWindowAndSaysSo) {
  Exchange exchange;
  Start(exchange, false);
  base::Buffer body;
  body.Append(std::string(400'000, 'x'));
  exchange.writer->WriteBody(body, true);
  ASSERT_TRUE(Turn([&] { return !exchange.log.empty(); }));
  EXPECT_THAT(exchange.log, ElementsAre("high"));
  server_.received();
  server_.Send(Frame(8, 0, 0, std::string("\0\x10\0\0", 4)) +
               Frame(8, 0, 1, std::string("\0\x10\0\0", 4)));
  ASSERT_TRUE(Turn([&] { return server_.received().size() > 400'000; }));
  EXPECT_THAT(exchange.log, ElementsAre("high", "low"));
}

TEST_F(ClientSessionTest, APausedStreamLeavesTheOthersTheirWindow) {
  Exchange paused;
  Exchange other;
  Start(paused, true);
  Start(other, true);
  paused.writer->PauseReading();
  server_.Send(Frame(1, 4, 1, "\x88") + Frame(0, 0, 1, std::string(16000, 'p')) +
               Frame(1, 4, 3, "\x88") + Frame(0, 1, 3, std::string(16000, 'o')));
  ASSERT_TRUE(Turn([&] { return other.log.size() == 2; }));
  EXPECT_EQ(other.body.size(), 16000u);
  EXPECT_EQ(paused.body, "");
  paused.writer->ResumeReading();
  ASSERT_TRUE(Turn([&] { return paused.body.size() == 16000; }));
}

class NarrowClientSession : public ClientSessionTest {
 protected:
  NarrowClientSession()
      : ClientSessionTest({.stream_window_bytes = 65535, .connection_window_bytes = 65535}) {}
};

TEST_F(NarrowClientSession, TakesNoNewStreamsWhileAPausedOneHoldsMostOfTheWindow) {
  Exchange paused;
  Start(paused, true);
  paused.writer->PauseReading();
  server_.Send(Frame(1, 4, 1, "\x88") + Frame(0, 0, 1, std::string(16000, 'p')));
  ASSERT_TRUE(Turn([&] { return !paused.log.empty(); }));
  EXPECT_TRUE(session_->may_start());
  server_.Send(Frame(0, 0, 1, std::string(16000, 'p')) + Frame(0, 0, 1, std::string(1000, 'p')));
  ASSERT_TRUE(Turn([&] { return !session_->may_start(); }));
  EXPECT_TRUE(session_->is_taking_streams());
  const int told = places_told_;
  paused.writer->ResumeReading();
  ASSERT_TRUE(Turn([&] { return paused.body.size() == 33000; }));
  EXPECT_TRUE(session_->may_start());
  EXPECT_GT(places_told_, told);
}

TEST_F(ClientSessionTest, AnAbandonedStreamHearsNothingMore) {
  Exchange exchange;
  Start(exchange, false);
  exchange.writer->Reset();
  server_.Send(Frame(1, 5, 1, "\x88"));
  for (int i = 0; i < 5; ++i) loop_.RunOnce(base::Milliseconds(1));
  EXPECT_THAT(exchange.log, IsEmpty());
  EXPECT_FALSE(exchange.error.has_value());
  EXPECT_EQ(session_->stream_count(), 0u);
}

TEST_F(ClientSessionTest, TheEndOfTheConnectionIsToldToEveryStreamOnce) {
  Exchange first;
  Exchange second;
  Start(first, true);
  Start(second, false);
  server_.CloseWithReset();
  ASSERT_TRUE(Turn([&] { return end_.has_value(); }));
  EXPECT_EQ(first.error->kind, ErrorKind::kConnectionClosed);
  EXPECT_EQ(second.error->kind, ErrorKind::kConnectionClosed);
  EXPECT_EQ(*end_, "connection: peer_reset");
}

TEST_F(ClientSessionTest, RequestTrailersFollowTheBody) {
  Exchange exchange;
  Start(exchange, false);
  base::Arena arena;
  HeaderMap trailers(arena);
  trailers.Add("x-sum", "1234");
  base::Buffer body;
  body.Append(std::string_view("BODY"));
  exchange.writer->WriteBody(body, false);
  exchange.writer->WriteTrailers(trailers);
  // A DATA frame that does not end the stream, then HEADERS (1) that do (flags 5).
  const std::string data = Frame(0, 0, 1, "BODY");
  ASSERT_TRUE(Turn([&] { return server_.received().find(data) != std::string::npos; }));
  const std::string& received = server_.received();
  const size_t trailers_at = received.find(data) + data.size();
  ASSERT_TRUE(Turn([&] { return server_.received().size() > trailers_at + 9; }));
  EXPECT_EQ(server_.received().substr(trailers_at + 3, 2), std::string("\x1\x5", 2));
}

TEST_F(ClientSessionTest, ARefusedStreamIsSafeToReplay) {
  Exchange exchange;
  Start(exchange, false);
  server_.Send(Frame(3, 0, 1, std::string("\0\0\0\7", 4)));
  ASSERT_TRUE(Turn([&] { return exchange.error.has_value(); }));
  EXPECT_EQ(exchange.error->kind, ErrorKind::kRefused);
  EXPECT_TRUE(exchange.error->is_safe_to_replay);
  EXPECT_EQ(exchange.error->detail, "http2.remote_refuse");
  EXPECT_EQ(Counter("stream_refused_errors"), 1u);
}

TEST_F(ClientSessionTest, AResetIsNotSafeToReplay) {
  Exchange exchange;
  Start(exchange, false);
  server_.Send(Frame(3, 0, 1, std::string("\0\0\0\2", 4)));
  ASSERT_TRUE(Turn([&] { return exchange.error.has_value(); }));
  EXPECT_EQ(exchange.error->kind, ErrorKind::kReset);
  EXPECT_FALSE(exchange.error->is_safe_to_replay);
}

TEST_F(ClientSessionTest, AResponseBeforeTheRequestsEndIsComplete) {
  Exchange exchange;
  Start(exchange, false);
  server_.Send(Frame(1, 5, 1, "\x88") + Frame(3, 0, 1, std::string(4, '\0')));
  ASSERT_TRUE(Turn([&] { return !exchange.log.empty(); }));
  EXPECT_THAT(exchange.log, ElementsAre("head 200 last"));
  EXPECT_FALSE(exchange.error.has_value());
}

TEST_F(ClientSessionTest, ALongWaitForTheResponseIsNoFaultOfTheRequest) {
  Exchange exchange;
  Start(exchange, false);
  base::Buffer body;
  body.Append(std::string_view("BODY"));
  exchange.writer->WriteBody(body, true);
  Settle();
  clock_.Advance(std::chrono::minutes(10));
  Settle();
  EXPECT_EQ(Counter("tx_flush_timeout"), 0u);
  server_.Send(Frame(1, 5, 1, "\x88"));
  ASSERT_TRUE(Turn([&] { return !exchange.log.empty(); }));
  EXPECT_THAT(exchange.log, ElementsAre("head 200 last"));
}

TEST_F(ClientSessionTest, ARequestThatIsNotTakenIsGivenUp) {
  Exchange exchange;
  Start(exchange, false);
  base::Buffer body;
  body.Append(std::string(100'000, 'x'));  // more than the server's window
  exchange.writer->WriteBody(body, true);
  Settle();
  clock_.Advance(std::chrono::minutes(6));
  ASSERT_TRUE(Turn([&] { return exchange.error.has_value(); }));
  EXPECT_EQ(exchange.error->detail, "http2.flush_timeout");
  EXPECT_EQ(Counter("tx_flush_timeout"), 1u);
}

TEST_F(ClientSessionTest, AMalformedResponseIsAProtocolError) {
  const std::string kHeads[] = {
      Field("x", "no status"),
      Field(":status", "20"),
      Field(":status", "101"),
      "\x88" + Field(":status", "200"),
      "\x88" + Field("Upper", "x"),
      "\x88" + Field("a", "b\r\nc: d"),
      "\x88" + Field("connection", "close"),
      "\x88" + Field("transfer-encoding", "chunked"),
      "\x88" + Field("content-length", "x"),
      "\x88" + Field("content-length", "5"),
  };
  uint32_t id = 1;
  for (const std::string& head : kHeads) {
    Exchange exchange;
    Start(exchange, true);
    server_.Send(Frame(1, 5, id, head));
    id += 2;
    ASSERT_TRUE(Turn([&] { return exchange.error.has_value(); })) << id;
    EXPECT_EQ(exchange.error->kind, ErrorKind::kProtocol);
  }
  EXPECT_EQ(Counter("rx_messaging_error"), std::size(kHeads));
  EXPECT_EQ(session_->stream_count(), 0u);
}

TEST_F(ClientSessionTest, ADrainedSessionEndsAfterItsLastStream) {
  Exchange exchange;
  Start(exchange, true);
  session_->Drain();
  EXPECT_FALSE(session_->may_start());
  Settle();
  EXPECT_FALSE(end_.has_value());
  server_.Send(Frame(1, 5, 1, "\x88"));
  ASSERT_TRUE(Turn([&] { return end_.has_value(); }));
  EXPECT_EQ(*end_, "drained");
  EXPECT_THAT(exchange.log, ElementsAre("head 200 last"));
  EXPECT_THAT(server_.received(), HasSubstr(Frame(7, 0, 0, std::string(8, '\0'))));
}

TEST_F(ClientSessionTest, AnUpgradeThatTheServerDoesNotKnowIsRefused) {
  Exchange exchange;
  ASSERT_TRUE(Turn([&] { return server_.received().size() > 40; }));
  Settle();
  StartUpgrade(exchange);
  ASSERT_TRUE(Turn([&] { return exchange.error.has_value(); }));
  EXPECT_EQ(exchange.error->kind, ErrorKind::kRefused);
  EXPECT_EQ(exchange.error->detail, "http2.extended_connect_not_supported");
  EXPECT_EQ(session_->stream_count(), 0u);
}

class OversizeFrameOfAServer : public ClientSessionTest,
                               public ::testing::WithParamInterface<int> {};

TEST_P(OversizeFrameOfAServer, EndsTheSession) {
  Exchange exchange;
  Start(exchange, true);
  std::string frame = Frame(static_cast<uint8_t>(GetParam() & 0xF), 0, 1, "");
  frame.replace(0, 3, GetParam() < 16 ? std::string("\0\x40\1", 3) : "\xff\xff\xff");
  for (const char byte : frame + std::string(20, '\0')) {
    server_.Send({&byte, 1});
    loop_.RunOnce(base::Milliseconds(1));
  }
  ASSERT_TRUE(Turn([&] { return end_.has_value(); }));
  EXPECT_EQ(*end_, "http2.protocol_error");
  EXPECT_EQ(exchange.error->kind, ErrorKind::kConnectionClosed);
  EXPECT_THAT(server_.received(), HasSubstr(Frame(7, 0, 0, std::string("\0\0\0\0\0\0\0\6", 8))));
}

// The types up to an unknown one, a little and much too large.
INSTANTIATE_TEST_SUITE_P(All, OversizeFrameOfAServer,
                         ::testing::Values(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 16 + 1, 16 + 2, 16 + 4,
                                           16 + 10));

// The server says nothing before a test does.
class FreshClientSession : public ClientSessionTest {
 protected:
  FreshClientSession()
      : ClientSessionTest({.keepalive = {.timeout = base::Milliseconds(200),
                                         .idle_interval = base::Milliseconds(1000)}}) {}
  void SetUp() override {}
};

TEST_F(FreshClientSession, AnUpgradeWaitsForTheServersSettings) {
  Exchange exchange;
  StartUpgrade(exchange);
  Settle();
  EXPECT_THAT(server_.received(), Not(HasSubstr("websocket")));
  server_.Send(Frame(4, 0, 0, std::string("\0\x8\0\0\0\1", 6)));
  ASSERT_TRUE(Turn([&] {
    return server_.received().find("/chat") != std::string::npos || server_.received().size() > 120;
  }));
  server_.Send(Frame(1, 4, 1, "\x88"));
  ASSERT_TRUE(Turn([&] { return !exchange.log.empty(); }));
  EXPECT_THAT(exchange.log, ElementsAre("head 101"));
  EXPECT_TRUE(exchange.head.switches_protocol);
}

TEST_F(FreshClientSession, AnUpgradeThatWaitsCanBeGivenUp) {
  Exchange exchange;
  StartUpgrade(exchange);
  exchange.writer->Reset();
  server_.Send(Frame(4, 0, 0, std::string("\0\x8\0\0\0\1", 6)));
  Settle();
  EXPECT_EQ(session_->stream_count(), 0u);
  EXPECT_FALSE(exchange.error.has_value());
}

TEST_F(FreshClientSession, AsksAPeerThatWasSilentForLongBeforeItTrustsIt) {
  server_.Send(SettingsFrame());
  Settle();
  clock_.Advance(base::Milliseconds(1500));
  Exchange exchange;
  Start(exchange, true);
  clock_.Advance(base::Milliseconds(201));
  ASSERT_TRUE(Turn([&] { return end_.has_value(); }));
  EXPECT_EQ(*end_, "http2.keepalive_timeout");
  EXPECT_EQ(exchange.error->kind, ErrorKind::kConnectionClosed);
  EXPECT_EQ(Counter("keepalive_timeout"), 1u);
}

}  // namespace
}  // namespace outrigger::http::http2
