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

// Where one filter counts, whichever rules are in force.
struct Counters {
  stats::GroupPtr group, shadow_group;
  stats::Counter allowed, denied, shadow_allowed, shadow_denied;
};

Counters DeclareCounters(const Config& config, config::FactoryContext& context) {
  stats::GroupPtr group = context.stats().Declare(
      stats::HttpRbacScope(context.stat_prefix(), config.rules_stat_prefix()), kTable);
  stats::GroupPtr shadow_group = context.stats().Declare(
      stats::HttpRbacScope(context.stat_prefix(), config.shadow_rules_stat_prefix()), kShadowTable);
  return {.group = group,
          .shadow_group = shadow_group,
          .allowed = group->counter(0),
          .denied = group->counter(1),
          .shadow_allowed = shadow_group->counter(0),
          .shadow_denied = shadow_group->counter(1)};
}

// What one filter, or one route, enforces. Immutable; any thread.
class Enforcement final : public http::RouteFilterConfig {
 public:
  std::optional<Rules> rules;
  std::optional<Rules> shadow_rules;
};

std::shared_ptr<const Enforcement> Read(const Config& config, const config::Place& place) {
  auto enforcement = std::make_shared<Enforcement>();
  if (config.track_per_rule_stats()) place.At("track_per_rule_stats").Refuse("not implemented");
  if (config.has_rules()) enforcement->rules = Rules::Read(config.rules(), place.At("rules"));
  if (config.has_shadow_rules()) {
    enforcement->shadow_rules = Rules::Read(config.shadow_rules(), place.At("shadow_rules"));
  }
  return enforcement;
}

class Rbac final : public http::HttpFilter {
 public:
  Rbac(const Enforcement& enforcement, const Counters& counters, http::FilterStream& stream)
      : enforcement_(enforcement), counters_(counters), stream_(stream) {}

  http::Verdict OnRequestHead(http::RequestHead&, bool /*last*/) override {
    http::StreamView& view = stream_.stream();
    // A route may carry another filter's configuration under our name: that leaves ours in force.
    const auto* of_route = dynamic_cast<const Enforcement*>(stream_.route_config());
    const Enforcement& in_force = of_route != nullptr ? *of_route : enforcement_;
    if (in_force.shadow_rules) {
      const bool is_allowed = in_force.shadow_rules->Decide(view).is_allowed;
      (is_allowed ? counters_.shadow_allowed : counters_.shadow_denied).Increment();
    }
    if (!in_force.rules) return http::Verdict::Continue();
    const Decision decision = in_force.rules->Decide(view);
    (decision.is_allowed ? counters_.allowed : counters_.denied).Increment();
    if (decision.is_allowed) return http::Verdict::Continue();
    return http::Verdict::Reply(
        {.status = 403,
         .detail = decision.policy == nullptr ? "rbac_access_denied_matched_policy[none]"
                                              : view.arena().Copy(decision.policy->denial),
         .body = "RBAC: access denied"});
  }

 private:
  const Enforcement& enforcement_;  // of the factory, which the stream's snapshot keeps
  const Counters& counters_;        // likewise
  http::FilterStream& stream_;
};

}  // namespace

absl::StatusOr<http::HttpFilterFactory> Create(const Config& config,
                                               config::FactoryContext& context) {
  config::Findings findings;
  auto enforcement = Read(config, config::Place(findings));
  if (findings.size() > 0) return findings.ToStatus();
  return http::HttpFilterFactory(
      [enforcement, counters = DeclareCounters(config, context)](http::FilterStream& stream) {
        return std::make_unique<Rbac>(*enforcement, counters, stream);
      });
}

absl::StatusOr<config::RouteFilterConfigPtr> CreateForRoute(const RouteConfig& config,
                                                            config::FactoryContext&) {
  config::Findings findings;
  const config::Place place(findings);
  const config::Place at = place.At("rbac");
  for (const auto& [field, prefix] :
       {std::pair{"rules_stat_prefix", &config.rbac().rules_stat_prefix()},
        std::pair{"shadow_rules_stat_prefix", &config.rbac().shadow_rules_stat_prefix()}}) {
    if (!prefix->empty()) at.At(field).Refuse("a route counts with its filter; say it there");
  }
  auto enforcement = Read(config.rbac(), at);
  if (findings.size() > 0) return findings.ToStatus();
  return config::RouteFilterConfigPtr(std::move(enforcement));
}

}  // namespace outrigger::rbac
