// The request's side of RouterStream; the response's is in response.cc.
#include "source/extensions/http_filters/router/router_stream.h"

#include <chrono>
#include <utility>

#include "source/base/text.h"
#include "source/extensions/http_filters/router/replies.h"
#include "source/extensions/http_filters/router/strict_headers.h"
#include "source/extensions/http_filters/router/target.h"
#include "source/route/rewrite.h"
#include "source/upstream/host_name.h"

namespace outrigger::router {

void RouterStream::OnRequestHead(http::RequestHead& head, bool last) {
  options_.counters.rq_total.Increment();
  body_.is_complete = body_.is_none = last;
  route_ = sink_.stream().route();
  if (route_ == nullptr) {
    phase_ = Phase::kOver;
    return sink_.SendReply(NoRouteReply());
  }
  forward_ = route_->forward();
  if (forward_ != nullptr) return Forward(head);
  options_.counters.rq_direct_response.Increment();
  if (std::holds_alternative<route::RedirectAction>(route_->spec().action)) {
    options_.counters.rq_redirect.Increment();
  }
  phase_ = Phase::kOver;
  ReplyWithEdits(ImmediateReply(*route_, head));
}

void RouterStream::Forward(http::RequestHead& head) {
  Target target = ChooseTarget(*forward_, head, sink_.stream());
  weighted_ = target.weighted;
  if (!target.cluster) {
    options_.counters.no_cluster.Increment();
    phase_ = Phase::kOver;
    return ReplyWithEdits(NoClusterReply(*forward_));
  }
  summary().cluster_name = target.name;
  cluster_ = std::move(target.cluster);
  if (auto rejection = CheckStrictHeaders(options_.strict_headers, head)) {
    phase_ = Phase::kOver;
    return ReplyWithEdits(*std::move(rejection));
  }
  plan_ = MakePlan(*forward_, options_.respect_expected_timeout, head);
  if (plan_.retry_on != 0) {
    retry_.emplace(plan_, cluster_, forward_->priority, sink_.stream().random());
  }
  PrepareHead(head);
  if (plan_.max_duration.count() > 0) {
    max_duration_.emplace(loop(), [this] { OnMaxDuration(); });
    max_duration_->Arm(plan_.max_duration);
  }
  if (head.asks_for_tunnel()) tunnel_ = Tunnel::kAsked;
  if (body_.is_complete || tunnel_ == Tunnel::kAsked) OnRequestComplete();
  StartAttempt(StartKind::kAttempt);
}

void RouterStream::PrepareHead(http::RequestHead& head) {
  route::EditRequest(*route_, weighted_, head.headers, summary());
  const std::string_view target_host = weighted_ == nullptr ? "" : weighted_->host_rewrite;
  if (const auto host = route::RewriteHost(forward_->host_rewrite, target_host, head)) {
    route::ReplaceHost(forward_->host_rewrite, *host, head);
  }
  if (const auto target = route::RewriteTarget(route_->spec().path, forward_->path_rewrite, head)) {
    if (!options_.suppress_envoy_headers) {
      head.headers.Set(http::HeaderId::kXEnvoyOriginalPath, head.target);
    }
    head.target = *target;
  }
}

// What is left for this attempt, as the endpoint is told.
void RouterStream::WriteDeadlines(http::HeaderMap& headers) {
  base::Milliseconds elapsed{0};
  if (body_.is_complete) {
    elapsed = std::chrono::duration_cast<base::Milliseconds>(loop().Now() - summary().request_end);
  }
  const base::Milliseconds expected = ExpectedTimeout(plan_, elapsed);
  if (expected.count() == 0) return;
  if (!options_.suppress_envoy_headers) AddExpectedTimeout(expected, headers);
  if (plan_.rewrites_grpc_timeout) AddGrpcTimeout(expected, headers);
}

void RouterStream::OnRequestComplete() {
  if (plan_.timeout.count() == 0) return;
  timeout_.emplace(loop(), [this] { OnTimeout(); });
  timeout_->Arm(plan_.timeout);
}

void RouterStream::StartAttempt(StartKind kind) {
  phase_ = Phase::kTrying;
  if (kind == StartKind::kAttempt) ++summary().attempts;
  summary().upstream_tls = nullptr;
  http::HeaderMap& headers = sink_.stream().request().headers;
  WriteDeadlines(headers);
  if (const auto* counters = route_->counters()) counters->upstream_rq_total.Increment();
  if (route_->virtual_host().spec().include_attempt_count_in_request) {
    headers.Set(http::HeaderId::kXEnvoyAttemptCount,
                headers.arena().Copy(base::StrCat(summary().attempts)));
  }
  const bool ends_here = forward_->connect_end && tunnel_ != Tunnel::kNone &&
                         sink_.stream().request().method == http::Method::kConnect;
  attempt_.Start(
      *cluster_,
      {.priority = forward_->priority,
       .avoid = retry_ ? retry_->avoided() : absl::Span<const upstream::Endpoint* const>(),
       .needs_fresh_connection = kind == StartKind::kReplayOnFresh,
       .downstream_protocol = sink_.stream().request().protocol,
       .host_name = upstream::HostName(cluster_->spec(), sink_.stream().request())},
      ends_here ? &*forward_->connect_end : nullptr);
}

void RouterStream::OnAttemptReady(const upstream::Attempt& started) {
  http::RequestHead& head = sink_.stream().request();
  const upstream::Endpoint& endpoint = *attempt_.endpoint();
  http::StreamSummary& seen = summary();
  seen.upstream = endpoint.address();
  seen.upstream_local = attempt_.connection()->local_address();
  if (net::Transport* transport = attempt_.connection()->transport()) {
    seen.upstream_tls = transport->info();
  }
  if (retry_) retry_->NoteEndpoint(attempt_.endpoint_ref());
  if (forward_->host_rewrite.from_endpoint && !endpoint.hostname.empty() &&
      head.authority() != endpoint.hostname) {
    route::ReplaceHost(forward_->host_rewrite, head.headers.arena().Copy(endpoint.hostname), head);
  }
  // A kept-alive connection may be closing just now, and then what may be repeated is repeated
  // (RFC 9110 9.2.2). An HTTP/2 server may say that it did not look at the stream (RFC 9113 8.7).
  keeps_body_ = (retry_ && retry_->is_enabled()) ||
                (started.is_reused_connection && http::IsIdempotent(head.method)) ||
                started.protocol == http::Protocol::kHttp2;
  // gRPC takes an empty body for something else than none: a stream of no messages, which ends.
  const bool may_leave_out_body = started.protocol != http::Protocol::kHttp2;
  const bool is_empty = body_.is_complete && body_.empty() && body_.trailers == nullptr;
  const bool last = body_.is_none || (is_empty && may_leave_out_body);
  attempt_.WriteHead(head, last, plan_);
  if (!last && tunnel_ == Tunnel::kNone) SendHeldBody();
  ReleaseRequest(RequestHold::kNoConnection);
  if (is_client_full_) attempt_.PauseReading(true);
}

void RouterStream::SendHeldBody() {
  if (body_.size() > forward_->replay_limit_bytes) AbandonReplay();
  const bool ends_with_body = body_.is_complete && body_.trailers == nullptr;
  if (!body_.empty() || ends_with_body) {
    base::Buffer piece = keeps_body_ ? body_.Copy() : body_.Take();
    attempt_.WriteBody(piece, ends_with_body);
  }
  if (body_.trailers != nullptr) attempt_.WriteTrailers(*body_.trailers);
}

void RouterStream::OnRequestBody(base::Buffer& piece, bool last) {
  if (phase_ == Phase::kOver || tunnel_ == Tunnel::kRefused) return piece.Clear();
  body_.is_complete = last;
  if (tunnel_ == Tunnel::kAsked) return HoldForTunnel(piece);
  if (tunnel_ == Tunnel::kOpen) {
    attempt_.WriteBody(piece, last);
    if (last && !attempt_.is_open()) Finish();
    return;
  }
  if (attempt_.is_open()) {
    KeepOrPass(piece);
    attempt_.WriteBody(piece, last);
  } else {
    body_.Hold(piece);
    if (body_.size() > forward_->replay_limit_bytes) HoldRequest(RequestHold::kNoConnection);
  }
  if (last) OnRequestComplete();
}

void RouterStream::HoldForTunnel(base::Buffer& piece) {
  body_.Hold(piece);
  HoldRequest(RequestHold::kNoTunnel);
}

// The answer has come. From here on bytes pass as they are, and without a deadline; or there is
// nothing that the request could still say.
void RouterStream::SettleTunnel(bool switches) {
  tunnel_ = switches ? Tunnel::kOpen : Tunnel::kRefused;
  base::Buffer piece;
  if (switches) {
    timeout_.reset();
    piece = body_.Take();
  }
  const bool last = body_.is_complete || !switches;
  if (attempt_.is_open() && (last || !piece.empty())) attempt_.WriteBody(piece, last);
  ReleaseRequest(RequestHold::kNoTunnel);
}

void RouterStream::OnRequestTrailers(http::HeaderMap& trailers) {
  if (phase_ == Phase::kOver || tunnel_ != Tunnel::kNone) return;
  body_.is_complete = true;
  body_.trailers = &trailers;
  if (attempt_.is_open()) attempt_.WriteTrailers(trailers);
  OnRequestComplete();
}

// A piece goes to the attempt: keeps it for another one where that may be needed.
void RouterStream::KeepOrPass(const base::Buffer& piece) {
  if (piece.empty()) return;
  if (!keeps_body_) return body_.MarkPassed();
  if (body_.size() + piece.size() > forward_->replay_limit_bytes) {
    AbandonReplay();
    return body_.Forget();
  }
  body_.Share(piece);
}

// The body is larger than what may be kept: this attempt is the last.
void RouterStream::AbandonReplay() {
  keeps_body_ = false;
  if (!retry_ || !retry_->is_enabled()) return;
  retry_->GiveUp();
  cluster_->counters().retry_or_shadow_abandoned.Increment();
}

void RouterStream::HoldRequest(RequestHold why) {
  const uint8_t before = std::exchange(holds_, holds_ | static_cast<uint8_t>(why));
  if (before == 0) sink_.PauseRequestBody();
}

void RouterStream::ReleaseRequest(RequestHold why) {
  if (holds_ == 0) return;
  holds_ &= static_cast<uint8_t>(~static_cast<uint8_t>(why));
  if (holds_ == 0) sink_.ResumeRequestBody();
}

}  // namespace outrigger::router
