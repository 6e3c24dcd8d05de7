#pragma once

#include <cstdint>
#include <optional>

#include "absl/container/inlined_vector.h"
#include "absl/types/span.h"
#include "source/base/clock.h"
#include "source/event/operation.h"
#include "source/extensions/http_filters/router/failure.h"
#include "source/extensions/http_filters/router/plan.h"
#include "source/http/head.h"
#include "source/upstream/random.h"
#include "source/upstream/worker_cluster.h"

namespace outrigger::router {

// What becomes of an attempt that did not bring what we hoped for.
enum class RetryVerdict : uint8_t {
  kNo,             // it is not of a kind that the plan retries
  kNoMore,         // ... after a retry: it has helped
  kRetry,          // wait for back_off(), then try again
  kLimitExceeded,  // all retries of this request are used up
  kOverflow,       // the cluster has too many retries going on
};

// The retries of one request: whether, when, and not where again.
// Owner: the router's stream.  Thread: its worker.
class RetryState {
 public:
  // `plan` outlives this. `seed` is random.
  RetryState(const Plan& plan, upstream::WorkerClusterRef cluster, int priority, uint64_t seed);

  // Whether the plan has any retries at all.
  bool is_enabled() const { return plan_.retry_on != 0 && plan_.max_retries > 0; }
  // Takes a retry when the answer is kRetry. Counts.
  RetryVerdict AfterResponse(const http::ResponseHead& head, const base::Clock& clock);
  // `has_sent`: a byte of the request may have reached the upstream.
  RetryVerdict AfterFailure(Failure::Kind kind, bool has_sent);
  base::Milliseconds back_off() const { return back_off_; }
  // No more retries: the body is not at hand any more.
  void GiveUp() { left_ = 0, is_given_up_ = true; }

  // The endpoints that attempts went to, for the load balancer to avoid where the policy says so.
  void NoteEndpoint(const upstream::EndpointRef& endpoint);
  absl::Span<const upstream::Endpoint* const> avoided() const { return avoided_; }

 private:
  bool Wants(const http::ResponseHead& head) const;
  bool Wants(Failure::Kind kind, bool has_sent) const;
  RetryVerdict Take();
  base::Milliseconds NextBackOff();
  std::optional<base::Milliseconds> AskedBackOff(const http::ResponseHead& head,
                                                 const base::Clock& clock);

  const Plan& plan_;
  const upstream::WorkerClusterRef cluster_;
  const int priority_;
  upstream::Random random_;
  uint32_t left_;
  bool is_given_up_ = false;
  bool has_retried_ = false;
  base::Milliseconds back_off_{0};
  base::Milliseconds next_limit_;  // of the back-off: doubles
  event::Operation token_;         // of the circuit breaker, until the next retry or the end
  absl::InlinedVector<upstream::EndpointRef, 1> tried_;  // keeps what avoided_ points to
  absl::InlinedVector<const upstream::Endpoint*, 1> avoided_;
};

}  // namespace outrigger::router
