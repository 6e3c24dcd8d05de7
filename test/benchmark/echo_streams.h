#pragma once

#include <sys/socket.h>

#include <cstdlib>
#include <optional>

#include "source/event/loop.h"
#include "source/http/codec.h"
#include "source/net/connection.h"

// What a server codec needs around it to be measured.

namespace outrigger::http {

// A connection whose other end reads and forgets, when it is turned.
class StillConnection : public net::ConnectionEvents {
 public:
  StillConnection() {
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) != 0) std::abort();
    other_ = net::Socket(fds[0]);
    connection_.emplace(loop_, net::Socket(fds[1]), *this, net::ConnectionLimits());
  }
  net::Connection& connection() { return *connection_; }
  void Turn() {
    loop_.RunOnce();
    char rest[4096];
    while (recv(other_.fd(), rest, sizeof(rest), 0) > 0) {
    }
  }
  void OnData(base::Buffer&, bool) override {}
  void OnClosed(net::CloseCause) override {}

 private:
  base::SystemClock clock_;
  event::Loop loop_{clock_};
  net::Socket other_;
  std::optional<net::Connection> connection_;
};

// Answers each request at its head, one after the other.
class EchoStreams final : public ServerStreams, public RequestReceiver {
 public:
  RequestReceiver& NewStream(ResponseWriter& writer) override {
    writer_ = &writer;
    head_.reset();
    trailers_.reset();
    arena_.Reset();
    head_.emplace(arena_);
    trailers_.emplace(arena_);
    return *this;
  }
  void OnCodecDone() override {}
  RequestHead& request_head() override { return *head_; }
  HeaderMap& request_trailers() override { return *trailers_; }
  void OnRequestHead(bool) override {
    ResponseHead response(arena_);
    response.headers.Add(HeaderId::kServer, "outrigger");
    response.headers.Add(HeaderId::kDate, "Mon, 01 Jan 2024 00:00:00 GMT");
    response.headers.Add(HeaderId::kContentLength, "5");
    writer_->WriteHead(response, false);
    base::Buffer piece;
    piece.Append(base::Slice::Borrow("hello"));
    writer_->WriteBody(piece, true);
  }
  void OnRequestBody(base::Buffer& piece, bool) override { piece.Clear(); }
  void OnRequestTrailers() override {}
  void OnRequestError(const StreamError&) override { std::abort(); }
  void OnOutputHigh() override {}
  void OnOutputLow() override {}

 private:
  char first_[4096];
  base::Arena arena_{first_, sizeof(first_)};
  std::optional<RequestHead> head_;
  std::optional<HeaderMap> trailers_;
  ResponseWriter* writer_ = nullptr;
};

}  // namespace outrigger::http
