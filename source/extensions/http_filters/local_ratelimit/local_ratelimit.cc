#include "source/extensions/http_filters/local_ratelimit/local_ratelimit.h"

#include <memory>
#include <string>
#include <utility>

#include "source/base/text.h"
#include "source/extensions/http_filters/local_ratelimit/limits.h"

namespace outrigger::local_ratelimit {
namespace {

enum class Question : uint64_t { kEnabled = 1, kEnforced };

// A number of its own for each question that one stream asks, so that half of a half is a quarter,
// and a share here has nothing to do with a split of the route. (The finisher of SplitMix64.)
uint64_t Draw(uint64_t random, Question question) {
  uint64_t x = random + static_cast<uint64_t>(question) * 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

class LocalRateLimit final : public http::HttpFilter {
 public:
  LocalRateLimit(const Limits& limits, http::FilterStream& stream)
      : in_force_(&limits), stream_(stream) {}

  http::Verdict OnRequestHead(http::RequestHead& head, bool /*last*/) override {
    http::StreamView& view = stream_.stream();
    // A route may carry another filter's configuration under our name: that leaves ours in force.
    const auto* of_route = dynamic_cast<const Limits*>(stream_.route_config());
    if (of_route != nullptr) in_force_ = of_route;
    const Limits& limits = *in_force_;
    if (!limits.enabled.Matches(Draw(view.random(), Question::kEnabled))) {
      return http::Verdict::Continue();
    }
    limits.counters.enabled.Increment();
    const Limits::Outcome outcome = limits.Draw(view);
    bucket_ = limits.shows_limits ? outcome.bucket : nullptr;
    if (!outcome.is_limited) {
      limits.counters.ok.Increment();
      return http::Verdict::Continue();
    }
    limits.counters.rate_limited.Increment();
    if (!limits.enforced.Matches(Draw(view.random(), Question::kEnforced))) {
      limits.unenforced_request_edits.Apply(head.headers, view.summary());
      return http::Verdict::Continue();
    }
    limits.counters.enforced.Increment();
    return http::Verdict::Reply({.status = limits.status,
                                 .detail = "local_rate_limited",
                                 .body = "local_rate_limited",
                                 .headers = ReplyHeaders(),
                                 .flag = http::ResponseFlag::kRateLimited,
                                 .grpc_status = limits.grpc_status});
  }

  http::Verdict OnResponseHead(http::ResponseHead& head, bool /*last*/) override {
    for (const auto& [name, value] : LimitHeaders()) head.headers.SetCopy(name, value);
    return http::Verdict::Continue();
  }

 private:
  using HeaderList = std::vector<std::pair<std::string, std::string>>;

  HeaderList ReplyHeaders() {
    http::HeaderMap edited(stream_.stream().arena());
    in_force_->reply_edits.Apply(edited, stream_.stream().summary());
    HeaderList headers = LimitHeaders();
    for (const http::Header& header : edited.entries()) {
      headers.emplace_back(header.name(), header.value());
    }
    return headers;
  }

  // draft-polli-ratelimit-headers-03
  HeaderList LimitHeaders() {
    if (bucket_ == nullptr) return {};
    const base::MonoTime now = stream_.stream().loop().Now();
    const auto reset = std::chrono::ceil<std::chrono::seconds>(bucket_->UntilFull(now));
    return {{"x-ratelimit-limit", base::StrCat(bucket_->max_tokens())},
            {"x-ratelimit-remaining", base::StrCat(bucket_->Remaining(now))},
            {"x-ratelimit-reset", base::StrCat(static_cast<int64_t>(reset.count()))}};
  }

  const Limits* in_force_;  // of the factory or of the route; the stream's snapshots keep both
  http::FilterStream& stream_;
  const TokenBucket* bucket_ = nullptr;
};

}  // namespace

absl::StatusOr<http::HttpFilterFactory> Create(const Config& config,
                                               config::FactoryContext& context) {
  config::Findings findings;
  auto limits = Limits::Read(config, config::Place(findings), context);
  if (findings.size() > 0) return findings.ToStatus();
  return http::HttpFilterFactory([limits](http::FilterStream& stream) {
    return std::make_unique<LocalRateLimit>(*limits, stream);
  });
}

absl::StatusOr<config::RouteFilterConfigPtr> CreateForRoute(const Config& config,
                                                            config::FactoryContext& context) {
  config::Findings findings;
  auto limits = Limits::Read(config, config::Place(findings), context);
  if (findings.size() > 0) return findings.ToStatus();
  return config::RouteFilterConfigPtr(std::move(limits));
}

}  // namespace outrigger::local_ratelimit
