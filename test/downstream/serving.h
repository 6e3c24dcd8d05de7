#pragma once

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "source/base/check.h"
#include "source/base/text.h"
#include "source/downstream/server_connection.h"

namespace outrigger::downstream {

// What reached the end of the chain, and how it answers.
struct Backend {
  std::string seen;  // "GET /x [body]" for each complete request
  std::string body;
  int requests = 0;
  int live = 0;  // terminals that exist
  bool answers = true;
  bool opens_tunnels = false;
  bool has_request_ended = false;  // of a body or tunnel
  std::string cookie, forwarded_proto, scheme, client_certificate;
  http::Protocol protocol = http::Protocol::kHttp10;
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
    backend_.cookie = std::string(head.headers.GetJoined("cookie").value_or(""));
    backend_.forwarded_proto = std::string(head.headers.Get("x-forwarded-proto").value_or(""));
    backend_.scheme = std::string(head.scheme);
    backend_.client_certificate =
        std::string(head.headers.Get("x-forwarded-client-cert").value_or(""));
    backend_.protocol = head.protocol;
    if (last) Answer();
    if (head.asks_for_tunnel() && backend_.opens_tunnels) OpenTunnel(head);
  }
  void OnRequestBody(base::Buffer& piece, bool last) override {
    backend_.body += piece.ToString();
    piece.Clear();
    if (last) backend_.has_request_ended = true;
    if (last && !is_tunnel_) Answer();
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
  void OpenTunnel(const http::RequestHead& head) {
    is_tunnel_ = true;
    sink_.response_head().status = head.upgrade.empty() ? 200 : 101;
    sink_.response_head().switches_protocol = true;
    sink_.SendResponseHead(false);
  }
  Backend& backend_;
  http::ResponseSink& sink_;
  bool is_tunnel_ = false;
};

class LastSummary final : public http::AccessLogger {
 public:
  void Log(const http::StreamSummary& summary) const override {
    ++count;
    status = summary.response == nullptr ? 0 : summary.response->status;
    detail = std::string(summary.detail);
    flags = summary.response_flags;
    request_bytes = summary.request_body_bytes;
    response_bytes = summary.response_body_bytes;
    downstream_failure = std::string(summary.downstream_failure_reason);
    server_name = std::string(summary.ServerName());
  }
  mutable int count = 0;
  mutable int status = 0;
  mutable std::string detail, downstream_failure, server_name;
  mutable uint32_t flags = 0;
  mutable uint64_t request_bytes = 0, response_bytes = 0;
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
    if (route.has_value()) SetRoute(*std::exchange(route, std::nullopt));
    net::Accepted accepted{net::Socket(fds[1])};
    accepted.transport = std::move(transport);
    connection_ = std::make_unique<ServerConnection>(worker_, slot_, std::move(accepted), *this);
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
  void FinishSending() {
    shutdown(client_, SHUT_WR);
    Turn();
  }
  void Answer(std::string_view text, bool last) {
    base::Buffer piece;
    piece.Append(text);
    backend.sink->SendResponseBody(piece, last);
    Turn();
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
  std::optional<route::RouteSpec> route;      // for everything; unset: none
  std::unique_ptr<net::Transport> transport;  // of the next connection, past its handshake
  bool saw_end = false;
  int ends = 0;

 private:
  void OnConnectionEnd(ServerConnection&) override {
    ++ends;
    loop_.DeleteLater(std::move(connection_));
  }

  void SetRoute(route::RouteSpec spec) {
    route::RouteTableSpec table{.name = "table"};
    route::VirtualHostSpec& host = table.virtual_hosts.emplace_back();
    host.name = "all";
    host.domains = {"*"};
    host.routes.push_back(std::move(spec));
    auto compiled = route::RouteTable::Compile(std::move(table));
    CHECK(compiled.ok());
    slot_.routes = base::LocalPtr<route::RouteTable>(*std::move(compiled));
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

}  // namespace outrigger::downstream
