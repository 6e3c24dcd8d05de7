#include "source/extensions/http_filters/router/attempt.h"

#include <utility>

#include "source/extensions/http_filters/router/plan.h"
#include "source/extensions/http_filters/router/router_stream.h"
#include "source/upstream/tcp_connection.h"

namespace outrigger::router {

namespace {

// Where the client meant to go: what a header says, where the cluster believes one, or where the
// connection was meant to go before it was redirected.
std::optional<net::Address> DestinationOf(const upstream::ClusterSpec& cluster,
                                          const http::StreamSummary& summary) {
  if (!cluster.destination_header.empty()) {
    if (const auto text = summary.request->Lookup(cluster.destination_header)) {
      const absl::StatusOr<net::Address> named = net::Address::Parse(*text);
      if (named.ok() && named->is_ip()) return *named;
    }
  }
  if (summary.is_local_restored) return *summary.downstream_local;
  return std::nullopt;
}

}  // namespace

void Attempt::Start(upstream::WorkerCluster& cluster, const upstream::PickHints& given,
                    const route::ConnectEnd* end) {
  upstream::PickHints hints = given;
  std::optional<net::Address> destination;
  if (cluster.spec().discovery == upstream::Discovery::kOriginalDst) {
    destination = DestinationOf(cluster.spec(), stream_.summary());
    if (destination) hints.destination = &*destination;
  }
  cluster_ = &cluster;
  is_reading_paused_ = is_tunnel_ = is_request_over_ = is_response_over_ = false;
  if (end != nullptr) return StartTcp(hints, *end);
  if (auto result = cluster.TryStart(hints, *this)) return Begin(*std::move(result));
  starting_ = cluster.Start(hints, *this,
                            [this](upstream::StartResult result) { Begin(std::move(result)); });
}

void Attempt::StartTcp(const upstream::PickHints& hints, const route::ConnectEnd& end) {
  const http::StreamSummary& seen = stream_.summary();
  const bool has_destination = hints.destination != nullptr;
  starting_ = cluster_->StartTcp(
      {.avoid = hints.avoid,
       .client = seen.downstream_remote,
       .destination = has_destination ? hints.destination : seen.downstream_local,
       .is_destination_restored = has_destination,
       .priority = hints.priority,
       .proxy_protocol = end.proxy_protocol},
      *this, [this](upstream::StartResult result) { Begin(std::move(result)); });
}

void Attempt::Begin(upstream::StartResult result) {
  if (auto* failure = std::get_if<upstream::StartFailure>(&result)) {
    endpoint_ = std::move(failure->endpoint);
    return stream_.OnAttemptFailed(ToFailure(*failure), {.was_sent = false});
  }
  auto& started = std::get<upstream::Attempt>(result);
  writer_ = started.writer;
  connection_ = started.connection;
  endpoint_ = std::move(started.endpoint);
  is_reused_ = started.is_reused_connection;
  stream_.OnAttemptReady(started);
}

// --- request -----------------------------------------------------------------------------------

void Attempt::WriteHead(const http::RequestHead& head, bool last, const Plan& plan) {
  plan_ = &plan;
  if (plan.per_try_idle_timeout.count() > 0) {
    idle_timer_.emplace(stream_.loop(), [this] { OnIdleTimeout(); });
    NoteProgress();
  }
  stream_.summary().upstream_first_sent = stream_.loop().Now();
  writer_->WriteHead(head, last);
  NoteSent(last || head.asks_for_tunnel());
}

void Attempt::WriteBody(base::Buffer& piece, bool last) {
  writer_->WriteBody(piece, last);
  NoteSent(last);
}

void Attempt::WriteTrailers(const http::HeaderMap& trailers) {
  writer_->WriteTrailers(trailers);
  NoteSent(true);
}

void Attempt::NoteSent(bool last) {
  NoteProgress();
  if (!last) return;
  stream_.summary().upstream_last_sent = stream_.loop().Now();
  if (is_tunnel_) {
    is_request_over_ = true;
    return NoteTunnelEnd();
  }
  if (plan_->per_try_timeout.count() == 0) return;
  try_timer_.emplace(stream_.loop(), [this] { OnTryTimeout(); });
  try_timer_->Arm(plan_->per_try_timeout);
}

void Attempt::NoteTunnelEnd() {
  if (is_request_over_ && is_response_over_) Close();
}

// --- deadlines ---------------------------------------------------------------------------------

void Attempt::NoteProgress() {
  if (idle_timer_) idle_timer_->Arm(plan_->per_try_idle_timeout);
}

void Attempt::OnTryTimeout() {
  cluster_->counters().upstream_rq_per_try_timeout.Increment();
  endpoint_->tally->rq_timeout().Increment();
  GiveUp();
  stream_.OnAttemptFailed({Failure::Kind::kPerTryTimeout, {}}, {.was_sent = true});
}

void Attempt::OnIdleTimeout() {
  cluster_->counters().upstream_rq_per_try_idle_timeout.Increment();
  endpoint_->tally->rq_timeout().Increment();
  GiveUp();
  stream_.OnAttemptFailed({Failure::Kind::kPerTryIdleTimeout, {}}, {.was_sent = true});
}

// --- response ----------------------------------------------------------------------------------

http::ResponseHead& Attempt::response_head() { return stream_.sink().response_head(); }

http::HeaderMap& Attempt::response_trailers() { return stream_.sink().response_trailers(); }

void Attempt::OnInformational() {
  NoteProgress();
  stream_.OnAttemptInformational();
}

void Attempt::OnResponseHead(bool last) {
  NoteProgress();
  stream_.summary().upstream_first_received = stream_.loop().Now();
  is_tunnel_ = response_head().switches_protocol;
  NoteReceived(last);
  stream_.OnAttemptHead(last);
}

void Attempt::OnResponseBody(base::Buffer& piece, bool last) {
  NoteProgress();
  NoteReceived(last);
  stream_.OnAttemptBody(piece, last);
}

void Attempt::NoteReceived(bool last) {
  if (!last) return;
  if (!is_tunnel_) return Close();
  is_response_over_ = true;
  NoteTunnelEnd();
}

void Attempt::OnResponseTrailers() {
  Close();
  stream_.OnAttemptTrailers();
}

void Attempt::OnResponseError(const http::StreamError& error) {
  const bool is_remote = error.kind != http::ErrorKind::kLocal;
  const upstream::ClusterCounters& counters = cluster_->counters();
  if (is_remote) counters.upstream_rq_rx_reset.Increment();
  if (error.kind == http::ErrorKind::kProtocol || error.kind == http::ErrorKind::kLimit) {
    counters.upstream_cx_protocol_error.Increment();
  }
  endpoint_->tally->rq_error().Increment();
  Close();
  stream_.OnAttemptFailed(
      ToFailure(error),
      {.was_sent = true, .is_safe_to_replay = error.is_safe_to_replay, .was_reused = is_reused_});
}

void Attempt::OnOutputHigh() {
  cluster_->counters().upstream_flow_control_backed_up_total.Increment();
  stream_.HoldRequest(RequestHold::kUpstreamFull);
}

void Attempt::OnOutputLow() {
  cluster_->counters().upstream_flow_control_drained_total.Increment();
  stream_.ReleaseRequest(RequestHold::kUpstreamFull);
}

void Attempt::PauseReading(bool pauses) {
  if (writer_ == nullptr || pauses == is_reading_paused_) return;
  is_reading_paused_ = pauses;
  const upstream::ClusterCounters& counters = cluster_->counters();
  if (pauses) {
    counters.upstream_flow_control_paused_reading_total.Increment();
    writer_->PauseReading();
  } else {
    counters.upstream_flow_control_resumed_reading_total.Increment();
    writer_->ResumeReading();
  }
}

// --- end ---------------------------------------------------------------------------------------

void Attempt::Close() {
  writer_ = nullptr;
  connection_ = nullptr;
  try_timer_.reset();
  idle_timer_.reset();
  // The codec that was full is not ours any more, and says nothing when it drains.
  stream_.ReleaseRequest(RequestHold::kUpstreamFull);
  stream_.summary().upstream_last_received = stream_.loop().Now();
}

void Attempt::GiveUp() {
  starting_.Cancel();
  if (writer_ == nullptr) return;
  http::RequestWriter* const writer = writer_;
  cluster_->counters().upstream_rq_tx_reset.Increment();
  Close();
  writer->Reset();
}

}  // namespace outrigger::router
