#include "source/extensions/network_filters/tcp_proxy/proxy_session.h"

#include <algorithm>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "source/extensions/network_filters/tcp_proxy/direct_side.h"
#include "source/extensions/network_filters/tcp_proxy/tunnel_side.h"
#include "source/http/describe_client.h"
#include "source/net/connection_id.h"

namespace outrigger::tcp_proxy {
namespace {

using http::ResponseFlag;
using upstream::StartFailureKind;

ResponseFlag FlagOf(StartFailureKind kind) {
  switch (kind) {
    case StartFailureKind::kNoEndpoint:
      return ResponseFlag::kNoHealthyUpstream;
    case StartFailureKind::kOverflow:
      return ResponseFlag::kUpstreamOverflow;
    case StartFailureKind::kConnectFailed:
    case StartFailureKind::kConnectTimeout:
      break;
  }
  return ResponseFlag::kUpstreamConnectionFailure;
}

std::unique_ptr<net::Arrival> TakeArrival(net::Accepted& connection) {
  return std::move(connection.arrival);
}

}  // namespace

std::unique_ptr<tcp::Session> ProxySession::Begin(tcp::SessionWorker& worker,
                                                  net::Accepted connection,
                                                  const tcp::SessionLimits& limits,
                                                  tcp::SessionOwner& owner,
                                                  std::shared_ptr<const Options> options) {
  std::unique_ptr<ProxySession> session(
      new ProxySession(worker, std::move(connection), limits, owner, std::move(options)));
  session->Start();
  return session;
}

ProxySession::ProxySession(tcp::SessionWorker& worker, net::Accepted connection,
                           const tcp::SessionLimits& limits, tcp::SessionOwner& owner,
                           std::shared_ptr<const Options> options)
    : worker_(worker),
      owner_(owner),
      options_(std::move(options)),
      arrival_(TakeArrival(connection)),
      client_(worker.loop, std::move(connection), *this,
              {.output_high_bytes = limits.buffer_bytes}),
      timer_(worker.loop, [this] { OnTimer(); }),
      last_progress_(worker.loop.Now()) {
  options_->counters.downstream_cx_total.Increment();
  options_->counters.downstream_cx_active.Increment();
  summary_.start = last_progress_;
  summary_.connection_id = net::NextConnectionId();
}

ProxySession::~ProxySession() {
  if (phase_ == Phase::kEnded) return;
  // The worker ends.
  phase_ = Phase::kEnded;
  options_->counters.downstream_cx_active.Decrement();
}

// --- connecting --------------------------------------------------------------------------------

void ProxySession::Start() {
  client_.PauseReading();
  ArmTimer();
  if (!options_->access_loggers.empty()) (void)client_.local_address();  // while there is a socket
  const size_t at = options_->draw ? options_->draw->Draw(worker_.random) : 0;
  const upstream::ClusterName& name = *options_->clusters[at];
  summary_.cluster_name = name.text();
  cluster_ = worker_.clusters.Find(name.id());
  if (!cluster_) {
    options_->counters.downstream_cx_no_route.Increment();
    return Refuse(ResponseFlag::kNoClusterFound, "cluster_not_found");
  }
  Connect();
}

std::unique_ptr<EndpointSide> ProxySession::MakeSide() {
  upstream::TcpEvents& events = *this;
  if (!options_->tunnel) return std::make_unique<DirectSide>(worker_.loop, cluster_, events);
  DescribeClient();
  return std::make_unique<TunnelSide>(worker_.loop, cluster_, *options_->tunnel, summary_, events);
}

void ProxySession::Connect() {
  ++attempts_;
  upstream_ = MakeSide();
  absl::InlinedVector<const upstream::Endpoint*, 4> avoid;
  for (const upstream::EndpointRef& each : tried_) avoid.push_back(each.get());
  upstream::TcpSource source{
      .avoid = avoid,
      .is_destination_restored = arrival_ != nullptr && arrival_->is_local_restored};
  if (source.is_destination_restored || cluster_->spec().proxy_protocol) {
    source.client = &client_.peer_address();
    source.destination = &client_.local_address();
  }
  if (const auto failure = upstream_->Connect(source)) OnAttemptFailed(*failure);
}

void ProxySession::OnUpstreamFailed(const upstream::StartFailure& failure) {
  OnAttemptFailed(failure);
}

void ProxySession::OnAttemptFailed(const upstream::StartFailure& failure) {
  if (failure.endpoint) summary_.upstream = failure.endpoint->address();
  const bool may_help = failure.kind == StartFailureKind::kConnectFailed ||
                        failure.kind == StartFailureKind::kConnectTimeout;
  worker_.loop.DeleteLater(std::move(upstream_));
  if (may_help && attempts_ < options_->max_connect_attempts) {
    tried_.push_back(failure.endpoint);
    return Connect();
  }
  if (may_help) cluster_->counters().upstream_cx_connect_attempts_exceeded.Increment();
  Refuse(FlagOf(failure.kind), failure.detail);
  if (failure.transport_failure.empty()) return;
  transport_failure_ = failure.transport_failure;
  summary_.upstream_failure_reason = transport_failure_;
}

void ProxySession::Refuse(ResponseFlag flag, std::string_view detail) {
  summary_.Set(flag);
  summary_.detail = detail;
  summary_.upstream_failure_reason = detail;
  client_.Close(net::CloseMode::kNow);
  worker_.loop.Defer(*this);
}

void ProxySession::OnUpstreamConnected() {
  phase_ = Phase::kRunning;
  NoteProgress();
  tried_.clear();
  // Of several addresses one has won, which the connection knows; else nobody need be asked.
  const upstream::Endpoint& endpoint = *upstream_->endpoint();
  summary_.upstream =
      endpoint.addresses.size() == 1 ? endpoint.address() : upstream_->connection().peer_address();
  if (!options_->access_loggers.empty()) {
    net::Connection& connection = upstream_->connection();
    summary_.upstream_local = connection.local_address();
    if (connection.transport() != nullptr) summary_.upstream_tls = connection.transport()->info();
  }
  // Before we were connected nothing could be sent to the client, so nothing stands in the way.
  client_.ResumeReading();
}

// --- carrying ----------------------------------------------------------------------------------

void ProxySession::OnData(base::Buffer& in, bool end) {
  NoteProgress();
  upstream_->Send(in, end);
}

void ProxySession::OnUpstreamData(base::Buffer& in, bool end) {
  NoteProgress();
  if (!in.empty()) {
    client_.output().Append(std::move(in));
    client_.FlushSoon();
  }
  if (end) client_.FinishOutput();
}

void ProxySession::OnOutputHigh() {
  cluster_->counters().upstream_flow_control_paused_reading_total.Increment();
  upstream_->PauseReading();
}

void ProxySession::OnOutputLow() {
  cluster_->counters().upstream_flow_control_resumed_reading_total.Increment();
  if (phase_ == Phase::kRunning) upstream_->ResumeReading();
}

void ProxySession::OnUpstreamOutputHigh() {
  options_->counters.downstream_flow_control_paused_reading_total.Increment();
  cluster_->counters().upstream_flow_control_backed_up_total.Increment();
  client_.PauseReading();
}

void ProxySession::OnUpstreamOutputLow() {
  options_->counters.downstream_flow_control_resumed_reading_total.Increment();
  cluster_->counters().upstream_flow_control_drained_total.Increment();
  if (phase_ == Phase::kRunning) client_.ResumeReading();
}

// --- deadlines ---------------------------------------------------------------------------------

// One timer for both limits; data does not touch it.
void ProxySession::ArmTimer() {
  base::MonoTime due = base::MonoTime::max();
  if (options_->idle_timeout) due = last_progress_ + *options_->idle_timeout;
  if (options_->max_duration) due = std::min(due, summary_.start + *options_->max_duration);
  if (due != base::MonoTime::max()) timer_.Arm(due - worker_.loop.Now());
}

uint64_t ProxySession::BytesMoved() {
  uint64_t bytes = client_.bytes_read() + client_.bytes_written();
  if (upstream_ != nullptr) bytes += upstream_->bytes_moved();
  return bytes;
}

void ProxySession::OnTimer() {
  const base::MonoTime now = worker_.loop.Now();
  if (options_->max_duration && summary_.start + *options_->max_duration <= now) {
    options_->counters.max_downstream_connection_duration.Increment();
    return EndBy(ResponseFlag::kDurationTimeout, "max_connection_duration_reached");
  }
  // A peer that takes what it was sent long ago is not idle.
  const uint64_t moved = BytesMoved();
  const bool has_written = std::exchange(bytes_moved_, moved) != moved;
  if (options_->idle_timeout && last_progress_ + *options_->idle_timeout <= now) {
    if (!has_written) {
      options_->counters.idle_timeout.Increment();
      return EndBy(ResponseFlag::kStreamIdleTimeout, "tcp_session_idle_timeout");
    }
    last_progress_ = now;
  }
  ArmTimer();
}

// --- ending ------------------------------------------------------------------------------------

void ProxySession::OnClosed(net::CloseCause cause) {
  if (phase_ == Phase::kFlushingClient || phase_ == Phase::kConnecting) {
    if (phase_ == Phase::kConnecting) {
      summary_.Set(ResponseFlag::kDownstreamConnectionTermination);
      summary_.detail = "downstream_remote_disconnect";
    }
    return End();
  }
  phase_ = Phase::kFlushingUpstream;
  options_->counters.upstream_flush_total.Increment();
  options_->counters.upstream_flush_active.Increment();
  if (cause != net::CloseCause::kPeerClosed) {
    summary_.Set(ResponseFlag::kDownstreamConnectionTermination);
  }
  upstream_->Close(net::CloseMode::kFlush);
}

void ProxySession::OnUpstreamClosed(net::CloseCause cause) {
  if (phase_ == Phase::kFlushingUpstream) {
    options_->counters.upstream_flush_active.Decrement();
    return End();
  }
  phase_ = Phase::kFlushingClient;
  if (cause != net::CloseCause::kPeerClosed) {
    summary_.Set(ResponseFlag::kUpstreamConnectionTermination);
  }
  client_.Close(net::CloseMode::kFlush);
}

void ProxySession::EndBy(ResponseFlag flag, std::string_view detail) {
  summary_.Set(flag);
  summary_.detail = detail;
  summary_.connection_termination_detail = detail;
  Close();
}

void ProxySession::Close() {
  if (phase_ == Phase::kEnded) return;
  if (phase_ == Phase::kFlushingUpstream) {
    options_->counters.upstream_flush_active.Decrement();
  }
  client_.Close(net::CloseMode::kNow);
  if (upstream_ != nullptr) upstream_->Close(net::CloseMode::kNow);
  End();
}

void ProxySession::End() {
  if (std::exchange(phase_, Phase::kEnded) == Phase::kEnded) return;
  Deferred::Unlink();
  timer_.Cancel();
  const Counters& counters = options_->counters;
  counters.downstream_cx_active.Decrement();
  counters.downstream_cx_rx_bytes_total.Add(client_.bytes_read());
  counters.downstream_cx_tx_bytes_total.Add(client_.bytes_written());
  if (!options_->access_loggers.empty()) Log();
  // What is connecting is given up here, with its place under the limits.
  if (upstream_ != nullptr) {
    upstream_->Close(net::CloseMode::kNow);
    worker_.loop.DeleteLater(std::move(upstream_));
  }
  owner_.OnSessionEnd(*this);
}

void ProxySession::DescribeClient() { http::DescribeClient(client_, arrival_.get(), summary_); }

void ProxySession::Complete() {
  DescribeClient();
  summary_.request_body_bytes = client_.bytes_read();
  summary_.response_body_bytes = client_.bytes_written();
  summary_.attempts = attempts_;
  summary_.downstream_failure_reason = net::TransportFailure(client_);
}

void ProxySession::Describe(http::StreamSummary& summary) {
  Complete();
  summary = summary_;
}

void ProxySession::Log() {
  Complete();
  summary_.end = worker_.loop.Now();
  summary_.start_wall =
      worker_.loop.clock().WallNow() - absl::FromChrono(summary_.end - summary_.start);
  for (const auto& logger : options_->access_loggers) logger->Log(summary_);
}

}  // namespace outrigger::tcp_proxy
