#include "source/client/grpc_stream.h"

#include "source/base/check.h"
#include "source/base/text.h"
#include "source/net/socket.h"

namespace outrigger::client {
namespace {

constexpr std::string_view kContentType = "application/grpc";

std::string WhatAnswered(const http::ResponseHead& head) {
  const std::string_view type =
      head.headers.Get(http::HeaderId::kContentType).value_or("no content-type");
  return base::StrCat("no gRPC server: HTTP status ", head.status, " with ", type);
}

}  // namespace

GrpcStream::GrpcStream(event::Loop& loop, const GrpcStreamOptions& options,
                       std::vector<GrpcEndpoint> endpoints, size_t first, GrpcStreamEvents& events)
    : loop_(loop),
      options_(options),
      endpoints_(std::move(endpoints)),
      at_(endpoints_.empty() ? 0 : first % endpoints_.size()),
      events_(events),
      reader_(options.max_message_bytes) {
  if (endpoints_.empty()) {
    Close("no endpoint is known");
  } else {
    ConnectNext();
  }
}

GrpcStream::~GrpcStream() = default;

void GrpcStream::ConnectNext() {
  // More than one round only past endpoints that wait for secrets.
  for (; tried_ < endpoints_.size(); at_ = (at_ + 1) % endpoints_.size()) {
    ++tried_;
    std::unique_ptr<net::Transport> transport;
    const GrpcEndpoint& next = endpoints_[at_];
    if (next.transports != nullptr) {
      transport = next.transports->Make({.server_name = next.server_name,
                                         .verified_name = next.verified_name,
                                         .application_protocols = next.application_protocols});
      if (transport == nullptr) continue;
    }
    connection_ = std::make_unique<net::Connection>(
        loop_, net::StartConnect(endpoint(), nullptr, std::nullopt), options_.connect_timeout,
        static_cast<net::ConnectionEvents&>(*this), net::ConnectionLimits(), std::move(transport));
    return;
  }
  Close(base::StrCat("cannot connect to ", endpoint().ToString(),
                     ": its TLS context waits for secrets that have not come yet"));
}

void GrpcStream::OnConnected() {
  if (const net::Transport* transport = connection_->transport()) {
    const std::string_view agreed = transport->application_protocol();
    if (!agreed.empty() && agreed != "h2") {
      return Close(base::StrCat("no gRPC server: ALPN agreed on \"", agreed, "\", not on h2"));
    }
  }
  session_ = std::make_unique<http::http2::ClientSession>(
      *connection_, options_.http2, static_cast<http::http2::ClientSessionEvents&>(*this));
  writer_ = &session_->StartRequest(static_cast<http::ResponseReceiver&>(*this));
  http::RequestHead head(arena_);
  head.method = http::Method::kPost;
  head.method_text = "POST";
  head.target = options_.path;
  head.protocol = http::Protocol::kHttp2;
  head.headers.Add(http::HeaderId::kHost, options_.authority);
  head.headers.Add(http::HeaderId::kTe, "trailers");
  head.headers.Add(http::HeaderId::kContentType, kContentType);
  head.headers.Add(http::HeaderId::kUserAgent, "outrigger");
  head.headers.Add("grpc-accept-encoding", "identity");
  for (const auto& [name, value] : options_.metadata) head.headers.Add(name, value);
  writer_->WriteHead(head, false);
  if (pauses_ > 0) writer_->PauseReading();
  events_.OnStreamOpen();
}

void GrpcStream::Send(std::string_view message) {
  DCHECK(is_open());
  base::Buffer body;
  http::grpc::AppendMessage(message, body);
  writer_->WriteBody(body, false);
}

void GrpcStream::Close(std::string reason) {
  if (end_reason_.has_value()) return;
  end_reason_ = std::move(reason);
  if (http::RequestWriter* writer = std::exchange(writer_, nullptr)) writer->Reset();
  loop_.Defer(*this);
}

void GrpcStream::PauseReading() {
  if (pauses_++ == 0 && writer_ != nullptr) writer_->PauseReading();
}

void GrpcStream::ResumeReading() {
  DCHECK(pauses_ > 0);
  if (--pauses_ > 0) return;
  if (writer_ != nullptr) writer_->ResumeReading();
  loop_.Defer(*this);  // what was taken in before the pause
}

void GrpcStream::RunDeferred() {
  TakeMessages();
  if (end_reason_.has_value()) End();
}

void GrpcStream::TakeMessages() {
  while (pauses_ == 0 && !end_reason_.has_value()) {
    absl::StatusOr<std::optional<std::string>> next = reader_.Next();
    if (!next.ok()) {
      Close(std::string(base::StdView(next.status().message())));
    } else if (!next->has_value()) {
      return;
    } else {
      events_.OnMessage(*std::move(*next));
    }
  }
}

void GrpcStream::End() {
  if (std::exchange(is_end_reported_, true)) return;
  writer_ = nullptr;
  if (connection_ != nullptr) connection_->Close(net::CloseMode::kNow);
  events_.OnStreamClosed(*end_reason_);
}

void GrpcStream::OnData(base::Buffer& in, bool end) {
  if (session_ != nullptr) session_->OnData(in, end);
}

// The peer does not take our messages: stop taking its own, each of which asks for an answer. Said
// by the connection and by the HTTP/2 stream, each in turns; pauses are counted.
void GrpcStream::OnOutputHigh() { PauseReading(); }

void GrpcStream::OnOutputLow() {
  if (session_ != nullptr) session_->OnOutputLow();
  ResumeReading();
}

void GrpcStream::OnClosed(net::CloseCause cause) {
  // Of a handshake that failed, or of an alert that came later (TLS 1.3 tells a client so that its
  // certificate was refused).
  const std::string told(connection_->transport() == nullptr ? ""
                                                             : connection_->transport()->failure());
  if (session_ != nullptr) {
    if (!told.empty()) Close(base::StrCat("the connection failed: ", told));
    session_->OnClosed(cause);
  } else if (!end_reason_.has_value()) {
    if (tried_ == endpoints_.size()) {
      return Close(base::StrCat("cannot connect to ", endpoint().ToString(), ": ",
                                told.empty() ? net::ToString(cause) : told));
    }
    at_ = (at_ + 1) % endpoints_.size();
    loop_.DeleteLater(std::move(connection_));
    ConnectNext();
  }
}

void GrpcStream::OnSessionEnd(std::string_view reason) { Close(std::string(reason)); }

void GrpcStream::OnResponseHead(bool last) {
  if (last) writer_ = nullptr;
  const std::string_view type = head_.headers.Get(http::HeaderId::kContentType).value_or("");
  if (head_.status != 200 || !type.starts_with(kContentType)) {
    Close(WhatAnswered(head_));
  } else if (last) {
    TakeStatus(head_.headers, head_.status);
  }
}

void GrpcStream::OnResponseBody(base::Buffer& piece, bool last) {
  reader_.Append(piece);
  TakeMessages();
  if (last && !end_reason_.has_value()) {
    writer_ = nullptr;
    Close("the server ended the call without a grpc-status");
  }
}

void GrpcStream::OnResponseTrailers() {
  writer_ = nullptr;
  TakeStatus(trailers_, head_.status);
}

void GrpcStream::TakeStatus(const http::HeaderMap& fields, int http_status) {
  const http::grpc::Status status = http::grpc::ReadStatus(fields).value_or(
      http::grpc::Status{http::grpc::CodeOfHttpStatus(http_status), "no grpc-status"});
  Close(base::StrCat("the server ended the call: ", http::grpc::Describe(status)));
}

void GrpcStream::OnResponseError(const http::StreamError& error) {
  writer_ = nullptr;
  // Of a connection that ended OnSessionEnd tells more.
  if (error.kind != http::ErrorKind::kConnectionClosed) Close(std::string(error.detail));
}

}  // namespace outrigger::client
