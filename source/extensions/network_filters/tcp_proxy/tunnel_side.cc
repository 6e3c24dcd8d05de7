#include "source/extensions/network_filters/tcp_proxy/tunnel_side.h"

#include <utility>

#include "source/upstream/host_name.h"

namespace outrigger::tcp_proxy {

using upstream::StartFailure;
using upstream::StartFailureKind;

TunnelSide::TunnelSide(event::Loop& loop, upstream::WorkerClusterRef cluster,
                       const TunnelOptions& options, const http::StreamSummary& client,
                       upstream::TcpEvents& events)
    : loop_(loop), cluster_(std::move(cluster)), events_(events) {
  request_.method = http::Method::kConnect;
  request_.method_text = "CONNECT";
  request_.headers.Add(http::HeaderId::kHost, options.hostname);
  options.added_headers.Apply(request_.headers, client);
}

// --- asking ------------------------------------------------------------------------------------

std::optional<StartFailure> TunnelSide::Connect(const upstream::TcpSource& source) {
  if (source.is_destination_restored) destination_ = *source.destination;
  const upstream::PickHints hints{.avoid = source.avoid,
                                  .destination = destination_ ? &*destination_ : nullptr,
                                  .host_name = upstream::HostName(cluster_->spec(), request_)};
  auto result = cluster_->TryStart(hints, *this);
  if (!result) {
    starting_ = cluster_->Start(
        hints, *this, [this](upstream::StartResult later) { OnStarted(std::move(later)); });
    return std::nullopt;
  }
  if (auto* failure = std::get_if<StartFailure>(&*result)) {
    phase_ = Phase::kGone;
    return std::move(*failure);
  }
  Ask(std::get<upstream::Attempt>(*std::move(result)));
  return std::nullopt;
}

void TunnelSide::OnStarted(upstream::StartResult result) {
  if (auto* failure = std::get_if<StartFailure>(&result)) {
    phase_ = Phase::kGone;
    return events_.OnUpstreamFailed(*failure);
  }
  Ask(std::get<upstream::Attempt>(std::move(result)));
}

void TunnelSide::Ask(upstream::Attempt started) {
  phase_ = Phase::kAsked;
  writer_ = started.writer;
  connection_ = started.connection;
  endpoint_ = std::move(started.endpoint);
  is_reused_ = started.is_reused_connection;
  writer_->WriteHead(request_, /*last=*/false);
}

void TunnelSide::AskAgain(bool needs_fresh_connection) {
  ++replays_;
  cluster_->counters().upstream_rq_replayed.Increment();
  phase_ = Phase::kStarting;
  starting_ =
      cluster_->Start({.needs_fresh_connection = needs_fresh_connection,
                       .destination = destination_ ? &*destination_ : nullptr,
                       .host_name = upstream::HostName(cluster_->spec(), request_)},
                      *this, [this](upstream::StartResult later) { OnStarted(std::move(later)); });
}

void TunnelSide::Fail(std::string_view detail) {
  phase_ = Phase::kGone;
  cluster_->counters().upstream_cx_connect_fail.Increment();
  events_.OnUpstreamFailed({StartFailureKind::kConnectFailed, detail, endpoint_});
}

void TunnelSide::OnResponseHead(bool last) {
  if (!response_.switches_protocol) {
    http::RequestWriter* const writer = std::exchange(writer_, nullptr);
    if (!last) writer->Reset();
    return Fail("tunnel_refused");
  }
  phase_ = Phase::kOpen;
  events_.OnUpstreamConnected();
  base::Buffer none;
  if (last) OnResponseBody(none, last);
}

// --- carrying ----------------------------------------------------------------------------------

void TunnelSide::Send(base::Buffer& piece, bool last) {
  if (writer_ == nullptr || is_request_over_) return piece.Clear();
  bytes_moved_ += piece.size();
  is_request_over_ = last;
  writer_->WriteBody(piece, last);
  CloseIfOver();
}

void TunnelSide::OnResponseBody(base::Buffer& piece, bool last) {
  if (phase_ != Phase::kOpen) return piece.Clear();
  bytes_moved_ += piece.size();
  is_response_over_ = last;
  events_.OnUpstreamData(piece, last);
  CloseIfOver();
}

void TunnelSide::OnResponseTrailers() {
  base::Buffer none;
  OnResponseBody(none, /*last=*/true);
}

void TunnelSide::PauseReading() {
  if (writer_ != nullptr) writer_->PauseReading();
}

void TunnelSide::ResumeReading() {
  if (writer_ != nullptr) writer_->ResumeReading();
}

void TunnelSide::OnOutputHigh() {
  if (phase_ == Phase::kOpen) events_.OnUpstreamOutputHigh();
}

void TunnelSide::OnOutputLow() {
  if (phase_ == Phase::kOpen) events_.OnUpstreamOutputLow();
}

// --- ending ------------------------------------------------------------------------------------

void TunnelSide::OnResponseError(const http::StreamError& error) {
  constexpr uint8_t kMostReplays = 3;
  writer_ = nullptr;
  if (phase_ == Phase::kOpen) return CloseSoon(net::CloseCause::kPeerReset);
  const bool was_refused = error.kind == http::ErrorKind::kRefused;
  if (error.is_safe_to_replay && (is_reused_ || was_refused) && replays_ < kMostReplays) {
    return AskAgain(/*needs_fresh_connection=*/!was_refused);
  }
  Fail("tunnel_broken_before_answer");
}

void TunnelSide::CloseIfOver() {
  if (!is_request_over_ || !is_response_over_ || phase_ != Phase::kOpen) return;
  writer_ = nullptr;
  CloseSoon(net::CloseCause::kPeerClosed);
}

void TunnelSide::CloseSoon(net::CloseCause cause) {
  phase_ = Phase::kClosing;
  cause_ = cause;
  loop_.Defer(*this);
}

void TunnelSide::RunDeferred() {
  phase_ = Phase::kGone;
  events_.OnUpstreamClosed(cause_);
}

void TunnelSide::Close(net::CloseMode mode) {
  starting_.Cancel();
  if (writer_ != nullptr) std::exchange(writer_, nullptr)->Reset();
  if (mode == net::CloseMode::kFlush) {
    if (phase_ == Phase::kOpen) CloseSoon(net::CloseCause::kLocal);
    return;  // what is closing already tells it
  }
  phase_ = Phase::kGone;
  Deferred::Unlink();
}

}  // namespace outrigger::tcp_proxy
