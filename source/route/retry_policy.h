#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "source/base/clock.h"
#include "source/route/matchers.h"

namespace outrigger::route {

enum RetryOn : uint32_t {
  kRetry5xx = 1 << 0,
  kRetryGatewayError = 1 << 1,
  kRetryReset = 1 << 2,
  kRetryConnectFailure = 1 << 3,
  kRetryRetriable4xx = 1 << 4,
  kRetryRefusedStream = 1 << 5,
  kRetryStatusCodes = 1 << 6,
  kRetryResetBeforeRequest = 1 << 7,
  kRetryRetriableHeaders = 1 << 8,
  kRetryEnvoyRateLimited = 1 << 9,
  kRetryGrpcCancelled = 1 << 10,
  kRetryGrpcDeadlineExceeded = 1 << 11,
  kRetryGrpcInternal = 1 << 12,
  kRetryGrpcResourceExhausted = 1 << 13,
  kRetryGrpcUnavailable = 1 << 14,
};
// Envoy's words, comma-separated; an unknown word is an error that lists the known ones.
absl::StatusOr<uint32_t> ParseRetryOn(std::string_view words);
// The same from a client's header: unknown words are ignored.
uint32_t ParseRetryOnLenient(std::string_view words);

// A response header that says when to come back, for rate_limited_retry_back_off.
struct ResetHeader {
  std::string name;
  bool is_unix_time = false;  // otherwise seconds from now
};

// envoy.config.route.v3.RetryPolicy, compiled. Immutable; any thread.
struct RetryPolicy {
  uint32_t retry_on = 0;  // RetryOn bits
  uint32_t max_retries = 1;
  base::Milliseconds per_try_timeout{0};       // 0: none
  base::Milliseconds per_try_idle_timeout{0};  // 0: none
  base::Milliseconds back_off_base{25};
  base::Milliseconds back_off_max{250};
  std::vector<int> retriable_status_codes;
  std::vector<HeaderMatcher> retriable_headers;          // on the response
  std::vector<HeaderMatcher> retriable_request_headers;  // retry only these requests
  std::vector<ResetHeader> reset_headers;
  base::Milliseconds reset_header_max{300'000};
  bool avoids_previous_endpoints = false;  // envoy.retry_host_predicates.previous_hosts
  uint32_t endpoint_selection_attempts = 1;
};

}  // namespace outrigger::route
