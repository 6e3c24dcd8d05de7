#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "source/base/clock.h"
#include "source/extensions/http_filters/local_ratelimit/descriptors.h"
#include "source/extensions/http_filters/local_ratelimit/local_ratelimit.h"
#include "source/extensions/http_filters/local_ratelimit/token_bucket.h"
#include "source/route/matchers.h"

namespace outrigger::local_ratelimit {

struct Counters {
  stats::GroupPtr group;
  stats::Counter enabled, ok, rate_limited, enforced;
};

// One compiled LocalRateLimit with its buckets. Immutable but for the buckets; any thread.
class Limits final : public http::RouteFilterConfig {
 public:
  static absl::StatusOr<std::shared_ptr<const Limits>> Compile(const Config& config,
                                                               config::FactoryContext& context);

  struct Outcome {
    bool is_limited = false;
    const TokenBucket* bucket = nullptr;  // the one that decided, for x-ratelimit-*; may be null
  };
  // Draws on the buckets of the request.
  Outcome Draw(http::StreamView& stream) const;

  route::FractionMatch enabled{.numerator = 0, .denominator = 100};
  route::FractionMatch enforced{.numerator = 0, .denominator = 100};
  int status = 429;
  bool shows_limits = false;  // x-ratelimit-*
  std::vector<std::pair<std::string, std::string>> reply_headers;
  std::vector<std::pair<std::string, std::string>> unenforced_request_headers;
  Counters counters;

 private:
  struct DescriptorLimit {
    Descriptor descriptor;
    std::unique_ptr<TokenBucket> bucket;
    bool is_shadow = false;
  };
  const DescriptorLimit* Find(const Descriptor& descriptor) const;

  std::unique_ptr<TokenBucket> bucket_;  // null: only descriptors limit
  std::vector<DescriptorSource> sources_;
  std::vector<DescriptorLimit> descriptors_;  // slowest fill first: the strictest decides
  bool always_draws_on_default_ = true;
};

}  // namespace outrigger::local_ratelimit
