#include "source/extensions/http_filters/router/plan.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <string_view>
#include <utility>

#include "source/base/text.h"
#include "source/http/grpc/content_type.h"

namespace outrigger::router {
namespace {

using http::HeaderId;
using http::HeaderMap;

// Above this a header's number of milliseconds is not believed: it would overflow nanoseconds.
constexpr uint64_t kMaxMilliseconds = uint64_t{1} << 42;

// Takes the header away and reads it as a number.
std::optional<uint64_t> TakeNumber(HeaderMap& headers, HeaderId id) {
  if (!headers.Has(id)) return std::nullopt;
  const auto number = base::ParseNumber<uint64_t>(*headers.Get(id));
  headers.Remove(id);
  return number;
}

std::optional<base::Milliseconds> TakeMilliseconds(HeaderMap& headers, HeaderId id) {
  const std::optional<uint64_t> number = TakeNumber(headers, id);
  if (!number || *number > kMaxMilliseconds) return std::nullopt;
  return base::Milliseconds(static_cast<int64_t>(*number));
}

// What grpc-timeout asks for; 0: nothing.
base::Milliseconds AskedByGrpc(const HeaderMap& headers) {
  const auto text = headers.Get(HeaderId::kGrpcTimeout);
  const auto asked = text ? ParseGrpcTimeout(*text) : std::nullopt;
  return asked ? std::chrono::ceil<base::Milliseconds>(*asked) : base::Milliseconds(0);
}

// max_grpc_timeout, in Envoy's order: first the offset, then the limit.
base::Milliseconds GrpcTimeout(const route::ForwardAction& forward, const HeaderMap& headers) {
  base::Milliseconds timeout = AskedByGrpc(headers);
  if (forward.grpc_timeout_offset < timeout) timeout -= forward.grpc_timeout_offset;
  const base::Milliseconds most = *forward.max_grpc_timeout;
  const bool is_above = timeout.count() == 0 || timeout > most;
  return most.count() > 0 && is_above ? most : timeout;
}

void ReadTimeouts(const route::ForwardAction& forward, bool respect_expected_timeout,
                  http::RequestHead& head, Plan& plan) {
  HeaderMap& headers = head.headers;
  plan.timeout = forward.timeout.value_or(base::Milliseconds(0));
  if (forward.max_grpc_timeout && http::grpc::IsGrpcRequest(head)) {
    plan.timeout = GrpcTimeout(forward, headers);
    plan.rewrites_grpc_timeout = true;
  }
  if (plan.policy != nullptr) {
    plan.per_try_timeout = plan.policy->per_try_timeout;
    plan.per_try_idle_timeout = plan.policy->per_try_idle_timeout;
  }
  const auto expected = TakeMilliseconds(headers, HeaderId::kXEnvoyExpectedRqTimeoutMs);
  const auto asked = TakeMilliseconds(headers, HeaderId::kXEnvoyUpstreamRqTimeoutMs);
  if (respect_expected_timeout && expected) {
    plan.timeout = *expected;
  } else if (asked) {
    plan.timeout = *asked;
  }
  if (const auto per_try = TakeMilliseconds(headers, HeaderId::kXEnvoyUpstreamRqPerTryTimeoutMs)) {
    plan.per_try_timeout = *per_try;
  }
  // It could only fire after the other one.
  if (plan.timeout.count() > 0 && plan.per_try_timeout >= plan.timeout) {
    plan.per_try_timeout = base::Milliseconds(0);
  }
}

void ReadRetries(http::RequestHead& head, Plan& plan) {
  HeaderMap& headers = head.headers;
  if (plan.policy != nullptr) {
    plan.retry_on = plan.policy->retry_on;
    plan.max_retries = plan.policy->max_retries;
  }
  for (const HeaderId id : {HeaderId::kXEnvoyRetryOn, HeaderId::kXEnvoyRetryGrpcOn}) {
    if (!headers.Has(id)) continue;
    plan.retry_on |= route::ParseRetryOnLenient(*headers.Get(id));
    plan.max_retries = std::max(plan.max_retries, 1u);
    headers.Remove(id);
  }
  if (const auto count = TakeNumber(headers, HeaderId::kXEnvoyMaxRetries)) {
    plan.max_retries = static_cast<uint32_t>(std::min<uint64_t>(*count, UINT32_MAX));
  }
  if (headers.Has(HeaderId::kXEnvoyRetriableStatusCodes)) {
    std::string_view list = *headers.Get(HeaderId::kXEnvoyRetriableStatusCodes);
    while (!list.empty()) {
      const size_t end = std::min(list.find(','), list.size());
      const auto code = base::ParseNumber<int>(base::StripSpaces(list.substr(0, end)));
      if (code) plan.retriable_status_codes.push_back(*code);
      list.remove_prefix(std::min(end + 1, list.size()));
    }
    headers.Remove(HeaderId::kXEnvoyRetriableStatusCodes);
  }
  if (plan.policy == nullptr || plan.policy->retriable_request_headers.empty()) return;
  const auto& wanted = plan.policy->retriable_request_headers;
  const bool is_wanted = std::any_of(wanted.begin(), wanted.end(),
                                     [&](const auto& matcher) { return matcher.Matches(head); });
  if (!is_wanted) plan.retry_on = 0;
}

void ReadMaxDuration(const route::ForwardAction& forward, const HeaderMap& headers, Plan& plan) {
  if (forward.max_stream_duration) plan.max_duration = *forward.max_stream_duration;
  if (!forward.grpc_timeout_header_max || !headers.Has(HeaderId::kGrpcTimeout)) return;
  const auto asked = ParseGrpcTimeout(*headers.Get(HeaderId::kGrpcTimeout));
  if (!asked) return;
  base::Milliseconds timeout = std::chrono::ceil<base::Milliseconds>(*asked);
  const base::Milliseconds most = *forward.grpc_timeout_header_max;
  if (most.count() > 0 && (timeout > most || timeout.count() == 0)) timeout = most;
  if (timeout > forward.grpc_timeout_header_offset) timeout -= forward.grpc_timeout_header_offset;
  plan.max_duration = timeout;
}

}  // namespace

Plan MakePlan(const route::ForwardAction& forward, bool respect_expected_timeout,
              http::RequestHead& head) {
  Plan plan;
  plan.policy = forward.retry.get();
  ReadTimeouts(forward, respect_expected_timeout, head, plan);
  ReadRetries(head, plan);
  ReadMaxDuration(forward, head.headers, plan);
  return plan;
}

base::Milliseconds ExpectedTimeout(const Plan& plan, base::Milliseconds elapsed) {
  base::Milliseconds expected = plan.per_try_timeout;
  if (expected.count() == 0) expected = plan.timeout;
  if (expected.count() == 0 || plan.timeout.count() == 0) return expected;
  // 0 would say that there is no limit.
  constexpr base::Milliseconds kLeast{1};
  return std::clamp(plan.timeout - elapsed, kLeast, std::max(expected, kLeast));
}

void AddExpectedTimeout(base::Milliseconds expected, http::HeaderMap& headers) {
  char digits[24];
  const char* const end = std::to_chars(digits, digits + sizeof digits, expected.count()).ptr;
  headers.Set(HeaderId::kXEnvoyExpectedRqTimeoutMs,
              headers.arena().Copy({digits, static_cast<size_t>(end - digits)}));
}

void AddGrpcTimeout(base::Milliseconds expected, http::HeaderMap& headers) {
  // The finest unit in which 8 digits are enough.
  constexpr int64_t kMost = 99'999'999;
  int64_t number = expected.count();
  char unit = 'm';
  for (const auto& [coarser, factor] : {std::pair('S', 1000), std::pair('M', 60), {'H', 60}}) {
    if (number <= kMost) break;
    number /= factor;
    unit = coarser;
  }
  char text[24];
  char* const end = std::to_chars(text, text + sizeof text - 1, std::min(number, kMost)).ptr;
  *end = unit;
  headers.Set(HeaderId::kGrpcTimeout,
              headers.arena().Copy({text, static_cast<size_t>(end - text) + 1}));
}

std::optional<base::Nanoseconds> ParseGrpcTimeout(std::string_view text) {
  if (text.size() < 2 || text.size() > 9) return std::nullopt;
  const auto number = base::ParseNumber<uint32_t>(text.substr(0, text.size() - 1));
  if (!number) return std::nullopt;
  switch (text.back()) {
    case 'H':
      return std::chrono::hours(std::min(*number, 1'000'000u));
    case 'M':
      return std::chrono::minutes(*number);
    case 'S':
      return std::chrono::seconds(*number);
    case 'm':
      return std::chrono::milliseconds(*number);
    case 'u':
      return std::chrono::microseconds(*number);
    case 'n':
      return std::chrono::nanoseconds(*number);
    default:
      return std::nullopt;
  }
}

}  // namespace outrigger::router
