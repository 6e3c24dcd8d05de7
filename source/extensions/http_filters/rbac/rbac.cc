#include "source/extensions/http_filters/rbac/rbac.h"

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>

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

CountedRules Read(const envoy::config::rbac::v3::RBAC& proto, const std::string& stat_prefix,
                  std::span<const stats::Metric> table, const config::Place& place,
                  config::FactoryContext& context) {
  stats::GroupPtr group =
      context.stats().Declare(stats::HttpRbacScope(context.stat_prefix(), stat_prefix), table);
  return {.rules = Rules::Read(proto, place),
          .group = group,
          .allowed = group->counter(0),
          .denied = group->counter(1)};
}

std::shared_ptr<const Enforcement> Read(const Config& config, const config::Place& place,
                                        config::FactoryContext& context) {
  auto enforcement = std::make_shared<Enforcement>();
  if (config.track_per_rule_stats()) place.At("track_per_rule_stats").Refuse("not implemented");
  if (config.has_rules()) {
    enforcement->rules =
        Read(config.rules(), config.rules_stat_prefix(), kTable, place.At("rules"), context);
  }
  if (config.has_shadow_rules()) {
    enforcement->shadow_rules = Read(config.shadow_rules(), config.shadow_rules_stat_prefix(),
                                     kShadowTable, place.At("shadow_rules"), context);
  }
  return enforcement;
}

class Rbac final : public http::HttpFilter {
 public:
  Rbac(const Enforcement& enforcement, http::FilterStream& stream)
      : enforcement_(enforcement), stream_(stream) {}

  http::Verdict OnRequestHead(http::RequestHead&, bool /*last*/) override {
    http::StreamView& view = stream_.stream();
    // A route may carry another filter's configuration under our name: that leaves ours in force.
    const auto* of_route = dynamic_cast<const Enforcement*>(stream_.route_config());
    const Enforcement& in_force = of_route != nullptr ? *of_route : enforcement_;
    if (in_force.shadow_rules) in_force.shadow_rules->Decide(view);
    if (!in_force.rules) return http::Verdict::Continue();
    const Decision decision = in_force.rules->Decide(view);
    if (decision.is_allowed) return http::Verdict::Continue();
    return http::Verdict::Reply(
        {.status = 403,
         .detail = decision.policy == nullptr ? "rbac_access_denied_matched_policy[none]"
                                              : view.arena().Copy(decision.policy->denial),
         .body = "RBAC: access denied"});
  }

 private:
  const Enforcement& enforcement_;  // of the factory, which the stream's snapshot keeps
  http::FilterStream& stream_;
};

}  // namespace

absl::StatusOr<http::HttpFilterFactory> Create(const Config& config, config::FactoryContext& context) {
  config::Findings findings;
  auto enforcement = Read(config, config::Place(findings), context);
  if (findings.size() > 0) return findings.ToStatus();
  return http::HttpFilterFactory([enforcement](http::FilterStream& stream) {
    return std::make_unique<Rbac>(*enforcement, stream);
  });
}

absl::StatusOr<config::RouteFilterConfigPtr> CreateForRoute(const RouteConfig& config,
                                                            config::FactoryContext& context) {
  config::Findings findings;
  const config::Place place(findings);
  auto enforcement = Read(config.rbac(), place.At("rbac"), context);
  if (findings.size() > 0) return findings.ToStatus();
  return config::RouteFilterConfigPtr(std::move(enforcement));
}

}  // namespace outrigger::rbac
