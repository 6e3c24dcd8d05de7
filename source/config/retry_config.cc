#include "source/config/retry_config.h"

#include <optional>
#include <string>

#include "envoy/extensions/retry/host/previous_hosts/v3/previous_hosts.pb.h"
#include "source/base/text.h"
#include "source/config/field_values.h"
#include "source/config/loading/unpack_any.h"
#include "source/config/matcher_config.h"

namespace outrigger::config {
namespace {

using ProtoPolicy = envoy::config::route::v3::RetryPolicy;
using envoy::extensions::retry::host::previous_hosts::v3::PreviousHostsPredicate;

void ReadBackOff(const ProtoPolicy::RetryBackOff& from, route::RetryPolicy& policy,
                 const Place& place) {
  policy.back_off_base = ReadPositiveDuration(from.base_interval(), place.At("base_interval"));
  policy.back_off_max = policy.back_off_base * 10;
  if (!from.has_max_interval()) return;
  policy.back_off_max = ReadDuration(from.max_interval(), place.At("max_interval"));
  if (policy.back_off_max < policy.back_off_base) {
    place.At("max_interval").Refuse("must not be below base_interval");
  }
}

void ReadResetHeaders(const ProtoPolicy::RateLimitedRetryBackOff& from, route::RetryPolicy& policy,
                      const Place& place) {
  if (from.reset_headers().empty()) place.At("reset_headers").Refuse("must hold at least one");
  for (int i = 0; i < from.reset_headers_size(); ++i) {
    const Place at = place.At("reset_headers", i);
    if (from.reset_headers(i).name().empty()) at.At("name").Refuse("must be given");
    policy.reset_headers.push_back({from.reset_headers(i).name(),
                                    from.reset_headers(i).format() == ProtoPolicy::UNIX_TIMESTAMP});
  }
  if (from.has_max_interval()) {
    policy.reset_header_max = ReadPositiveDuration(from.max_interval(), place.At("max_interval"));
  }
}

void ReadHostPredicates(const ProtoPolicy& from, route::RetryPolicy& policy, const Place& place) {
  for (int i = 0; i < from.retry_host_predicate_size(); ++i) {
    const auto& predicate = from.retry_host_predicate(i);
    const Place item = place.At("retry_host_predicate", i);
    const Place at = item.At("typed_config");
    const std::string type = loading::ResolvedTypeName(predicate.typed_config());
    PreviousHostsPredicate config;
    const bool is_by_name =
        type.empty() && predicate.name() == "envoy.retry_host_predicates.previous_hosts";
    if (!is_by_name && type != PreviousHostsPredicate::descriptor()->full_name()) {
      at.Refuse(base::StrCat("unknown type \"", type,
                             "\"; known: ", PreviousHostsPredicate::descriptor()->full_name()));
    } else if (is_by_name || Unpack(predicate.typed_config(), config, at)) {
      policy.avoids_previous_endpoints = true;
    }
  }
  if (from.host_selection_retry_max_attempts() == 0) return;
  constexpr int64_t kMost = 1000;
  const int64_t attempts = from.host_selection_retry_max_attempts();
  if (attempts < 0 || attempts > kMost) {
    place.At("host_selection_retry_max_attempts")
        .Refuse(base::StrCat("must be from 0 to 1000, got ", attempts));
  }
  policy.endpoint_selection_attempts = static_cast<uint32_t>(attempts);
}

void ReadConditions(const ProtoPolicy& from, route::RetryPolicy& policy, const Place& place) {
  absl::StatusOr<uint32_t> retry_on = route::ParseRetryOn(from.retry_on());
  if (retry_on.ok()) {
    policy.retry_on = *retry_on;
  } else {
    place.At("retry_on").Refuse(retry_on.status());
  }
  for (int i = 0; i < from.retriable_status_codes_size(); ++i) {
    const uint32_t code = from.retriable_status_codes(i);
    if (code < 100 || code > 599) {
      place.At("retriable_status_codes", i)
          .Refuse(base::StrCat("must be from 100 to 599, got ", code));
    }
    policy.retriable_status_codes.push_back(static_cast<int>(code));
  }
  for (int i = 0; i < from.retriable_headers_size(); ++i) {
    auto matcher = ReadHeaderMatcher(from.retriable_headers(i), place.At("retriable_headers", i));
    if (matcher) policy.retriable_headers.push_back(*std::move(matcher));
  }
  for (int i = 0; i < from.retriable_request_headers_size(); ++i) {
    auto matcher = ReadHeaderMatcher(from.retriable_request_headers(i),
                                     place.At("retriable_request_headers", i));
    if (matcher) policy.retriable_request_headers.push_back(*std::move(matcher));
  }
}

}  // namespace

route::RetryPolicy ReadRetryPolicy(const ProtoPolicy& from, const Place& place) {
  route::RetryPolicy policy;
  ReadConditions(from, policy, place);
  if (from.has_num_retries()) policy.max_retries = from.num_retries().value();
  if (from.has_per_try_timeout()) {
    policy.per_try_timeout = ReadDuration(from.per_try_timeout(), place.At("per_try_timeout"));
  }
  if (from.has_per_try_idle_timeout()) {
    policy.per_try_idle_timeout =
        ReadDuration(from.per_try_idle_timeout(), place.At("per_try_idle_timeout"));
  }
  if (from.has_retry_back_off()) {
    ReadBackOff(from.retry_back_off(), policy, place.At("retry_back_off"));
  }
  if (from.has_rate_limited_retry_back_off()) {
    ReadResetHeaders(from.rate_limited_retry_back_off(), policy,
                     place.At("rate_limited_retry_back_off"));
  }
  ReadHostPredicates(from, policy, place);
  return policy;
}

}  // namespace outrigger::config
