#include "source/downstream/server_connection.h"

#include <utility>

#include "source/downstream/server_stream.h"
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
      codec_(connection_, options_->http1, *this),
      timer_(worker.loop, [this] { OnTimer(); }),
      start_(worker.loop.Now()),
      idle_since_(start_),
      id_(net::NextConnectionId()) {
  const HttpCounters& counters = options_->counters;
  counters.downstream_cx_total.Increment();
  counters.downstream_cx_active.Increment();
  counters.downstream_cx_http1_total.Increment();
  counters.downstream_cx_http1_active.Increment();
  WatchIdle();
  if (options_->timeouts.max_connection_duration) {
    Watch(start_ + *options_->timeouts.max_connection_duration);
  }
}

ServerConnection::~ServerConnection() {
  EndOnce(false);
  const HttpCounters& counters = options_->counters;
  counters.downstream_cx_active.Decrement();
  counters.downstream_cx_http1_active.Decrement();
  counters.downstream_cx_destroy.Increment();
  counters.downstream_cx_rx_bytes_total.Add(connection_.bytes_read());
  counters.downstream_cx_tx_bytes_total.Add(connection_.bytes_written());
  counters.downstream_cx_length_ms.Record(static_cast<uint64_t>(
      std::chrono::duration_cast<base::Milliseconds>(worker_.loop.Now() - start_).count()));
}

// --- from the connection and the codec ---------------------------------------------------------

void ServerConnection::OnData(base::Buffer& in, bool end) {
  codec_.OnData(in, end);
  if (!is_over_) CheckHeadProgress();
}

// A head that began has to end in time: slow senders hold a connection, nothing more.
void ServerConnection::CheckHeadProgress() {
  if (!codec_.is_reading_head()) {
    head_since_ = base::MonoTime();
    return;
  }
  if (head_since_ != base::MonoTime() || !options_->timeouts.request_headers) return;
  head_since_ = worker_.loop.Now();
  Watch(head_since_ + *options_->timeouts.request_headers);
}

void ServerConnection::OnOutputHigh() { codec_.OnOutputHigh(); }
void ServerConnection::OnOutputLow() { codec_.OnOutputLow(); }

http::RequestReceiver& ServerConnection::NewStream(http::ResponseWriter& writer) {
  DCHECK(stream_ == nullptr);
  ++requests_;
  head_since_ = base::MonoTime();
  stream_ = std::make_unique<ServerStream>(*this, writer);
  return *stream_;
}

void ServerConnection::BeforeResponseHead() {
  if (options_->max_requests_per_connection &&
      requests_ >= *options_->max_requests_per_connection) {
    if (!is_draining_) options_->counters.downstream_cx_max_requests_reached.Increment();
    is_draining_ = true;
  }
  if (is_draining_) codec_.Drain();
}

void ServerConnection::OnStreamEnd(ServerStream& stream) {
  DCHECK(&stream == stream_.get());
  worker_.loop.DeleteLater(std::move(stream_));
  idle_since_ = worker_.loop.Now();
  WatchIdle();
}

void ServerConnection::OnCodecDone() {
  if (is_over_) return;
  if (is_draining_) options_->counters.downstream_cx_drain_close.Increment();
  EndOnce(false);
  owner_.OnConnectionEnd(*this);
}

void ServerConnection::OnClosed(net::CloseCause) {
  if (is_over_) return;
  EndOnce(true);
  owner_.OnConnectionEnd(*this);
}

// --- ends --------------------------------------------------------------------------------------

void ServerConnection::Drain(bool closes_idle) {
  if (is_over_) return;
  is_draining_ = true;
  if (closes_idle && stream_ == nullptr && codec_.is_idle())
    CloseIdle(options_->counters.downstream_cx_drain_close);
}

void ServerConnection::Close() {
  if (is_over_) return;
  EndOnce(false);
  connection_.Close(net::CloseMode::kNow);
  owner_.OnConnectionEnd(*this);
}

void ServerConnection::CloseIdle(stats::Counter cause) {
  cause.Increment();
  EndOnce(false);
  connection_.Close(net::CloseMode::kNow);
  owner_.OnConnectionEnd(*this);
}

void ServerConnection::EndOnce(bool by_peer) {
  if (std::exchange(is_over_, true)) return;
  timer_.Cancel();
  const HttpCounters& counters = options_->counters;
  (by_peer ? counters.downstream_cx_destroy_remote : counters.downstream_cx_destroy_local)
      .Increment();
  if (stream_ == nullptr) return;
  counters.downstream_cx_destroy_active_rq.Increment();
  (by_peer ? counters.downstream_cx_destroy_remote_active_rq
           : counters.downstream_cx_destroy_local_active_rq)
      .Increment();
  stream_->CutOff(http::ResponseFlag::kDownstreamConnectionTermination,
                  by_peer ? "downstream_remote_disconnect" : "downstream_local_disconnect");
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
  const TimeoutOptions& timeouts = options_->timeouts;
  if (head_since_ != base::MonoTime() && timeouts.request_headers) {
    const base::MonoTime due = head_since_ + *timeouts.request_headers;
    if (due <= now) {
      head_since_ = base::MonoTime();
      options_->counters.downstream_rq_header_timeout.Increment();
      return codec_.Refuse({.kind = http::ErrorKind::kTimeout,
                            .source = http::ErrorSource::kDownstream,
                            .status = 408,
                            .detail = "request_header_timeout"});
    }
    Watch(due);
  }
  if (timeouts.max_connection_duration && !is_draining_) {
    const base::MonoTime due = start_ + *timeouts.max_connection_duration;
    if (due <= now) {
      options_->counters.downstream_cx_max_duration_reached.Increment();
      Drain(true);
      if (is_over_) return;
    } else {
      Watch(due);
    }
  }
  if (stream_ != nullptr) {
    Watch(stream_->CheckDeadlines(now));
  } else if (timeouts.connection_idle && codec_.is_idle() &&
             idle_since_ + *timeouts.connection_idle <= now) {
    return CloseIdle(options_->counters.downstream_cx_idle_timeout);
  } else {
    WatchIdle();
  }
}

}  // namespace outrigger::downstream
