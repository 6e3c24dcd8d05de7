#include "source/upstream/tcp_exchange.h"

#include <utility>

namespace outrigger::upstream {

TcpExchange::TcpExchange(event::Loop& loop, WorkerCluster& cluster,
                         http::ResponseReceiver& receiver, Done done)
    : loop_(loop),
      cluster_(cluster),
      receiver_(&receiver),
      done_(std::move(done)),
      cancellable_(std::make_shared<TcpExchange*>(this)),
      tcp_(loop, WorkerClusterRef(&cluster), static_cast<TcpEvents&>(*this)) {}

// --- beginning ---------------------------------------------------------------------------------

event::Operation TcpExchange::Start(const TcpSource& source) {
  failure_ = tcp_.Connect(source);
  if (failure_) loop_.Defer(*this);
  return event::Operation([exchange = cancellable_] {
    if (*exchange != nullptr) (*exchange)->Cancel();
  });
}

void TcpExchange::OnUpstreamConnected() {
  if (phase_ != Phase::kConnecting) return;
  phase_ = Phase::kConnected;
  *cancellable_ = nullptr;
  connection().PauseReading();  // an endpoint that speaks first is heard after the 200
  Done done = std::move(done_);
  done(Attempt{.writer = this, .endpoint = tcp_.endpoint(), .connection = tcp_.connection()});
}

void TcpExchange::Fail(const StartFailure& failure) {
  if (phase_ != Phase::kConnecting) return;
  Done done = std::move(done_);
  End();
  done(failure);
}

void TcpExchange::RunDeferred() {
  if (failure_) return Fail(*failure_);
  if (phase_ == Phase::kAnswering) Answer();
}

void TcpExchange::Answer() {
  phase_ = Phase::kOpen;
  http::ResponseHead& head = receiver_->response_head();
  head.headers.Clear();
  head.status = 200;
  head.reason = {};
  head.protocol = http::Protocol::kHttp11;
  head.switches_protocol = true;
  connection().ResumeReading();  // shown from the loop, so behind the head
  receiver_->OnResponseHead(/*last=*/false);
}

// --- the request -------------------------------------------------------------------------------

void TcpExchange::WriteHead(const http::RequestHead& /*head*/, bool last) {
  phase_ = Phase::kAnswering;
  loop_.Defer(*this);
  base::Buffer none;
  WriteBody(none, last);
}

void TcpExchange::WriteBody(base::Buffer& piece, bool last) {
  if (is_request_over_) return piece.Clear();
  if (!piece.empty()) {
    connection().output().Append(std::move(piece));
    connection().FlushSoon();
  }
  if (!last) return;
  is_request_over_ = true;
  connection().FinishOutput();
  FlushIfOver();
}

void TcpExchange::WriteTrailers(const http::HeaderMap& /*trailers*/) {
  base::Buffer none;
  WriteBody(none, /*last=*/true);
}

void TcpExchange::Reset() {
  connection().Close(net::CloseMode::kReset);
  End();
}

// --- the response ------------------------------------------------------------------------------

void TcpExchange::OnUpstreamData(base::Buffer& in, bool end) {
  if (receiver_ == nullptr) return in.Clear();
  is_response_over_ = end;
  receiver_->OnResponseBody(in, end);
  FlushIfOver();
}

void TcpExchange::OnUpstreamOutputHigh() {
  if (receiver_ != nullptr) receiver_->OnOutputHigh();
}

void TcpExchange::OnUpstreamOutputLow() {
  if (receiver_ != nullptr) receiver_->OnOutputLow();
}

// --- ending ------------------------------------------------------------------------------------

void TcpExchange::FlushIfOver() {
  if (!is_request_over_ || !is_response_over_ || receiver_ == nullptr) return;
  receiver_ = nullptr;
  phase_ = Phase::kFlushing;
  connection().Close(net::CloseMode::kFlush);
}

void TcpExchange::OnUpstreamClosed(net::CloseCause /*cause*/) {
  http::ResponseReceiver* const receiver = receiver_;
  End();
  if (receiver == nullptr) return;
  receiver->OnResponseError({.kind = http::ErrorKind::kConnectionClosed,
                             .source = http::ErrorSource::kUpstream,
                             .status = 503,
                             .detail = "tunnel_connection_reset"});
}

void TcpExchange::End() {
  if (std::exchange(phase_, Phase::kGone) == Phase::kGone) return;
  receiver_ = nullptr;
  *cancellable_ = nullptr;
  Deferred::Unlink();
  cluster_.OnTcpExchangeEnd(*this);
}

}  // namespace outrigger::upstream
