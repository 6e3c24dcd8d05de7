#include "source/downstream/server_connection.h"

#include <algorithm>
#include <utility>

#include "source/downstream/server_stream.h"
#include "source/http/describe_client.h"
#include "source/http/http2/server_session.h"
#include "source/net/connection_id.h"

namespace outrigger::downstream {
ServerConnection::ServerConnection(HttpWorker& worker, const HttpSlot& slot, net::Accepted accepted,
                                   ServerConnectionOwner& owner)
    : worker_(worker),
      options_(slot.options),
      slot_(slot),
      owner_(owner),
      arrival_(std::move(accepted.arrival)),
      connection_(worker.loop, std::move(accepted), *this,
                  {.output_high_bytes = options_->connection_buffer_bytes,
                   .drain_timeout = options_->timeouts.delayed_close}),
      http1_(connection_, options_->http1, *this),
      timer_(worker.loop, [this] { OnTimer(); }),
      start_(worker.loop.Now()),
      idle_since_(start_),
      id_(net::NextConnectionId()) {
  const HttpCounters& counters = options_->counters;
  counters.downstream_cx_total.Increment();
  counters.downstream_cx_active.Increment();
  WatchIdle();
  if (options_->timeouts.max_connection_duration) {
    Watch(start_ + *options_->timeouts.max_connection_duration);
  }
  TakeAgreedProtocol();
}

ServerConnection::~ServerConnection() {
  EndOnce(Ender::kOwner);
  const HttpCounters& counters = options_->counters;
  counters.downstream_cx_active.Decrement();
  if (is_http2()) {
    counters.downstream_cx_http2_active.Decrement();
  } else if (is_protocol_known_) {
    counters.downstream_cx_http1_active.Decrement();
  }
  counters.downstream_cx_destroy.Increment();
  counters.downstream_cx_rx_bytes_total.Add(connection_.bytes_read());
  counters.downstream_cx_tx_bytes_total.Add(connection_.bytes_written());
  counters.downstream_cx_length_ms.Record(static_cast<uint64_t>(
      std::chrono::duration_cast<base::Milliseconds>(worker_.loop.Now() - start_).count()));
}

// --- which protocol ----------------------------------------------------------------------------

void ServerConnection::TakeAgreedProtocol() {
  if (options_->codec_type == CodecType::kHttp1) return SetProtocol(http::Protocol::kHttp11);
  if (options_->codec_type == CodecType::kHttp2) return SetProtocol(http::Protocol::kHttp2);
  const net::Transport* transport = connection_.transport();
  if (transport == nullptr) return;
  const std::string_view agreed = transport->application_protocol();
  if (agreed == "h2") return SetProtocol(http::Protocol::kHttp2);
  if (agreed == "http/1.1" || agreed == "http/1.0") SetProtocol(http::Protocol::kHttp11);
}

void ServerConnection::SetProtocol(http::Protocol protocol) {
  if (is_protocol_known_) return;
  is_protocol_known_ = true;
  const HttpCounters& counters = options_->counters;
  if (protocol != http::Protocol::kHttp2) {
    counters.downstream_cx_http1_total.Increment();
    counters.downstream_cx_http1_active.Increment();
    return;
  }
  counters.downstream_cx_http2_total.Increment();
  counters.downstream_cx_http2_active.Increment();
  http2_ = std::make_unique<http::http2::ServerSession>(connection_, options_->http2,
                                                        options_->http2_counters,
                                                        static_cast<http::ServerStreams&>(*this));
  if (is_draining_) DrainHttp2();
}

// Nearly every request of HTTP/1 differs from the preface in its first byte.
bool ServerConnection::DetectProtocol(base::Buffer& in, bool end) {
  constexpr std::string_view kPreface = http::http2::kClientPreface;
  const std::string_view begin = in.Linearize(std::min(in.size(), kPreface.size()));
  if (!kPreface.starts_with(begin) || (end && begin.size() < kPreface.size())) {
    SetProtocol(http::Protocol::kHttp11);
  } else if (begin.size() == kPreface.size()) {
    SetProtocol(http::Protocol::kHttp2);
  }
  return is_protocol_known_;
}

// --- from the connection and the codec ---------------------------------------------------------

void ServerConnection::OnData(base::Buffer& in, bool end) {
  if (!is_protocol_known_ && !DetectProtocol(in, end)) return CheckHeadProgress(true);
  http::ServerCodec& codec = this->codec();
  codec.OnData(in, end);
  if (!is_over_) CheckHeadProgress(codec.is_reading_head());
}

// A head that began has to end in time: slow senders hold a connection, nothing more.
void ServerConnection::CheckHeadProgress(bool is_reading_head) {
  if (!is_reading_head) {
    head_since_ = base::MonoTime();
    return;
  }
  if (head_since_ != base::MonoTime() || !options_->timeouts.request_headers) return;
  head_since_ = worker_.loop.Now();
  Watch(head_since_ + *options_->timeouts.request_headers);
}

void ServerConnection::OnOutputHigh() { codec().OnOutputHigh(); }
void ServerConnection::OnOutputLow() { codec().OnOutputLow(); }

http::RequestReceiver& ServerConnection::NewStream(http::ResponseWriter& writer) {
  DCHECK(is_http2() || streams_.empty());
  ++requests_;
  head_since_ = base::MonoTime();
  auto* const stream = new ServerStream(*this, writer);
  streams_.PushBack(*stream);
  ++stream_count_;
  if (is_http2()) NoteMaxRequests();
  return *stream;
}

void ServerConnection::NoteMaxRequests() {
  if (is_draining_ || !options_->max_requests_per_connection ||
      requests_ < *options_->max_requests_per_connection) {
    return;
  }
  options_->counters.downstream_cx_max_requests_reached.Increment();
  is_draining_ = true;
  if (is_http2()) DrainHttp2();
}

void ServerConnection::BeforeResponseHead() {
  if (is_http2()) return;
  NoteMaxRequests();
  if (is_draining_) http1_.Drain();
}

void ServerConnection::OnStreamEnd(ServerStream& stream) {
  stream.Unlink();
  --stream_count_;
  worker_.loop.DeleteLater(std::unique_ptr<ServerStream>(&stream));
  if (!streams_.empty() || is_over_) return;
  idle_since_ = worker_.loop.Now();
  WatchIdle();
  if (drain_until_ != base::MonoTime::max()) Watch(drain_until_);
}

void ServerConnection::OnCodecDone() {
  if (is_over_) return;
  if (is_draining_) options_->counters.downstream_cx_drain_close.Increment();
  EndOnce(Ender::kCodec);
  owner_.OnConnectionEnd(*this);
}

void ServerConnection::OnClosed(net::CloseCause) {
  if (is_over_) return;
  EndOnce(Ender::kClient);
  owner_.OnConnectionEnd(*this);
}

// --- ends --------------------------------------------------------------------------------------

void ServerConnection::Drain(bool closes_idle) {
  if (is_over_) return;
  is_draining_ = true;
  if (is_http2()) return DrainHttp2();
  if (closes_idle && streams_.empty() && http1_.is_idle()) {
    CloseIdle(options_->counters.downstream_cx_drain_close);
  }
}

bool ServerConnection::IsOutdated(const net::ServerTransports* present) const {
  const net::Transport* transport = connection_.transport();
  if (transport == nullptr || is_draining_) return false;
  // It may be of a version of the chain before this one, whose context nobody changes any more.
  return transport->is_outdated() || (present != nullptr && !present->Matches(*transport));
}

void ServerConnection::StopDraining() {
  if (!is_http2()) is_draining_ = false;
}

// The session closes the connection when its streams are over and the client has had the time to
// learn of it; the deadline is for a client that does not answer.
void ServerConnection::DrainHttp2() {
  if (drain_until_ != base::MonoTime::max()) return;
  is_draining_ = true;
  drain_until_ = worker_.loop.Now() + options_->timeouts.drain;
  Watch(drain_until_);
  http2_->Drain();
}

void ServerConnection::Describe(http::StreamSummary& summary) {
  http::DescribeClient(connection_, arrival_.get(), summary);
  summary.downstream_failure_reason = net::TransportFailure(connection_);
  summary.connection_id = id_;
  summary.start = start_;
  summary.request_body_bytes = connection_.bytes_read();
  summary.response_body_bytes = connection_.bytes_written();
}

void ServerConnection::Close() {
  if (is_over_) return;
  EndOnce(Ender::kOwner);
  connection_.Close(net::CloseMode::kNow);
  owner_.OnConnectionEnd(*this);
}

void ServerConnection::CloseIdle(stats::Counter cause) {
  cause.Increment();
  Close();
}

void ServerConnection::EndOnce(Ender ender) {
  if (std::exchange(is_over_, true)) return;
  timer_.Cancel();
  if (ender != Ender::kCodec) codec().OnClosed();
  const bool by_peer = ender == Ender::kClient || has_lost_stream_;
  const HttpCounters& counters = options_->counters;
  (by_peer ? counters.downstream_cx_destroy_remote : counters.downstream_cx_destroy_local)
      .Increment();
  if (streams_.empty() && !has_lost_stream_) return;
  counters.downstream_cx_destroy_active_rq.Increment();
  (by_peer ? counters.downstream_cx_destroy_remote_active_rq
           : counters.downstream_cx_destroy_local_active_rq)
      .Increment();
  while (!streams_.empty()) {
    streams_.front().CutOff(
        http::ResponseFlag::kDownstreamConnectionTermination,
        by_peer ? "downstream_remote_disconnect" : "downstream_local_disconnect");
  }
}

// --- deadlines ---------------------------------------------------------------------------------

// One timer serves every deadline of the connection: it is moved only to an earlier time, and finds
// out when it fires what is really due. A busy connection therefore never touches it.
void ServerConnection::Watch(base::MonoTime deadline) {
  if (deadline >= watching_until_) return;
  watching_until_ = deadline;
  timer_.Arm(deadline - worker_.loop.Now());
}

void ServerConnection::WatchIdle() {
  if (options_->timeouts.connection_idle) Watch(idle_since_ + *options_->timeouts.connection_idle);
}

void ServerConnection::OnTimer() {
  watching_until_ = base::MonoTime::max();
  const base::MonoTime now = worker_.loop.Now();
  if (RefuseSlowHead(now)) return;
  EndLongLife(now);
  if (is_over_) return;
  if (!streams_.empty()) return CheckStreams(now);
  CheckIdle(now);
}

bool ServerConnection::RefuseSlowHead(base::MonoTime now) {
  if (head_since_ == base::MonoTime() || !options_->timeouts.request_headers) return false;
  const base::MonoTime due = head_since_ + *options_->timeouts.request_headers;
  if (due > now) {
    Watch(due);
    return false;
  }
  head_since_ = base::MonoTime();
  options_->counters.downstream_rq_header_timeout.Increment();
  SetProtocol(http::Protocol::kHttp11);  // the part of a preface tells nothing
  codec().Refuse({.kind = http::ErrorKind::kTimeout,
                  .source = http::ErrorSource::kDownstream,
                  .status = 408,
                  .detail = "request_header_timeout"});
  return true;
}

void ServerConnection::EndLongLife(base::MonoTime now) {
  const std::optional<base::Milliseconds> limit = options_->timeouts.max_connection_duration;
  if (!limit || is_draining_) return;
  if (start_ + *limit > now) return Watch(start_ + *limit);
  options_->counters.downstream_cx_max_duration_reached.Increment();
  Drain(true);
}

// All streams are looked at together, and with many of them more rarely: a deadline may be late by
// 10 us for each, so that any number costs at most a check every 10 us.
void ServerConnection::CheckStreams(base::MonoTime now) {
  constexpr std::chrono::microseconds kForEach{10};
  base::MonoTime next = base::MonoTime::max();
  // A stream that ends leaves the list, and may take the connection with it.
  for (uint32_t left = stream_count_; left > 0 && !is_over_ && !streams_.empty(); --left) {
    ServerStream& stream = streams_.front();
    stream.Unlink();
    streams_.PushBack(stream);
    next = std::min(next, stream.CheckDeadlines(now));
  }
  if (!is_over_ && next != base::MonoTime::max()) {
    Watch(std::max(next, now + stream_count_ * kForEach));
  }
}

void ServerConnection::CheckIdle(base::MonoTime now) {
  const HttpCounters& counters = options_->counters;
  if (drain_until_ <= now) return CloseIdle(counters.downstream_cx_drain_close);
  if (drain_until_ != base::MonoTime::max()) return Watch(drain_until_);
  const std::optional<base::Milliseconds> limit = options_->timeouts.connection_idle;
  if (!limit) return;
  if (idle_since_ + *limit > now) return WatchIdle();
  if (!is_http2()) return CloseIdle(counters.downstream_cx_idle_timeout);
  counters.downstream_cx_idle_timeout.Increment();
  DrainHttp2();
}

}  // namespace outrigger::downstream
