#pragma once

#include <cstdint>

#include "absl/container/inlined_vector.h"
#include "source/base/clock.h"
#include "source/http/head.h"
#include "source/route/route.h"

namespace outrigger::router {

// How long one request may take and how often it may be tried: the route's say, changed by the
// x-envoy-* headers of the request. 0 is "no limit" for times.
struct Plan {
  base::Milliseconds timeout{0};  // from the end of the request to the end of the response
  base::Milliseconds per_try_timeout{0};
  base::Milliseconds per_try_idle_timeout{0};
  base::Milliseconds max_duration{0};  // of the whole stream
  bool rewrites_grpc_timeout = false;  // each attempt tells the endpoint what is left of it
  uint32_t retry_on = 0;               // route::RetryOn bits
  uint32_t max_retries = 0;
  absl::InlinedVector<int, 2> retriable_status_codes;  // besides the policy's
  const route::RetryPolicy* policy = nullptr;          // null: the route has none
};

// Reads the plan of a request and removes the headers that have said their part. Envoy's rules;
// whether a client may say such things was decided before (untrusted ones lose these headers).
Plan MakePlan(const route::ForwardAction& forward, bool respect_expected_timeout,
              http::RequestHead& head);

// How long the next hop has when `elapsed` of the timeout has passed; 0: no limit.
base::Milliseconds ExpectedTimeout(const Plan& plan, base::Milliseconds elapsed);
// Writes it into x-envoy-expected-rq-timeout-ms.
void AddExpectedTimeout(base::Milliseconds expected, http::HeaderMap& headers);
// Writes it into grpc-timeout.
void AddGrpcTimeout(base::Milliseconds expected, http::HeaderMap& headers);

// grpc-timeout: up to 8 digits and a unit of H, M, S, m, u, n; nullopt when it is malformed.
std::optional<base::Nanoseconds> ParseGrpcTimeout(std::string_view text);

}  // namespace outrigger::router
