#include "source/extensions/http_filters/local_ratelimit/limits.h"

#include <array>

#include "source/base/text.h"
#include "source/stats/envoy_scopes.h"

namespace outrigger::local_ratelimit {
namespace {

using envoy::type::v3::FractionalPercent;
using stats::Kind;

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

absl::StatusOr<std::unique_ptr<TokenBucket>> CompileBucket(const envoy::type::v3::TokenBucket& proto) {
  const auto& interval = proto.fill_interval();
  const int64_t interval_ns = interval.seconds() * 1'000'000'000 + interval.nanos();
  if (proto.max_tokens() == 0) return base::InvalidArgument("max_tokens: must be at least 1, got 0");
  if (interval_ns < 50'000'000) {
    return base::InvalidArgument("fill_interval: must be at least 0.05s, got ", interval_ns / 1e9, "s");
  }
  const uint32_t per_fill = proto.has_tokens_per_fill() ? proto.tokens_per_fill().value() : 1;
  if (per_fill == 0) return base::InvalidArgument("tokens_per_fill: must be at least 1, got 0");
  return std::make_unique<TokenBucket>(proto.max_tokens(), per_fill, base::Nanoseconds(interval_ns));
}

route::FractionMatch Fraction(const envoy::config::core::v3::RuntimeFractionalPercent& proto) {
  const FractionalPercent& percent = proto.default_value();
  const uint32_t denominator = percent.denominator() == FractionalPercent::MILLION         ? 1'000'000
                               : percent.denominator() == FractionalPercent::TEN_THOUSAND ? 10'000
                                                                                           : 100;
  return {.numerator = percent.numerator(),
          .denominator = denominator,
          .runtime_key = proto.runtime_key()};
}

// Literal headers only: this is where a formatted one would have to say so.
template <typename Options>
absl::StatusOr<std::vector<std::pair<std::string, std::string>>> CompileHeaders(
    std::string_view field, const Options& options) {
  std::vector<std::pair<std::string, std::string>> headers;
  for (int i = 0; i < options.size(); ++i) {
    const auto& header = options[i].header();
    if (header.value().find('%') != std::string::npos) {
      return base::InvalidArgument(field, "[", i, "].header.value: %OPERATOR%s are not implemented here, got \"",
                                   header.value(), "\"");
    }
    headers.emplace_back(header.key(), header.value());
  }
  return headers;
}

absl::Status RefuseRest(const Config& config) {
  if (config.stat_prefix().empty()) return base::InvalidArgument("stat_prefix: must not be empty");
  if (config.local_rate_limit_per_downstream_connection()) {
    return base::InvalidArgument("local_rate_limit_per_downstream_connection: not implemented");
  }
  if (config.rate_limited_as_resource_exhausted()) {
    return base::InvalidArgument("rate_limited_as_resource_exhausted: not implemented");
  }
  if (config.vh_rate_limits() != 0) {
    return base::InvalidArgument("vh_rate_limits: not implemented; say the limits in rate_limits");
  }
  if (config.has_max_dynamic_descriptors()) {
    return base::InvalidArgument("max_dynamic_descriptors: not implemented");
  }
  if (config.descriptors_size() > 0 && config.rate_limits_size() == 0) {
    return base::InvalidArgument(
        "descriptors: they need rate_limits, which say how a request makes its descriptors");
  }
  return absl::OkStatus();
}

absl::StatusOr<Descriptor> CompileDescriptor(
    const envoy::extensions::common::ratelimit::v3::LocalRateLimitDescriptor& proto) {
  Descriptor descriptor;
  for (int i = 0; i < proto.entries_size(); ++i) {
    if (proto.entries(i).value().empty()) {
      return base::InvalidArgument("entries[", i, "].value: must not be empty; a value for all is not implemented");
    }
    descriptor.emplace_back(proto.entries(i).key(), proto.entries(i).value());
  }
  if (descriptor.empty()) return base::InvalidArgument("entries: at least one is needed");
  return descriptor;
}

absl::Status At(std::string_view field, int index, const absl::Status& status) {
  return base::InvalidArgument(field, "[", index, "].", base::StdView(status.message()));
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Limits>> Limits::Compile(const Config& config,
                                                              config::FactoryContext& context) {
  if (absl::Status status = RefuseRest(config); !status.ok()) return status;
  auto limits = std::make_shared<Limits>();
  if (config.has_token_bucket()) {
    auto bucket = CompileBucket(config.token_bucket());
    if (!bucket.ok()) return base::InvalidArgument("token_bucket.", base::StdView(bucket.status().message()));
    limits->bucket_ = *std::move(bucket);
  }
  for (int i = 0; i < config.rate_limits_size(); ++i) {
    if (config.rate_limits(i).stage().value() != config.stage()) continue;
    auto source = DescriptorSource::Compile(config.rate_limits(i));
    if (!source.ok()) return At("rate_limits", i, source.status());
    limits->sources_.push_back(*std::move(source));
  }
  for (int i = 0; i < config.descriptors_size(); ++i) {
    auto descriptor = CompileDescriptor(config.descriptors(i));
    if (!descriptor.ok()) return At("descriptors", i, descriptor.status());
    auto bucket = CompileBucket(config.descriptors(i).token_bucket());
    if (!bucket.ok()) {
      return base::InvalidArgument("descriptors[", i, "].token_bucket.", base::StdView(bucket.status().message()));
    }
    limits->descriptors_.push_back({.descriptor = *std::move(descriptor),
                                    .bucket = *std::move(bucket),
                                    .is_shadow = config.descriptors(i).shadow_mode()});
  }
  auto reply_headers = CompileHeaders("response_headers_to_add", config.response_headers_to_add());
  if (!reply_headers.ok()) return reply_headers.status();
  auto request_headers = CompileHeaders("request_headers_to_add_when_not_enforced",
                                        config.request_headers_to_add_when_not_enforced());
  if (!request_headers.ok()) return request_headers.status();
  limits->reply_headers = *std::move(reply_headers);
  limits->unenforced_request_headers = *std::move(request_headers);
  if (config.has_filter_enabled()) limits->enabled = Fraction(config.filter_enabled());
  if (config.has_filter_enforced()) limits->enforced = Fraction(config.filter_enforced());
  if (config.status().code() >= 400) limits->status = config.status().code();
  limits->shows_limits = config.enable_x_ratelimit_headers() != 0;
  limits->always_draws_on_default_ = !config.has_always_consume_default_token_bucket() ||
                                     config.always_consume_default_token_bucket().value();
  limits->counters = DeclareCounters(context.stats(), config.stat_prefix());
  return std::shared_ptr<const Limits>(std::move(limits));
}

const Limits::DescriptorLimit* Limits::Find(const Descriptor& descriptor) const {
  for (const DescriptorLimit& limit : descriptors_) {
    if (limit.descriptor == descriptor) return &limit;
  }
  return nullptr;
}

Limits::Outcome Limits::Draw(http::StreamView& stream) const {
  const base::MonoTime now = stream.loop().Now();
  Outcome outcome;
  bool has_match = false;
  for (const DescriptorSource& source : sources_) {
    const auto descriptor = source.Make(stream);
    if (!descriptor) continue;
    const DescriptorLimit* limit = Find(*descriptor);
    if (limit == nullptr) continue;
    has_match = true;
    outcome.bucket = limit->bucket.get();
    if (!limit->bucket->Take(now) && !limit->is_shadow) {
      outcome.is_limited = true;
      return outcome;
    }
  }
  if (bucket_ == nullptr || (has_match && !always_draws_on_default_)) return outcome;
  if (outcome.bucket == nullptr) outcome.bucket = bucket_.get();
  outcome.is_limited = !bucket_->Take(now);
  if (outcome.is_limited) outcome.bucket = bucket_.get();
  return outcome;
}

}  // namespace outrigger::local_ratelimit
