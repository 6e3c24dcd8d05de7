#include "test/http/http1/codec_harness.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "source/base/check.h"

namespace outrigger::http::http1 {
namespace {

std::string Lines(const HeaderMap& map, std::string_view prefix) {
  std::string text;
  for (const Header& header : map.entries()) {
    text.append(prefix).append(header.name()).append(": ").append(header.value()).append("\n");
  }
  return text;
}

// Reading what the codec sent may be what it waits for.
void TurnUntilQuiet(event::Loop& loop, Wire& wire, std::string& output) {
  for (;;) {
    const bool was_busy = loop.RunOnce();
    const std::string received = wire.Receive();
    output += received;
    if (!was_busy && received.empty()) return;
  }
}

}  // namespace

size_t Cuts::Next(size_t left) {
  if (size_ != 0) return std::min(size_, left);
  if (state_ == 0) return left;
  state_ = state_ * 1664525u + 1013904223u;
  return std::min<size_t>(1 + (state_ >> 20) % 24, left);
}

Wire::Wire() {
  int fds[2];
  CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
  fd_ = fds[0];
  codec_fd_ = fds[1];
}

Wire::~Wire() {
  if (fd_ >= 0) close(fd_);
  if (codec_fd_ >= 0) close(codec_fd_);
}

bool Wire::Send(std::string_view bytes) {
  return send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
}

void Wire::FinishSending() { shutdown(fd_, SHUT_WR); }

void Wire::Close() { close(std::exchange(fd_, -1)); }

std::string Wire::Receive() {
  std::string bytes;
  char block[64 * 1024];
  for (;;) {
    const ssize_t got = recv(fd_, block, sizeof(block), 0);
    if (got > 0) {
      bytes.append(block, static_cast<size_t>(got));
      continue;
    }
    saw_end_ = saw_end_ || got == 0 || (errno != EAGAIN && errno != EINTR);
    return bytes;
  }
}

// --- server ------------------------------------------------------------------------------------

ServerHarness::ServerHarness(Options options, net::ConnectionLimits limits)
    : options_(std::move(options)) {
  answer = [](Stream& stream) {
    if (stream.is_refused()) {
      stream.Respond(stream.error().status, stream.error().detail);
    } else {
      stream.Respond(200, "ok");
    }
  };
  connection_ = std::make_unique<net::Connection>(
      loop_, net::Socket(wire_.TakeCodecEnd()), static_cast<net::ConnectionEvents&>(*this), limits);
  codec_ =
      std::make_unique<ServerCodec>(*connection_, options_, static_cast<ServerStreams&>(*this));
}

ServerHarness::~ServerHarness() = default;

void ServerHarness::Send(std::string_view bytes, Cuts cuts) {
  while (!bytes.empty()) {
    const size_t size = cuts.Next(bytes.size());
    const bool was_taken = wire_.Send(bytes.substr(0, size));
    Turn();
    if (!was_taken) return;
    bytes.remove_prefix(size);
  }
}

void ServerHarness::FinishSending() {
  wire_.FinishSending();
  Turn();
}

void ServerHarness::Turn() { TurnUntilQuiet(loop_, wire_, output_); }

std::string ServerHarness::TakeOutput() { return std::exchange(output_, {}); }

void ServerHarness::OnData(base::Buffer& in, bool end) { codec_->OnData(in, end); }

void ServerHarness::OnClosed(net::CloseCause) {}

void ServerHarness::OnCodecDone() {
  CHECK(!is_codec_done_);
  is_codec_done_ = true;
}

RequestReceiver& ServerHarness::NewStream(ResponseWriter& writer) {
  return *streams_.emplace_back(std::make_unique<Stream>(*this, writer));
}

void ServerHarness::Stream::OnRequestHead(bool last) {
  harness_.events_.append(head_.method_text)
      .append(" ")
      .append(head_.target)
      .append(" ")
      .append(ToString(head_.protocol))
      .append("\n")
      .append(Lines(head_.headers, ""));
  if (!head_.upgrade.empty()) {
    harness_.events_.append("upgrade to ").append(head_.upgrade).append("\n");
  }
  was_answered_ = harness_.answers_at_head || head_.asks_for_tunnel();
  if (was_answered_ && harness_.answer) harness_.answer(*this);
  if (last) Finish("end");
}

void ServerHarness::Stream::OnRequestBody(base::Buffer& piece, bool last) {
  body_ += piece.ToString();
  piece.Clear();
  if (last) Finish("end");
}

void ServerHarness::Stream::OnRequestTrailers() { Finish("end"); }

void ServerHarness::Stream::OnRequestError(const StreamError& error) {
  error_ = error;
  is_refused_ = true;
  Finish("error " + std::to_string(error.status) + " " + std::string(error.detail));
}

void ServerHarness::Stream::Finish(std::string_view how) {
  const bool is_gone = is_refused_ && error_.kind == ErrorKind::kConnectionClosed;
  CHECK(!is_complete_ || is_gone);
  std::string& events = harness_.events_;
  if (std::exchange(is_complete_, true)) {
    events.append(how).append("\n");
    return;
  }
  if (!body_.empty()) events.append("body: \"").append(body_).append("\"\n");
  events.append(Lines(trailers_, "trailer ")).append(how).append("\n");
  if (!harness_.answers_at_head && !was_answered_ && !is_gone && harness_.answer) {
    harness_.answer(*this);
  }
}

void ServerHarness::Stream::RespondHead(int status, bool last,
                                        std::vector<std::pair<std::string, std::string>> headers) {
  ResponseHead head(arena_);
  head.status = status;
  for (const auto& [name, value] : headers) head.headers.AddCopy(name, value);
  writer_.WriteHead(head, last);
}

void RespondTunnel(ServerHarness::Stream& stream,
                   std::vector<std::pair<std::string, std::string>> headers) {
  ResponseHead head(stream.head().headers.arena());
  head.status = stream.head().method == Method::kConnect ? 200 : 101;
  head.switches_protocol = true;
  for (const auto& [name, value] : headers) head.headers.AddCopy(name, value);
  stream.writer().WriteHead(head, false);
}

void ServerHarness::Stream::RespondBody(std::string_view bytes, bool last) {
  base::Buffer piece;
  piece.Append(bytes);
  writer_.WriteBody(piece, last);
}

void ServerHarness::Stream::Respond(int status, std::string_view body,
                                    std::vector<std::pair<std::string, std::string>> headers) {
  headers.emplace_back("content-length", std::to_string(body.size()));
  RespondHead(status, body.empty(), std::move(headers));
  if (!body.empty()) RespondBody(body, true);
}

// --- client ------------------------------------------------------------------------------------

ClientHarness::ClientHarness(Options options) : options_(std::move(options)) {
  connection_ = std::make_unique<net::Connection>(loop_, net::Socket(wire_.TakeCodecEnd()),
                                                  static_cast<net::ConnectionEvents&>(*this),
                                                  net::ConnectionLimits());
  codec_ =
      std::make_unique<ClientCodec>(*connection_, options_, static_cast<ClientCodecEvents&>(*this));
}

ClientHarness::~ClientHarness() = default;

ClientHarness::Exchange& ClientHarness::Start() {
  Exchange& exchange = *exchanges_.emplace_back(std::make_unique<Exchange>(*this));
  exchange.writer_ = &codec_->StartRequest(exchange);
  return exchange;
}

ClientHarness::Exchange& ClientHarness::Request(
    std::string_view method, std::string_view target,
    std::vector<std::pair<std::string, std::string>> headers, std::string_view upgrade) {
  Exchange& exchange = Start();
  RequestHead& head = exchange.request();
  head.method_text = method;
  head.method = ParseMethod(method);
  head.target = target;
  head.headers.AddCopy("host", "h");
  head.upgrade = upgrade;
  for (const auto& [name, value] : headers) head.headers.AddCopy(name, value);
  exchange.writer().WriteHead(head, !head.asks_for_tunnel());
  Turn();
  return exchange;
}

void ClientHarness::Send(std::string_view bytes, Cuts cuts) {
  while (!bytes.empty()) {
    const size_t size = cuts.Next(bytes.size());
    const bool was_taken = wire_.Send(bytes.substr(0, size));
    Turn();
    if (!was_taken) return;
    bytes.remove_prefix(size);
  }
}

void ClientHarness::FinishSending() {
  wire_.FinishSending();
  Turn();
}

void ClientHarness::Turn() { TurnUntilQuiet(loop_, wire_, output_); }

std::string ClientHarness::TakeOutput() { return std::exchange(output_, {}); }

void ClientHarness::OnData(base::Buffer& in, bool end) { codec_->OnData(in, end); }
void ClientHarness::OnClosed(net::CloseCause cause) { codec_->OnClosed(cause); }
void ClientHarness::OnExchangeEnd(bool reusable) {
  events_ += reusable ? "reusable\n" : "not reusable\n";
}
void ClientHarness::OnIdleEnd() { events_ += "idle end\n"; }

void ClientHarness::Exchange::LogHead() {
  const std::string_view reason = head_.reason.empty() ? "-" : head_.reason;
  harness_.events_.append(std::to_string(head_.status))
      .append(" ")
      .append(reason)
      .append(" ")
      .append(ToString(head_.protocol))
      .append("\n")
      .append(Lines(head_.headers, ""))
      .append(head_.switches_protocol ? "tunnel\n" : "");
}

void ClientHarness::Exchange::OnInformational() { LogHead(); }

void ClientHarness::Exchange::OnResponseHead(bool last) {
  LogHead();
  if (last) Finish("end");
}

void ClientHarness::Exchange::OnResponseBody(base::Buffer& piece, bool last) {
  body_ += piece.ToString();
  piece.Clear();
  if (last) Finish("end");
}

void ClientHarness::Exchange::OnResponseTrailers() { Finish("end"); }

void ClientHarness::Exchange::OnResponseError(const StreamError& error) {
  error_ = error;
  Finish("error " + std::to_string(error.status) + " " + std::string(error.detail) +
         (error.is_safe_to_replay ? " replay" : ""));
}

void ClientHarness::Exchange::WriteBody(std::string_view bytes, bool last) {
  base::Buffer piece;
  piece.Append(bytes);
  writer_->WriteBody(piece, last);
  harness_.Turn();
}

void ClientHarness::Exchange::Finish(std::string_view how) {
  std::string& events = harness_.events_;
  if (!body_.empty()) events.append("body: \"").append(body_).append("\"\n");
  events.append(Lines(trailers_, "trailer ")).append(how).append("\n");
}

}  // namespace outrigger::http::http1
