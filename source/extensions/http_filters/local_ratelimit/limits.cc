#include "source/extensions/http_filters/local_ratelimit/limits.h"

#include <algorithm>
#include <array>
#include <utility>

#include "source/base/text.h"
#include "source/config/field_values.h"
#include "source/config/header_edits_config.h"
#include "source/config/rate_limit_config.h"
#include "source/config/runtime_values.h"
#include "source/http/grpc/status.h"
#include "source/route/route.h"
#include "source/stats/envoy_scopes.h"

namespace outrigger::local_ratelimit {
namespace {

using config::Place;
using stats::Kind;

constexpr uint32_t kMillion = 1'000'000;
constexpr uint32_t kHighestStage = 10;
constexpr int kMostHeaders = 10;

constexpr std::array kTable = {
    stats::Metric{"enabled", Kind::kCounter},
    stats::Metric{"ok", Kind::kCounter},
    stats::Metric{"rate_limited", Kind::kCounter},
    stats::Metric{"enforced", Kind::kCounter},
};

Counters DeclareCounters(stats::Store& store, const std::string& stat_prefix) {
  stats::GroupPtr group = store.Declare(stats::HttpLocalRateLimitScope(stat_prefix), kTable);
  return {.group = group,
          .enabled = group->counter(0),
          .ok = group->counter(1),
          .rate_limited = group->counter(2),
          .enforced = group->counter(3)};
}

// Null after a refusal.
std::unique_ptr<TokenBucket> ReadBucket(const envoy::type::v3::TokenBucket& proto,
                                        const Place& place) {
  constexpr base::Milliseconds kShortestInterval{50};
  const size_t before = place.findings().size();
  if (proto.max_tokens() == 0) place.At("max_tokens").Refuse("must be at least 1, got 0");
  const uint32_t per_fill = proto.has_tokens_per_fill() ? proto.tokens_per_fill().value() : 1;
  if (per_fill == 0) place.At("tokens_per_fill").Refuse("must be at least 1, got 0");
  const Place at = place.At("fill_interval");
  const base::Milliseconds interval = config::ReadDuration(proto.fill_interval(), at);
  if (place.findings().size() == before && interval < kShortestInterval) {
    at.Refuse(base::StrCat("must be at least 0.05s, got ", interval.count() / 1e3, "s"));
  }
  if (place.findings().size() > before) return nullptr;
  if (!TokenBucket::CanHold(proto.max_tokens(), per_fill, interval)) {
    place.At("max_tokens")
        .Refuse(base::StrCat("would take more than 50 years to come, got ", proto.max_tokens()));
    return nullptr;
  }
  return std::make_unique<TokenBucket>(proto.max_tokens(), per_fill, interval);
}

// Of nothing at all, as in Envoy, when it is not given: a limit is switched on on purpose.
route::FractionMatch ReadShare(bool is_given,
                               const envoy::config::core::v3::RuntimeFractionalPercent& share,
                               const config::RuntimeValues& runtime, const Place& place) {
  if (is_given && !share.has_default_value()) place.At("default_value").Refuse("must be given");
  return {.numerator = is_given ? runtime.PerMillion(share) : 0,
          .denominator = kMillion,
          .runtime_key = share.runtime_key()};
}

template <typename Options>
route::HeaderEdits ReadHeaders(const Options& options, std::string_view field, const Place& place) {
  if (options.size() > kMostHeaders) {
    place.At(field).Refuse(
        base::StrCat("must have at most ", kMostHeaders, " headers, got ", options.size()));
  }
  return config::ReadHeaderEdits(options, field, {}, "", place);
}

void RefuseTheRest(const Config& config, const Place& place) {
  if (config.stat_prefix().empty()) place.At("stat_prefix").Refuse("must be given");
  if (config.local_rate_limit_per_downstream_connection()) {
    place.At("local_rate_limit_per_downstream_connection").Refuse("not implemented");
  }
  if (config.has_max_dynamic_descriptors()) {
    place.At("max_dynamic_descriptors").Refuse("not implemented");
  }
  if (config.stage() > kHighestStage) {
    place.At("stage").Refuse(base::StrCat("must be 0-10, got ", config.stage()));
  }
  if (config.status().code() < 0 || config.status().code() > 599) {
    place.At("status.code")
        .Refuse(base::StrCat("must be 100-599, got ", static_cast<int>(config.status().code())));
  }
  if (config.enable_x_ratelimit_headers() < 0 || config.enable_x_ratelimit_headers() > 1) {
    place.At("enable_x_ratelimit_headers").Refuse("must be OFF or DRAFT_VERSION_03");
  }
}

route::Descriptor ReadDescriptor(
    const envoy::extensions::common::ratelimit::v3::LocalRateLimitDescriptor& proto,
    const Place& place) {
  route::Descriptor descriptor;
  for (int i = 0; i < proto.entries_size(); ++i) {
    const Place entry = place.At("entries", i);
    if (proto.entries(i).key().empty()) entry.At("key").Refuse("must be given");
    if (proto.entries(i).value().empty()) {
      entry.At("value").Refuse("must be given; a bucket for each value is not implemented");
    }
    descriptor.emplace_back(proto.entries(i).key(), proto.entries(i).value());
  }
  if (descriptor.empty()) place.At("entries").Refuse("at least one is needed");
  return descriptor;
}

}  // namespace

std::shared_ptr<const Limits> Limits::Read(const Config& config, const Place& place,
                                           config::FactoryContext& context) {
  RefuseTheRest(config, place);
  auto limits = std::make_shared<Limits>();
  if (config.has_token_bucket()) {
    limits->bucket_ = ReadBucket(config.token_bucket(), place.At("token_bucket"));
  }
  limits->ReadDescriptors(config, place);
  limits->reply_edits =
      ReadHeaders(config.response_headers_to_add(), "response_headers_to_add", place);
  limits->unenforced_request_edits = ReadHeaders(config.request_headers_to_add_when_not_enforced(),
                                                 "request_headers_to_add_when_not_enforced", place);
  limits->enabled = ReadShare(config.has_filter_enabled(), config.filter_enabled(),
                              context.runtime(), place.At("filter_enabled"));
  limits->enforced = ReadShare(config.has_filter_enforced(), config.filter_enforced(),
                               context.runtime(), place.At("filter_enforced"));
  if (config.status().code() >= 400) limits->status = config.status().code();
  if (config.rate_limited_as_resource_exhausted()) {
    limits->grpc_status = static_cast<int>(http::grpc::Code::kResourceExhausted);
  }
  limits->shows_limits = config.enable_x_ratelimit_headers() != 0;
  limits->always_draws_on_default_ = !config.has_always_consume_default_token_bucket() ||
                                     config.always_consume_default_token_bucket().value();
  limits->counters = DeclareCounters(context.stats(), config.stat_prefix());
  return limits;
}

void Limits::ReadDescriptors(const Config& config, const Place& place) {
  static constexpr std::array kOfHost = {OfHost::kWhenRouteHasNone, OfHost::kAlways,
                                         OfHost::kNever};
  own_sources_ = config::ReadRateLimits(config.rate_limits(), place);
  stage_ = config.stage();
  const auto of_host = static_cast<size_t>(config.vh_rate_limits());
  if (of_host < kOfHost.size()) {
    of_host_ = kOfHost[of_host];
  } else {
    place.At("vh_rate_limits").Refuse("must be OVERRIDE, INCLUDE or IGNORE");
  }
  for (int i = 0; i < config.descriptors_size(); ++i) {
    const Place at = place.At("descriptors", i);
    route::Descriptor descriptor = ReadDescriptor(config.descriptors(i), at);
    auto bucket = ReadBucket(config.descriptors(i).token_bucket(), at.At("token_bucket"));
    if (!by_descriptor_.try_emplace(descriptor, 0).second) {
      at.At("entries").Refuse("are those of an earlier descriptor");
    }
    if (bucket == nullptr) continue;
    descriptors_.push_back({.descriptor = std::move(descriptor),
                            .bucket = std::move(bucket),
                            .is_shadow = config.descriptors(i).shadow_mode()});
  }
  std::stable_sort(descriptors_.begin(), descriptors_.end(), [](const auto& a, const auto& b) {
    return a.bucket->token_interval() > b.bucket->token_interval();
  });
  for (size_t i = 0; i < descriptors_.size(); ++i) by_descriptor_[descriptors_[i].descriptor] = i;
}

void Limits::AddMatches(const route::RateLimits& limits, http::StreamView& stream,
                        Matched& matched) const {
  for (const route::RateLimit& limit : limits) {
    if (limit.stage() != stage_) continue;
    const auto descriptor = limit.Make(stream);
    if (!descriptor) continue;
    const auto found = by_descriptor_.find(*descriptor);
    if (found != by_descriptor_.end()) matched.push_back(found->second);
  }
}

// Only of routes that forward, as in Envoy.
void Limits::AddMatchesOfRoute(http::StreamView& stream, Matched& matched) const {
  const route::Route* route = stream.route();
  const route::ForwardAction* forward = route == nullptr ? nullptr : route->forward();
  if (forward == nullptr) return;
  AddMatches(forward->rate_limits, stream, matched);
  const bool adds_host = forward->includes_host_rate_limits || of_host_ == OfHost::kAlways ||
                         (of_host_ == OfHost::kWhenRouteHasNone && forward->rate_limits.empty());
  if (adds_host) AddMatches(route->virtual_host().spec().rate_limits, stream, matched);
}

// The descriptors that the request has, the slowest first.
Limits::Matched Limits::Match(http::StreamView& stream) const {
  Matched matched;
  if (descriptors_.empty()) return matched;
  if (!own_sources_.empty()) {
    AddMatches(own_sources_, stream, matched);
  } else {
    AddMatchesOfRoute(stream, matched);
  }
  std::sort(matched.begin(), matched.end());
  matched.erase(std::unique(matched.begin(), matched.end()), matched.end());
  return matched;
}

Limits::Outcome Limits::Draw(http::StreamView& stream) const {
  const base::MonoTime now = stream.loop().Now();
  const Matched matched = Match(stream);
  Outcome outcome;
  for (size_t at : matched) {
    const DescriptorLimit& limit = descriptors_[at];
    const bool has_token = limit.bucket->Take(now);
    if (limit.is_shadow) continue;
    if (!has_token) return {.is_limited = true, .bucket = limit.bucket.get()};
    if (outcome.bucket == nullptr) outcome.bucket = limit.bucket.get();
  }
  if (bucket_ == nullptr || (!matched.empty() && !always_draws_on_default_)) return outcome;
  if (!bucket_->Take(now)) return {.is_limited = true, .bucket = bucket_.get()};
  if (outcome.bucket == nullptr) outcome.bucket = bucket_.get();
  return outcome;
}

}  // namespace outrigger::local_ratelimit
