#include "source/extensions/http_filters/rbac/rbac.h"

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "source/base/text.h"
#include "source/extensions/http_filters/rbac/conditions.h"
#include "source/extensions/http_filters/rbac/rules.h"
#include "source/stats/envoy_scopes.h"

namespace outrigger::rbac {
namespace {

using stats::Kind;

constexpr std::array kTable = {stats::Metric{"allowed", Kind::kCounter},
                               stats::Metric{"denied", Kind::kCounter}};
constexpr std::array kShadowTable = {stats::Metric{"shadow_allowed", Kind::kCounter},
                                     stats::Metric{"shadow_denied", Kind::kCounter}};

// Rules, enforced or shadow, with their two counters.
struct CountedRules {
  Rules rules;
  stats::GroupPtr group;
  stats::Counter allowed;
  stats::Counter denied;

  Decision Decide(http::StreamView& stream) const {
    const Decision decision = rules.Decide(stream);
    (decision.is_allowed ? allowed : denied).Increment();
    return decision;
  }
};

// What one filter, or one route, enforces. Immutable; any thread.
class Enforcement final : public http::RouteFilterConfig {
 public:
  std::optional<CountedRules> rules;
  std::optional<CountedRules> shadow_rules;
};

absl::StatusOr<CountedRules> Compile(std::string_view field, const envoy::config::rbac::v3::RBAC& proto,
                                     const std::string& stat_prefix,
                                     std::span<const stats::Metric> table,
                                     config::FactoryContext& context) {
  auto rules = Rules::Compile(proto);
  if (!rules.ok()) return Within(field, rules.status());
  stats::GroupPtr group =
      context.stats().Declare(stats::HttpRbacScope(context.stat_prefix(), stat_prefix), table);
  return CountedRules{.rules = *std::move(rules),
                      .group = group,
                      .allowed = group->counter(0),
                      .denied = group->counter(1)};
}

absl::StatusOr<std::shared_ptr<const Enforcement>> Compile(const Config& config,
                                                           config::FactoryContext& context) {
  if (config.track_per_rule_stats()) {
    return base::InvalidArgument("track_per_rule_stats: not implemented");
  }
  auto enforcement = std::make_shared<Enforcement>();
  if (config.has_rules()) {
    auto rules = Compile("rules", config.rules(), config.rules_stat_prefix(), kTable, context);
    if (!rules.ok()) return rules.status();
    enforcement->rules = *std::move(rules);
  }
  if (config.has_shadow_rules()) {
    auto rules = Compile("shadow_rules", config.shadow_rules(), config.shadow_rules_stat_prefix(),
                         kShadowTable, context);
    if (!rules.ok()) return rules.status();
    enforcement->shadow_rules = *std::move(rules);
  }
  return std::shared_ptr<const Enforcement>(std::move(enforcement));
}

class Rbac final : public http::HttpFilter {
 public:
  Rbac(const Enforcement& enforcement, http::FilterStream& stream)
      : enforcement_(enforcement), stream_(stream) {}

  http::Verdict OnRequestHead(http::RequestHead&, bool /*last*/) override {
    http::StreamView& view = stream_.stream();
    const auto* of_route = static_cast<const Enforcement*>(stream_.route_config());
    const Enforcement& in_force = of_route != nullptr ? *of_route : enforcement_;
    if (in_force.shadow_rules) in_force.shadow_rules->Decide(view);
    if (!in_force.rules) return http::Verdict::Continue();
    const Decision decision = in_force.rules->Decide(view);
    if (decision.is_allowed) return http::Verdict::Continue();
    const std::string detail =
        base::StrCat("rbac_access_denied_matched_policy[",
                     decision.policy == nullptr ? std::string_view("none") : *decision.policy, "]");
    return http::Verdict::Reply({.status = 403,
                                 .detail = view.arena().Copy(detail),
                                 .body = "RBAC: access denied"});
  }

 private:
  const Enforcement& enforcement_;  // of the factory, which the stream's snapshot keeps
  http::FilterStream& stream_;
};

}  // namespace

absl::StatusOr<http::HttpFilterFactory> Create(const Config& config, config::FactoryContext& context) {
  auto enforcement = Compile(config, context);
  if (!enforcement.ok()) return enforcement.status();
  return http::HttpFilterFactory(
      [enforcement = *std::move(enforcement)](http::FilterStream& stream) {
        return std::make_unique<Rbac>(*enforcement, stream);
      });
}

absl::StatusOr<config::RouteFilterConfigPtr> CreateForRoute(const RouteConfig& config,
                                                            config::FactoryContext& context) {
  auto enforcement = Compile(config.rbac(), context);
  if (!enforcement.ok()) return Within("rbac", enforcement.status());
  return config::RouteFilterConfigPtr(*std::move(enforcement));
}

}  // namespace outrigger::rbac
