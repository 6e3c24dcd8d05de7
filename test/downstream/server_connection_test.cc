#include "source/downstream/server_connection.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "source/base/text.h"

namespace outrigger::downstream {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// What reached the end of the chain, and how it answers.
struct Backend {
  std::string seen;  // "GET /x [body]" for each complete request
  std::string body;
  int requests = 0;
  int live = 0;  // terminals that exist
  bool answers = true;
  http::ResponseSink* sink = nullptr;  // of the latest request
  std::string response_body = "ok";
};

class BackendTerminal final : public http::Terminal {
 public:
  BackendTerminal(Backend& backend, http::ResponseSink& sink) : backend_(backend), sink_(sink) {
    backend.sink = &sink;
    ++backend.live;
  }
  ~BackendTerminal() override { --backend_.live; }
  void OnRequestHead(http::RequestHead& head, bool last) override {
    ++backend_.requests;
    backend_.body.clear();
    backend_.seen = base::StrCat(head.method_text, " ", head.target);
    if (last) Answer();
  }
  void OnRequestBody(base::Buffer& piece, bool last) override {
    backend_.body += piece.ToString();
    piece.Clear();
    if (last) Answer();
  }
  void OnRequestTrailers(http::HeaderMap&) override { Answer(); }
  void OnResponseHigh() override {}
  void OnResponseLow() override {}

 private:
  void Answer() {
    if (!backend_.answers) return;
    http::ResponseHead& head = sink_.response_head();
    sink_.stream().summary().detail = "via_upstream";
    head.headers.Add(http::HeaderId::kContentLength,
                     head.headers.arena().Copy(base::StrCat(backend_.response_body.size())));
    sink_.SendResponseHead(false);
    base::Buffer body;
    body.Append(backend_.response_body);
    sink_.SendResponseBody(body, true);
  }
  Backend& backend_;
  http::ResponseSink& sink_;
};

class LastSummary final : public http::AccessLogger {
 public:
  void Log(const http::StreamSummary& summary) const override {
    ++count;
    status = summary.response == nullptr ? 0 : summary.response->status;
    detail = std::string(summary.detail);
    flags = summary.response_flags;
  }
  mutable int count = 0;
  mutable int status = 0;
  mutable std::string detail;
  mutable uint32_t flags = 0;
};

// A client over a socket pair, the connection that serves it, and a clock turned by hand.
class Serving : public ServerConnectionOwner {
 public:
  Serving() {
    options->terminal = [this](http::ResponseSink& sink) -> std::unique_ptr<http::Terminal> {
      return std::make_unique<BackendTerminal>(backend, sink);
    };
    options->access_loggers = {log};
    options->counters = HttpCounters::Declare(store, "test");
    options->forwarding.server_header = ServerHeader::kPassThrough;
  }
  ~Serving() override {
    connection_.reset();
    Turn();
    if (client_ >= 0) close(client_);
  }

  void Connect() {
    int fds[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    client_ = fds[0];
    slot_.options = base::LocalPtr<HttpOptions>(options);
    connection_ = std::make_unique<ServerConnection>(worker_, slot_, net::Socket(fds[1]), *this);
  }
  // Sends, lets the server work, returns what came back so far and forgets it.
  std::string Send(std::string_view text) {
    if (connection_ == nullptr && client_ < 0) Connect();
    EXPECT_EQ(write(client_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
    Turn();
    return Received();
  }
  std::string Received() {
    std::string out;
    char buffer[65536];
    for (ssize_t n; (n = read(client_, buffer, sizeof buffer)) != -1;) {
      if (n == 0) {
        saw_end = true;
        break;
      }
      out.append(buffer, static_cast<size_t>(n));
    }
    return out;
  }
  std::string Advance(base::Nanoseconds by) {
    clock_.Advance(by);
    Turn();
    return Received();
  }
  void HangUp() {
    close(client_);
    client_ = -1;
    Turn();
  }
  void Turn() {
    while (loop_.RunOnce()) {
    }
  }
  uint64_t Count(std::string_view name) {
    return store.Value(base::StrCat("http.test.", name)).value_or(999);
  }
  ServerConnection& connection() { return *connection_; }
  bool is_open() const { return connection_ != nullptr; }
  void Update() { slot_.options = base::LocalPtr<HttpOptions>(options); }

  stats::Store store;
  Backend backend;
  std::shared_ptr<LastSummary> log = std::make_shared<LastSummary>();
  std::shared_ptr<HttpOptions> options = std::make_shared<HttpOptions>();
  bool saw_end = false;
  int ends = 0;

 private:
  void OnConnectionEnd(ServerConnection&) override {
    ++ends;
    loop_.DeleteLater(std::move(connection_));
  }

  base::ManualClock clock_;
  event::Loop loop_{clock_};
  // Only a reference to pass on: nothing in these tests asks for a cluster.
  alignas(16) char no_clusters_[16];
  HttpWorker worker_{loop_, reinterpret_cast<upstream::WorkerClusters&>(no_clusters_)};
  HttpSlot slot_;
  std::unique_ptr<ServerConnection> connection_;
  int client_ = -1;
};

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
