// The response's side of RouterStream: heads, bodies, failures, retries, deadlines.
#include <charconv>
#include <chrono>
#include <utility>

#include "source/base/text.h"
#include "source/extensions/http_filters/router/replies.h"
#include "source/extensions/http_filters/router/router_stream.h"
#include "source/http/grpc/content_type.h"
#include "source/http/grpc/status.h"

namespace outrigger::router {
namespace {

uint64_t ToMilliseconds(base::Nanoseconds duration) {
  return static_cast<uint64_t>(std::chrono::duration_cast<base::Milliseconds>(duration).count());
}

void SetNumber(http::HeaderMap& headers, http::HeaderId id, uint64_t number) {
  char digits[24];
  const char* const end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  headers.Set(id, headers.arena().Copy({digits, static_cast<size_t>(end - digits)}));
}

void CountVerdict(RetryVerdict verdict, const route::RouteCounters& counters) {
  switch (verdict) {
    case RetryVerdict::kNo:
      break;
    case RetryVerdict::kNoMore:
      counters.upstream_rq_retry_success.Increment();
      break;
    case RetryVerdict::kRetry:
      counters.upstream_rq_retry.Increment();
      break;
    case RetryVerdict::kLimitExceeded:
      counters.upstream_rq_retry_limit_exceeded.Increment();
      break;
    case RetryVerdict::kOverflow:
      counters.upstream_rq_retry_overflow.Increment();
      break;
  }
}

}  // namespace

// --- a response --------------------------------------------------------------------------------

void RouterStream::OnAttemptInformational() { sink_.SendInformational(); }

void RouterStream::OnAttemptHead(bool last) {
  if (retry_ && body_.is_at_hand()) {
    const RetryVerdict verdict = retry_->AfterResponse(sink_.response_head(), loop().clock());
    if (verdict == RetryVerdict::kRetry) {
      attempt_.endpoint()->tally->rq_error().Increment();
      attempt_.GiveUp();
    }
    if (BackOffIf(verdict)) return;
  }
  ForwardHead(last);
}

void RouterStream::ForwardHead(bool last) {
  phase_ = Phase::kResponding;
  http::ResponseHead& head = sink_.response_head();
  if (tunnel_ == Tunnel::kAsked) SettleTunnel(head.switches_protocol);
  attempt_.StopTryTimer();
  keeps_body_ = false;
  body_.Forget();
  http::StreamSummary& seen = summary();
  counts_grpc_status_ =
      !options_.counts_grpc_by_http_status && http::grpc::IsGrpcRequest(sink_.stream().request());
  if (!counts_grpc_status_) {
    CountResponse(head.status);
  } else if (last || head.headers.Has(http::HeaderId::kGrpcStatus)) {
    CountGrpcResponse(head.headers);
  }
  attempt_.endpoint()->tally->CountResponse(head.status);
  seen.detail = "via_upstream";
  if (!options_.suppress_envoy_headers) {
    const base::MonoTime from = body_.is_complete ? seen.request_end : seen.upstream_first_sent;
    SetNumber(head.headers, http::HeaderId::kXEnvoyUpstreamServiceTime,
              ToMilliseconds(loop().Now() - from));
  }
  if (route_->virtual_host().spec().include_attempt_count_in_response) {
    SetNumber(head.headers, http::HeaderId::kXEnvoyAttemptCount, seen.attempts);
  }
  route::EditResponse(*route_, weighted_, head.headers, seen);
  if (last && !attempt_.is_open()) Finish();
  sink_.SendResponseHead(last);
}

void RouterStream::CountResponse(int status) {
  if (!options_.counts_responses) return;
  cluster_->counters().CountResponse(status);
  if (const auto* counters = route_->counters()) counters->CountResponse(status);
}

void RouterStream::CountGrpcResponse(const http::HeaderMap& headers) {
  counts_grpc_status_ = false;
  const auto code =
      http::grpc::ParseCode(headers.Get(http::HeaderId::kGrpcStatus).value_or(std::string_view()));
  CountResponse(code ? http::grpc::HttpStatusOf(*code) : sink_.response_head().status);
}

void RouterStream::OnAttemptBody(base::Buffer& piece, bool last) {
  if (last && counts_grpc_status_) CountGrpcResponse(sink_.response_head().headers);
  if (last && !attempt_.is_open()) Finish();  // else a tunnel's other half goes on
  sink_.SendResponseBody(piece, last);
}

void RouterStream::OnAttemptTrailers() {
  if (counts_grpc_status_) CountGrpcResponse(sink_.response_trailers());
  Finish();
  sink_.SendResponseTrailers();
}

void RouterStream::OnResponseHigh() {
  is_client_full_ = true;
  attempt_.PauseReading(true);
}

void RouterStream::OnResponseLow() {
  is_client_full_ = false;
  attempt_.PauseReading(false);
}

// --- failures and retries ----------------------------------------------------------------------

void RouterStream::OnAttemptFailed(const Failure& failure, const AttemptEnd& end) {
  if (phase_ == Phase::kOver) return;
  if (phase_ == Phase::kResponding) return Abort(failure);
  if (MayReplay(failure, end)) {
    ++replays_;
    cluster_->counters().upstream_rq_replayed.Increment();
    const bool was_refused = failure.kind == Failure::Kind::kRefusedStream;
    return StartAttempt(was_refused ? StartKind::kReplay : StartKind::kReplayOnFresh);
  }
  if (retry_ && body_.is_at_hand() && BackOffIf(retry_->AfterFailure(failure.kind, end.was_sent))) {
    return;
  }
  Fail(failure);
}

// The kept-alive connection that we took was closing, or an HTTP/2 server said that it did not look
// at the stream: nothing was wrong with the request or the upstream, so another connection gets it
// at once, and no retry is spent.
bool RouterStream::MayReplay(const Failure& failure, const AttemptEnd& end) {
  constexpr uint8_t kMostReplays = 3;
  if (!end.is_safe_to_replay || !body_.is_at_hand() || replays_ >= kMostReplays) return false;
  return end.was_reused || failure.kind == Failure::Kind::kRefusedStream;
}

bool RouterStream::BackOffIf(RetryVerdict verdict) {
  if (const auto* counters = route_->counters()) CountVerdict(verdict, *counters);
  switch (verdict) {
    case RetryVerdict::kNo:
    case RetryVerdict::kNoMore:
      return false;
    case RetryVerdict::kLimitExceeded:
      summary().Set(http::ResponseFlag::kUpstreamRetryLimitExceeded);
      return false;
    case RetryVerdict::kOverflow:
      summary().Set(http::ResponseFlag::kUpstreamOverflow);
      return false;
    case RetryVerdict::kRetry:
      break;
  }
  phase_ = Phase::kBackingOff;
  // A timer also for 0: the attempt that failed is still on the stack.
  if (!back_off_) {
    back_off_.emplace(loop(), [this] { StartAttempt(StartKind::kAttempt); });
  }
  back_off_->Arm(retry_->back_off());
  return true;
}

void RouterStream::Fail(const Failure& failure) {
  const int status = StatusOf(failure.kind);
  summary().upstream_failure_reason = failure.transport_failure.empty()
                                          ? failure.reason
                                          : sink_.stream().arena().Copy(failure.transport_failure);
  CountResponse(status);
  http::LocalReply reply{.status = status,
                         .detail = DetailOf(failure.kind, /*has_response_started=*/false),
                         .body = BodyOf(failure, summary().attempts > 1),
                         .flag = FlagOf(failure.kind)};
  if (failure.kind == Failure::Kind::kOverflow && !options_.suppress_envoy_headers) {
    reply.headers.emplace_back("x-envoy-overloaded", "true");
  }
  if (failure.kind == Failure::Kind::kRemoteReset && HasGrpcDeadlinePassed()) {
    reply.grpc_status = static_cast<int>(http::grpc::Code::kDeadlineExceeded);
  }
  Finish();
  ReplyWithEdits(std::move(reply));
}

// A gRPC server resets a stream whose grpc-timeout has passed, and the reset may be here before the
// client's own clock says so: to the client it is the deadline that ended the call.
bool RouterStream::HasGrpcDeadlinePassed() {
  const auto text = sink_.stream().request().headers.Get(http::HeaderId::kGrpcTimeout);
  const auto timeout = text ? ParseGrpcTimeout(*text) : std::nullopt;
  if (!timeout) return false;
  // A header of ours says what was left for this attempt.
  const http::StreamSummary& seen = summary();
  const base::MonoTime from = plan_.rewrites_grpc_timeout ? seen.upstream_first_sent : seen.start;
  return loop().Now() - from >= *timeout;
}

// The client has seen a part of the response: it must not take it for the whole.
void RouterStream::Abort(const Failure& failure) {
  http::StreamSummary& seen = summary();
  seen.Set(FlagOf(failure.kind));
  seen.upstream_failure_reason = failure.reason;
  options_.counters.rq_reset_after_downstream_response_started.Increment();
  Finish();
  sink_.AbortResponse({.kind = http::ErrorKind::kConnectionClosed,
                       .source = http::ErrorSource::kUpstream,
                       .status = 502,
                       .detail = DetailOf(failure.kind, /*has_response_started=*/true)});
}

void RouterStream::ReplyWithEdits(http::LocalReply reply) {
  http::HeaderMap added(sink_.stream().arena());
  if (summary().attempts > 0 && route_->virtual_host().spec().include_attempt_count_in_response) {
    SetNumber(added, http::HeaderId::kXEnvoyAttemptCount, summary().attempts);
  }
  route::EditResponse(*route_, weighted_, added, summary());
  for (const http::Header& header : added.entries()) {
    reply.headers.emplace_back(header.name(), header.value());
  }
  sink_.SendReply(std::move(reply));
}

// --- deadlines ---------------------------------------------------------------------------------

void RouterStream::OnTimeout() {
  cluster_->counters().upstream_rq_timeout.Increment();
  if (const auto* counters = route_->counters()) counters->upstream_rq_timeout.Increment();
  if (attempt_.is_open()) attempt_.endpoint()->tally->rq_timeout().Increment();
  attempt_.GiveUp();
  const Failure failure{Failure::Kind::kTimeout, {}};
  if (phase_ == Phase::kResponding) return Abort(failure);
  Fail(failure);
}

void RouterStream::OnMaxDuration() {
  attempt_.GiveUp();
  const bool has_response_begun = phase_ == Phase::kResponding;
  summary().Set(http::ResponseFlag::kDurationTimeout);
  Finish();
  if (has_response_begun) {
    return sink_.AbortResponse(
        {.kind = http::ErrorKind::kTimeout, .detail = "max_duration_timeout"});
  }
  ReplyWithEdits(MaxDurationReply(body_.is_complete));
}

void RouterStream::Finish() {
  phase_ = Phase::kOver;
  timeout_.reset();
  max_duration_.reset();
  back_off_.reset();
  if (std::exchange(holds_, 0) != 0) sink_.ResumeRequestBody();
  if (!options_.counts_responses) return;
  const http::StreamSummary& seen = summary();
  const base::MonoTime from = body_.is_complete ? seen.request_end : seen.start;
  const uint64_t time = ToMilliseconds(loop().Now() - from);
  cluster_->counters().upstream_rq_time.Record(time);
  if (const auto* counters = route_->counters()) counters->upstream_rq_time.Record(time);
}

}  // namespace outrigger::router
