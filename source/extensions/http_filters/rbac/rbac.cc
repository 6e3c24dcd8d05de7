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

// What one filter, or one route, enforces. Immutable; any thread.
class Enforcement final : public http::RouteFilterConfig {
 public:
  std::optional<Rules> rules;
  std::optional<Rules> shadow_rules;
};

// Of the filter: what a route enforces is counted here too.
struct Counters {
  stats::GroupPtr group, shadow_group;
  stats::Counter allowed, denied, shadow_allowed, shadow_denied;
};

// What a filter's factory and its streams share.
struct Settings {
  Enforcement enforcement;
  Counters counters;
};

Counters Declare(const Config& config, const config::FactoryContext& context) {
  const auto scope = [&](const std::string& rules_prefix) {
    return stats::HttpRbacScope(context.stat_prefix(), rules_prefix);
  };
  stats::GroupPtr group = context.stats().Declare(scope(config.rules_stat_prefix()), kTable);
  stats::GroupPtr shadow =
      context.stats().Declare(scope(config.shadow_rules_stat_prefix()), kShadowTable);
  return {.group = group,
          .shadow_group = shadow,
          .allowed = group->counter(0),
          .denied = group->counter(1),
          .shadow_allowed = shadow->counter(0),
          .shadow_denied = shadow->counter(1)};
}

void Read(const Config& config, Enforcement& enforcement, const config::Place& place) {
  if (config.track_per_rule_stats()) place.At("track_per_rule_stats").Refuse("not implemented");
  if (config.has_rules()) enforcement.rules = Rules::Read(config.rules(), place.At("rules"));
  if (config.has_shadow_rules()) {
    enforcement.shadow_rules = Rules::Read(config.shadow_rules(), place.At("shadow_rules"));
  }
}

class Rbac final : public http::HttpFilter {
 public:
  Rbac(const Settings& settings, http::FilterStream& stream)
      : settings_(settings), stream_(stream) {}

  http::Verdict OnRequestHead(http::RequestHead&, bool /*last*/) override {
    http::StreamView& view = stream_.stream();
    // A route may carry another filter's configuration under our name: that leaves ours in force.
    const auto* of_route = dynamic_cast<const Enforcement*>(stream_.route_config());
    const Enforcement& in_force = of_route != nullptr ? *of_route : settings_.enforcement;
    const Counters& counters = settings_.counters;
    if (in_force.shadow_rules) {
      const bool is_allowed = in_force.shadow_rules->Decide(view).is_allowed;
      (is_allowed ? counters.shadow_allowed : counters.shadow_denied).Increment();
    }
    if (!in_force.rules) return http::Verdict::Continue();
    const Decision decision = in_force.rules->Decide(view);
    (decision.is_allowed ? counters.allowed : counters.denied).Increment();
    if (decision.is_allowed) return http::Verdict::Continue();
    return http::Verdict::Reply({.status = 403,
                                 .detail = decision.policy == nullptr
                                               ? "rbac_access_denied_matched_policy[none]"
                                               : view.arena().Copy(decision.policy->denial),
                                 .body = "RBAC: access denied"});
  }

 private:
  const Settings& settings_;  // of the factory, which the stream's snapshot keeps
  http::FilterStream& stream_;
};

}  // namespace

absl::StatusOr<http::HttpFilterFactory> Create(const Config& config,
                                               config::FactoryContext& context) {
  config::Findings findings;
  auto settings = std::make_shared<Settings>();
  Read(config, settings->enforcement, config::Place(findings));
  if (findings.size() > 0) return findings.ToStatus();
  settings->counters = Declare(config, context);
  return http::HttpFilterFactory(
      [settings](http::FilterStream& stream) { return std::make_unique<Rbac>(*settings, stream); });
}

absl::StatusOr<config::RouteFilterConfigPtr> CreateForRoute(const RouteConfig& config,
                                                            config::FactoryContext&) {
  config::Findings findings;
  const config::Place root(findings);
  const config::Place place = root.At("rbac");
  for (const auto& [field, prefix] :
       {std::pair("rules_stat_prefix", &config.rbac().rules_stat_prefix()),
        std::pair("shadow_rules_stat_prefix", &config.rbac().shadow_rules_stat_prefix())}) {
    if (!prefix->empty()) place.At(field).Refuse("not implemented here; give it in the filter");
  }
  auto enforcement = std::make_shared<Enforcement>();
  Read(config.rbac(), *enforcement, place);
  if (findings.size() > 0) return findings.ToStatus();
  return config::RouteFilterConfigPtr(std::move(enforcement));
}

}  // namespace outrigger::rbac
