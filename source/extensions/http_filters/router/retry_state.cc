#include "source/extensions/http_filters/router/retry_state.h"

#include <algorithm>
#include <utility>

#include "source/base/text.h"

namespace outrigger::router {
namespace {

using route::HeaderMatcher;
using route::kRetry5xx;
using route::kRetryConnectFailure;
using route::kRetryEnvoyRateLimited;
using route::kRetryGatewayError;
using route::kRetryGrpcCancelled;
using route::kRetryGrpcDeadlineExceeded;
using route::kRetryGrpcInternal;
using route::kRetryGrpcResourceExhausted;
using route::kRetryGrpcUnavailable;
using route::kRetryRefusedStream;
using route::kRetryReset;
using route::kRetryResetBeforeRequest;
using route::kRetryRetriable4xx;
using route::kRetryRetriableHeaders;
using route::kRetryStatusCodes;
using route::ResetHeader;

constexpr base::Milliseconds kDefaultBackOffBase{25};
constexpr base::Milliseconds kDefaultBackOffMax{250};

bool IsGatewayError(int status) { return status >= 502 && status <= 504; }

// https://grpc.github.io/grpc/core/md_doc_statuscodes.html
uint32_t RetryOnOfGrpcStatus(std::string_view status) {
  if (status == "1") return kRetryGrpcCancelled;
  if (status == "4") return kRetryGrpcDeadlineExceeded;
  if (status == "8") return kRetryGrpcResourceExhausted;
  if (status == "13") return kRetryGrpcInternal;
  if (status == "14") return kRetryGrpcUnavailable;
  return 0;
}

}  // namespace

RetryState::RetryState(const Plan& plan, upstream::WorkerClusterRef cluster, int priority,
                       uint64_t seed)
    : plan_(plan),
      cluster_(std::move(cluster)),
      priority_(priority),
      random_(seed),
      left_(plan.max_retries),
      next_limit_(plan.policy != nullptr ? plan.policy->back_off_base : kDefaultBackOffBase) {}

RetryVerdict RetryState::AfterResponse(const http::ResponseHead& head, const base::Clock& clock) {
  if (!is_enabled() || is_given_up_) return RetryVerdict::kNo;
  if (!Wants(head)) {
    if (!has_retried_) return RetryVerdict::kNo;
    cluster_->counters().upstream_rq_retry_success.Increment();
    return RetryVerdict::kNoMore;
  }
  const RetryVerdict verdict = Take();
  if (verdict != RetryVerdict::kRetry) return verdict;
  if (const auto asked = AskedBackOff(head, clock)) back_off_ = *asked;
  return verdict;
}

RetryVerdict RetryState::AfterFailure(Failure::Kind kind, bool has_sent) {
  if (!is_enabled() || is_given_up_ || !Wants(kind, has_sent)) return RetryVerdict::kNo;
  return Take();
}

bool RetryState::Wants(const http::ResponseHead& head) const {
  const uint32_t on = plan_.retry_on;
  // Who limits its rate would be asked even more often.
  if (head.headers.Has(http::HeaderId::kXEnvoyRateLimited)) {
    return (on & kRetryEnvoyRateLimited) != 0;
  }
  if ((on & kRetry5xx) != 0 && head.status >= 500 && head.status < 600) return true;
  if ((on & kRetryGatewayError) != 0 && IsGatewayError(head.status)) return true;
  if ((on & kRetryRetriable4xx) != 0 && head.status == 409) return true;
  if ((on & kRetryStatusCodes) != 0) {
    const auto has = [&](const auto& codes) {
      return std::find(codes.begin(), codes.end(), head.status) != codes.end();
    };
    if (has(plan_.retriable_status_codes)) return true;
    if (plan_.policy != nullptr && has(plan_.policy->retriable_status_codes)) return true;
  }
  if ((on & kRetryRetriableHeaders) != 0 && plan_.policy != nullptr) {
    const auto& matchers = plan_.policy->retriable_headers;
    const auto matches = [&](const HeaderMatcher& matcher) { return matcher.Matches(head); };
    if (std::any_of(matchers.begin(), matchers.end(), matches)) return true;
  }
  const auto grpc_status = head.headers.Get(http::HeaderId::kGrpcStatus);
  return grpc_status && (on & RetryOnOfGrpcStatus(*grpc_status)) != 0;
}

bool RetryState::Wants(Failure::Kind kind, bool has_sent) const {
  using Kind = Failure::Kind;
  const uint32_t on = plan_.retry_on;
  switch (kind) {
    case Kind::kOverflow:
    case Kind::kNoEndpoint:
    case Kind::kTimeout:
      return false;
    case Kind::kConnectionFailure:
    case Kind::kConnectionTimeout:
      if ((on & kRetryConnectFailure) != 0) return true;
      break;
    case Kind::kRefusedStream:
      if ((on & kRetryRefusedStream) != 0) return true;
      break;
    default:
      break;
  }
  if ((on & kRetryResetBeforeRequest) != 0 && !has_sent) return true;
  return (on & (kRetryReset | kRetry5xx | kRetryGatewayError)) != 0;
}

RetryVerdict RetryState::Take() {
  const upstream::ClusterCounters& counters = cluster_->counters();
  if (left_ == 0) {
    counters.upstream_rq_retry_limit_exceeded.Increment();
    return RetryVerdict::kLimitExceeded;
  }
  token_.Cancel();
  std::optional<event::Operation> token = cluster_->TakeRetry(priority_);
  if (!token) {
    counters.upstream_rq_retry_overflow.Increment();
    return RetryVerdict::kOverflow;
  }
  token_ = *std::move(token);
  --left_;
  has_retried_ = true;
  counters.upstream_rq_retry.Increment();
  counters.upstream_rq_retry_backoff_exponential.Increment();
  back_off_ = NextBackOff();
  return RetryVerdict::kRetry;
}

// Full jitter: anything below a limit that doubles from try to try.
base::Milliseconds RetryState::NextBackOff() {
  const base::Milliseconds most =
      plan_.policy != nullptr ? plan_.policy->back_off_max : kDefaultBackOffMax;
  const base::Milliseconds limit = std::min(next_limit_, most);
  next_limit_ = std::min(limit * 2, most);
  if (limit.count() <= 0) return base::Milliseconds(0);
  return base::Milliseconds(
      static_cast<int64_t>(random_.Next() % static_cast<uint64_t>(limit.count())));
}

// rate_limited_retry_back_off: the response may say when to come back.
std::optional<base::Milliseconds> RetryState::AskedBackOff(const http::ResponseHead& head,
                                                           const base::Clock& clock) {
  if (plan_.policy == nullptr) return std::nullopt;
  for (const ResetHeader& reset : plan_.policy->reset_headers) {
    const auto value = head.headers.Get(reset.name);
    const auto number = value ? base::ParseNumber<uint32_t>(*value) : std::nullopt;
    if (!number) continue;
    int64_t seconds = *number;
    if (reset.is_unix_time) seconds -= absl::ToUnixSeconds(clock.WallNow());
    const base::Milliseconds wait = std::chrono::seconds(seconds);
    if (wait.count() < 0 || wait > plan_.policy->reset_header_max) continue;
    // All clients were told the same moment; spread them over half as long again.
    const uint64_t spread = static_cast<uint64_t>(wait.count()) / 2 + 1;
    return wait + base::Milliseconds(static_cast<int64_t>(random_.Next() % spread));
  }
  return std::nullopt;
}

void RetryState::NoteEndpoint(const upstream::EndpointRef& endpoint) {
  if (plan_.policy == nullptr || !plan_.policy->avoids_previous_endpoints || !endpoint) return;
  tried_.push_back(endpoint);
  avoided_.push_back(endpoint.get());
}

}  // namespace outrigger::router
