#include "source/extensions/http_filters/cors/cors.h"

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "source/config/matcher_config.h"
#include "source/config/place.h"
#include "source/config/runtime_values.h"
#include "source/stats/envoy_scopes.h"

namespace outrigger::cors {
namespace {

using http::HeaderId;
using http::Verdict;

constexpr std::string_view kAllowOrigin = "access-control-allow-origin";
constexpr std::string_view kAllowCredentials = "access-control-allow-credentials";
constexpr std::string_view kExposeHeaders = "access-control-expose-headers";
constexpr uint64_t kMillion = 1'000'000;

constexpr std::array kTable = {stats::Metric{"origin_valid", stats::Kind::kCounter},
                               stats::Metric{"origin_invalid", stats::Kind::kCounter}};

// A route's CorsPolicy. Immutable; any thread.
class Policy final : public http::RouteFilterConfig {
 public:
  bool Allows(std::string_view origin) const {
    for (const route::StringMatcher& matcher : origins) {
      if (matcher.Matches("*") || matcher.Matches(origin)) return true;
    }
    return false;
  }

  std::vector<route::StringMatcher> origins;
  std::string allow_methods, allow_headers, expose_headers, max_age;
  bool allow_credentials = false;
  bool allow_private_network = false;
  bool forwards_strangers = true;
  uint32_t enabled_per_million = kMillion;
  uint32_t shadow_per_million = 0;
};

struct Counters {
  stats::GroupPtr group;
  stats::Counter origin_valid, origin_invalid;
};

class Cors final : public http::HttpFilter {
 public:
  Cors(const Counters& counters, http::FilterStream& stream)
      : counters_(counters), stream_(stream) {}

  Verdict OnRequestHead(http::RequestHead& head, bool /*last*/) override {
    policy_ = dynamic_cast<const Policy*>(stream_.route_config());
    const auto origin = head.headers.Get(HeaderId::kOrigin);
    if (policy_ == nullptr || !origin || origin->empty()) return Verdict::Decline();
    const uint64_t draw = stream_.stream().random() % kMillion;
    const bool is_enabled = draw < policy_->enabled_per_million;
    if (!is_enabled && draw >= policy_->shadow_per_million) return Verdict::Decline();
    const bool is_allowed = policy_->Allows(*origin);
    (is_allowed ? counters_.origin_valid : counters_.origin_invalid).Increment();
    if (!is_enabled) return Verdict::Decline();
    const bool is_preflight = head.method == http::Method::kOptions &&
                              !RequestField(head, "access-control-request-method").empty();
    if (is_preflight && (is_allowed || !policy_->forwards_strangers)) {
      return Verdict::Reply({.status = 200,
                             .detail = "cors_response",
                             .headers = PreflightHeaders(head, is_allowed ? *origin : "")});
    }
    if (!is_allowed) return Verdict::Decline();
    origin_ = *origin;
    return Verdict::Continue();
  }

  Verdict OnResponseHead(http::ResponseHead& head, bool /*last*/) override {
    head.headers.SetCopy(kAllowOrigin, origin_);
    if (policy_->allow_credentials) head.headers.SetCopy(kAllowCredentials, "true");
    if (!policy_->expose_headers.empty()) {
      head.headers.SetCopy(kExposeHeaders, policy_->expose_headers);
    }
    return Verdict::Continue();
  }

 private:
  using HeaderList = std::vector<std::pair<std::string, std::string>>;

  static std::string_view RequestField(const http::RequestHead& head, std::string_view name) {
    return head.headers.Get(name).value_or(std::string_view());
  }

  // `origin` empty: it has no permission.
  HeaderList PreflightHeaders(const http::RequestHead& head, std::string_view origin) const {
    HeaderList headers;
    const auto add = [&](std::string_view name, std::string_view value) {
      if (!value.empty()) headers.emplace_back(name, value);
    };
    const auto add_list = [&](std::string_view name, std::string_view list,
                              std::string_view asked_for) {
      add(name, list == "*" ? RequestField(head, asked_for) : list);
    };
    add(kAllowOrigin, origin);
    if (policy_->allow_credentials) add(kAllowCredentials, "true");
    add_list("access-control-allow-methods", policy_->allow_methods,
             "access-control-request-method");
    add_list("access-control-allow-headers", policy_->allow_headers,
             "access-control-request-headers");
    add("access-control-max-age", policy_->max_age);
    if (policy_->allow_private_network &&
        RequestField(head, "access-control-request-private-network") == "true") {
      add("access-control-allow-private-network", "true");
    }
    return headers;
  }

  const Counters& counters_;  // of the factory, which the stream's snapshot keeps
  http::FilterStream& stream_;
  const Policy* policy_ = nullptr;  // of the stream's route
  std::string_view origin_;         // allowed; in the stream's arena
};

}  // namespace

absl::StatusOr<http::HttpFilterFactory> Create(const Config&, config::FactoryContext& context) {
  auto counters = std::make_shared<Counters>();
  const stats::Scope scope = stats::HttpScope(context.stat_prefix()).Child("cors.", "cors.");
  counters->group = context.stats().Declare(scope, kTable);
  counters->origin_valid = counters->group->counter(0);
  counters->origin_invalid = counters->group->counter(1);
  return http::HttpFilterFactory(
      [counters](http::FilterStream& stream) { return std::make_unique<Cors>(*counters, stream); });
}

absl::StatusOr<config::RouteFilterConfigPtr> CreateForRoute(const RouteConfig& config,
                                                            config::FactoryContext& context) {
  config::Findings findings;
  const config::Place root(findings);
  auto policy = std::make_shared<Policy>();
  for (int i = 0; i < config.allow_origin_string_match_size(); ++i) {
    auto matcher = config::ReadStringMatcher(config.allow_origin_string_match(i),
                                             root.At("allow_origin_string_match", i));
    if (matcher) policy->origins.push_back(*std::move(matcher));
  }
  policy->allow_methods = config.allow_methods();
  policy->allow_headers = config.allow_headers();
  policy->expose_headers = config.expose_headers();
  policy->max_age = config.max_age();
  for (const auto& [field, value] : {std::pair("allow_methods", &policy->allow_methods),
                                     std::pair("allow_headers", &policy->allow_headers),
                                     std::pair("expose_headers", &policy->expose_headers),
                                     std::pair("max_age", &policy->max_age)}) {
    if (value->find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos) continue;
    root.At(field).Refuse("must be the value of a header, got a line break or NUL in it");
  }
  policy->allow_credentials = config.allow_credentials().value();
  policy->allow_private_network = config.allow_private_network_access().value();
  if (config.has_forward_not_matching_preflights()) {
    policy->forwards_strangers = config.forward_not_matching_preflights().value();
  }
  if (config.has_filter_enabled()) {
    policy->enabled_per_million = context.runtime().PerMillion(config.filter_enabled());
  }
  if (config.has_shadow_enabled()) {
    policy->shadow_per_million = context.runtime().PerMillion(config.shadow_enabled());
  }
  if (findings.size() > 0) return findings.ToStatus();
  return config::RouteFilterConfigPtr(std::move(policy));
}

}  // namespace outrigger::cors
