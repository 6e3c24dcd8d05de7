#pragma once

#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "source/base/clock.h"
#include "source/config/place.h"
#include "source/extensions/http_filters/local_ratelimit/local_ratelimit.h"
#include "source/extensions/http_filters/local_ratelimit/token_bucket.h"
#include "source/route/header_edits.h"
#include "source/route/matchers.h"
#include "source/route/rate_limit.h"

namespace outrigger::local_ratelimit {

struct Counters {
  stats::GroupPtr group;
  stats::Counter enabled, ok, rate_limited, enforced;
};

// One compiled LocalRateLimit with its buckets. Immutable but for the buckets; any thread.
class Limits final : public http::RouteFilterConfig {
 public:
  // What is wrong is refused below `place`.
  static std::shared_ptr<const Limits> Read(const Config& config, const config::Place& place,
                                            config::FactoryContext& context);

  struct Outcome {
    bool is_limited = false;
    const TokenBucket* bucket = nullptr;  // the one that decided, for x-ratelimit-*; may be null
  };
  // Draws on the buckets of the request: those of its descriptors, the slowest first, until one is
  // empty; then on the one for all.
  Outcome Draw(http::StreamView& stream) const;

  route::FractionMatch enabled, enforced;
  int status = 429;
  std::optional<int> grpc_status;  // to gRPC requests; nullopt: made from the status
  bool shows_limits = false;       // x-ratelimit-*
  route::HeaderEdits reply_edits;
  route::HeaderEdits unenforced_request_edits;
  Counters counters;

 private:
  enum class OfHost : uint8_t { kWhenRouteHasNone, kAlways, kNever };
  struct DescriptorLimit {
    route::Descriptor descriptor;
    std::unique_ptr<TokenBucket> bucket;
    bool is_shadow = false;  // draws, never limits
  };
  using Matched = absl::InlinedVector<size_t, 4>;  // indices of descriptors_
  void ReadDescriptors(const Config& config, const config::Place& place);
  Matched Match(http::StreamView& stream) const;
  void AddMatchesOfRoute(http::StreamView& stream, Matched& matched) const;
  void AddMatches(const route::RateLimits& limits, http::StreamView& stream,
                  Matched& matched) const;

  std::unique_ptr<TokenBucket> bucket_;  // null: only descriptors limit
  route::RateLimits own_sources_;        // where there are none, those of routes are used
  uint32_t stage_ = 0;
  OfHost of_host_ = OfHost::kWhenRouteHasNone;
  std::vector<DescriptorLimit> descriptors_;  // the slowest to fill first
  absl::flat_hash_map<route::Descriptor, size_t> by_descriptor_;
  bool always_draws_on_default_ = true;
};

}  // namespace outrigger::local_ratelimit
