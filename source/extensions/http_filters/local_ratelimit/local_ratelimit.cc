#include "source/extensions/http_filters/local_ratelimit/local_ratelimit.h"

#include <memory>
#include <string>
#include <utility>

#include "source/base/text.h"
#include "source/extensions/http_filters/local_ratelimit/limits.h"

namespace outrigger::local_ratelimit {
namespace {

class LocalRateLimit final : public http::HttpFilter {
 public:
  LocalRateLimit(const Limits& limits, http::FilterStream& stream)
      : limits_(limits), stream_(stream) {}

  http::Verdict OnRequestHead(http::RequestHead& head, bool /*last*/) override {
    http::StreamView& view = stream_.stream();
    if (const auto* of_route = static_cast<const Limits*>(stream_.route_config())) {
      in_force_ = of_route;
    }
    const Limits& limits = *in_force_;
    if (!limits.enabled.Matches(view.random())) return http::Verdict::Continue();
    limits.counters.enabled.Increment();
    const Limits::Outcome outcome = limits.Draw(view);
    bucket_ = limits.shows_limits ? outcome.bucket : nullptr;
    if (!outcome.is_limited) {
      limits.counters.ok.Increment();
      return http::Verdict::Continue();
    }
    limits.counters.rate_limited.Increment();
    if (!limits.enforced.Matches(view.random())) {
      for (const auto& [name, value] : limits.unenforced_request_headers) {
        head.headers.AddCopy(name, value);
      }
      return http::Verdict::Continue();
    }
    limits.counters.enforced.Increment();
    return http::Verdict::Reply({.status = limits.status,
                                 .detail = "local_rate_limited",
                                 .body = "local_rate_limited",
                                 .headers = ReplyHeaders(),
                                 .flag = http::ResponseFlag::kRateLimited});
  }

  http::Verdict OnResponseHead(http::ResponseHead& head, bool /*last*/) override {
    for (const auto& [name, value] : LimitHeaders()) head.headers.SetCopy(name, value);
    return http::Verdict::Continue();
  }

 private:
  using HeaderList = std::vector<std::pair<std::string, std::string>>;

  HeaderList ReplyHeaders() {
    HeaderList headers = in_force_->reply_headers;
    for (auto& header : LimitHeaders()) headers.push_back(std::move(header));
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

  const Limits& limits_;  // of the factory, which the stream's snapshot keeps
  http::FilterStream& stream_;
  const Limits* in_force_ = &limits_;
  const TokenBucket* bucket_ = nullptr;
};

}  // namespace

absl::StatusOr<http::HttpFilterFactory> Create(const Config& config, config::FactoryContext& context) {
  auto limits = Limits::Compile(config, context);
  if (!limits.ok()) return limits.status();
  return http::HttpFilterFactory([limits = *std::move(limits)](http::FilterStream& stream) {
    return std::make_unique<LocalRateLimit>(*limits, stream);
  });
}

absl::StatusOr<config::RouteFilterConfigPtr> CreateForRoute(const Config& config,
                                                            config::FactoryContext& context) {
  auto limits = Limits::Compile(config, context);
  if (!limits.ok()) return limits.status();
  return config::RouteFilterConfigPtr(*std::move(limits));
}

}  // namespace outrigger::local_ratelimit
