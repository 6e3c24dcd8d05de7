#include "source/extensions/http_filters/rbac/rbac.h"

#include <memory>
#include <string>

#include "gtest/gtest.h"
#include "source/config/runtime_values.h"
#include "test/config/from_yaml.h"
#include "test/extensions/http_filters/rbac/rbac_chain.h"

namespace outrigger::rbac {
namespace {

using config::FromYaml;
using ::testing::AllOf;
using testing::FilterHarness;
using ::testing::HasSubstr;
using testing::HeaderList;
using ::testing::Not;
using testing::Reply;

std::string ErrorOf(std::string_view yaml) {
  config::RuntimeValues runtime;
  base::ManualClock clock;
  stats::Store stats;
  config::FactoryContext context(clock, stats, "edge", runtime);
  auto made = Create(FromYaml<Config>(yaml), context);
  return std::string(made.status().message());
}

TEST(Rbac, LetsEverythingPassWithoutRules) {
  RbacChain chain("{}");
  EXPECT_THAT(chain->Request("GET /"), testing::RepliedWith(200, "via_upstream"));
}

TEST(Rbac, AllowPassesWhatAPolicyMatchesAndDeniesTheRest) {
  auto chain = RbacChain::Allowing("{url_path: {path: {exact: /open}}}");
  EXPECT_EQ(chain.Status("GET /open"), 200);
  const Reply& denied = chain->Request("GET /closed");
  EXPECT_THAT(denied, testing::RepliedWith(403, "rbac_access_denied_matched_policy[none]"));
  EXPECT_EQ(denied.body, "RBAC: access denied");
  EXPECT_FALSE(chain->forwarded().has_head);
  EXPECT_EQ(chain.Counter("allowed"), 1);
  EXPECT_EQ(chain.Counter("denied"), 1);
}

TEST(Rbac, AllowWithoutPoliciesDeniesEverything) {
  RbacChain chain("rules: {action: ALLOW}");
  EXPECT_EQ(chain.Status("GET /"), 403);
}

TEST(Rbac, DenyRefusesWhatAPolicyMatchesAndNamesIt) {
  RbacChain chain(RbacChain::Rules("DENY", "{url_path: {path: {prefix: /admin}}}", "{any: true}"));
  EXPECT_THAT(chain->Request("GET /admin/x"),
              testing::RepliedWith(403, "rbac_access_denied_matched_policy[p]"));
  EXPECT_EQ(chain.Status("GET /"), 200);
  EXPECT_EQ(chain.Counter("allowed"), 1);
  EXPECT_EQ(chain.Counter("denied"), 1);
}

TEST(Rbac, LogLetsEverythingPassAndCountsItAsAllowed) {
  RbacChain chain(RbacChain::Rules("LOG", "{any: true}", "{any: true}"));
  EXPECT_EQ(chain.Status("GET /"), 200);
  EXPECT_EQ(chain.Counter("allowed"), 1);
  EXPECT_EQ(chain.Counter("denied"), 0);
}

TEST(Rbac, TriesPoliciesInTheOrderOfTheirNames) {
  RbacChain chain(
      "rules: {action: DENY, policies: {"
      "  b: {permissions: [{any: true}], principals: [{any: true}]},"
      "  a: {permissions: [{any: true}], principals: [{any: true}]}}}");
  EXPECT_EQ(chain->Request("GET /").detail, "rbac_access_denied_matched_policy[a]");
}

TEST(Rbac, WritesSpacesInAPolicyNameAsUnderscores) {
  RbacChain chain(
      "rules: {action: DENY, policies: {"
      "  \"no one\\nelse\": {permissions: [{any: true}], principals: [{any: true}]}}}");
  EXPECT_EQ(chain->Request("GET /").detail, "rbac_access_denied_matched_policy[no_one_else]");
}

TEST(Rbac, PolicyNeedsAPermissionAndAPrincipal) {
  RbacChain chain(RbacChain::Rules("ALLOW", "{url_path: {path: {exact: /a}}}",
                                   "{header: {name: x-team, string_match: {exact: red}}}"));
  EXPECT_EQ(chain.Status("GET /a", {{"x-team", "red"}}), 200);
  EXPECT_EQ(chain.Status("GET /b", {{"x-team", "red"}}), 403);
  EXPECT_EQ(chain.Status("GET /a", {{"x-team", "blue"}}), 403);
}

TEST(Rbac, OnePermissionAndOnePrincipalOfSeveralAreEnough) {
  RbacChain chain(RbacChain::Rules(
      "ALLOW", "{url_path: {path: {exact: /a}}}, {url_path: {path: {exact: /b}}}",
      "{header: {name: x, present_match: true}}, {header: {name: y, present_match: true}}"));
  EXPECT_EQ(chain.Status("GET /b", {{"y", "1"}}), 200);
  EXPECT_EQ(chain.Status("GET /a", {{"x", "1"}}), 200);
  EXPECT_EQ(chain.Status("GET /c", {{"x", "1"}}), 403);
  EXPECT_EQ(chain.Status("GET /a"), 403);
}

// --- permissions ---

TEST(RbacPermission, AndRulesNeedAll) {
  auto chain = RbacChain::Allowing(
      "{and_rules: {rules: [{url_path: {path: {prefix: /a}}}, {header: {name: x}}]}}");
  EXPECT_EQ(chain.Status("GET /a", {{"x", "1"}}), 200);
  EXPECT_EQ(chain.Status("GET /a"), 403);
  EXPECT_EQ(chain.Status("GET /b", {{"x", "1"}}), 403);
}

TEST(RbacPermission, OrRulesNeedOne) {
  auto chain = RbacChain::Allowing(
      "{or_rules: {rules: [{url_path: {path: {prefix: /a}}}, {header: {name: x}}]}}");
  EXPECT_EQ(chain.Status("GET /a"), 200);
  EXPECT_EQ(chain.Status("GET /b", {{"x", "1"}}), 200);
  EXPECT_EQ(chain.Status("GET /b"), 403);
}

TEST(RbacPermission, NotRuleTurnsTheResultRound) {
  auto chain = RbacChain::Allowing("{not_rule: {url_path: {path: {prefix: /private}}}}");
  EXPECT_EQ(chain.Status("GET /public"), 200);
  EXPECT_EQ(chain.Status("GET /private/x"), 403);
}

TEST(RbacPermission, MethodIsAPseudoHeader) {
  auto chain = RbacChain::Allowing("{header: {name: \":method\", string_match: {exact: GET}}}");
  EXPECT_EQ(chain.Status("GET /"), 200);
  EXPECT_EQ(chain.Status("DELETE /"), 403);
}

TEST(RbacPermission, HeaderComparesTheValuesJoined) {
  auto chain = RbacChain::Allowing("{header: {name: X-Role, string_match: {exact: \"a,b\"}}}");
  EXPECT_EQ(chain.Status("GET /", {{"x-role", "a"}, {"x-role", "b"}}), 200);
  EXPECT_EQ(chain.Status("GET /", {{"x-role", "a"}}), 403);
}

TEST(RbacPermission, UrlPathLeavesTheQueryOut) {
  auto chain = RbacChain::Allowing("{url_path: {path: {exact: /a}}}");
  EXPECT_EQ(chain.Status("GET /a?b=c"), 200);
  EXPECT_EQ(chain.Status("GET /b?x=/a"), 403);
}

TEST(RbacPermission, PathHeaderHasTheQuery) {
  auto chain = RbacChain::Allowing("{header: {name: \":path\", string_match: {exact: \"/a?b\"}}}");
  EXPECT_EQ(chain.Status("GET /a?b"), 200);
  EXPECT_EQ(chain.Status("GET /a"), 403);
}

TEST(RbacPermission, UrlPathTakesRegularExpressions) {
  auto chain = RbacChain::Allowing("{url_path: {path: {safe_regex: {regex: \"/v[0-9]+/.*\"}}}}");
  EXPECT_EQ(chain.Status("GET /v12/x"), 200);
  EXPECT_EQ(chain.Status("GET /x/v12/x"), 403);
}

TEST(RbacPermission, DestinationPortIsTheListeners) {
  auto chain = RbacChain::Allowing("{destination_port: 8080}");
  EXPECT_EQ(chain.Status("GET /"), 200);
  chain->set_local("127.0.0.1", 8081);
  EXPECT_EQ(chain.Status("GET /"), 403);
}

TEST(RbacPermission, DestinationPortRangeLeavesItsEndOut) {
  auto chain = RbacChain::Allowing("{destination_port_range: {start: 8080, end: 8082}}");
  chain->set_local("127.0.0.1", 8081);
  EXPECT_EQ(chain.Status("GET /"), 200);
  chain->set_local("127.0.0.1", 8082);
  EXPECT_EQ(chain.Status("GET /"), 403);
  chain->set_local("127.0.0.1", 8079);
  EXPECT_EQ(chain.Status("GET /"), 403);
}

TEST(RbacPermission, DestinationIpIsTheListeners) {
  auto chain = RbacChain::Allowing("{destination_ip: {address_prefix: 10.1.0.0, prefix_len: 16}}");
  chain->set_local("10.1.200.3", 80);
  EXPECT_EQ(chain.Status("GET /"), 200);
  chain->set_local("10.2.0.1", 80);
  EXPECT_EQ(chain.Status("GET /"), 403);
}

// --- principals ---

TEST(RbacPrincipal, AndIdsNeedAll) {
  auto chain = RbacChain::AllowingOnly("{and_ids: {ids: [{header: {name: x}}, {any: true}]}}");
  EXPECT_EQ(chain.Status("GET /", {{"x", "1"}}), 200);
  EXPECT_EQ(chain.Status("GET /"), 403);
}

TEST(RbacPrincipal, OrIdsNeedOne) {
  auto chain = RbacChain::AllowingOnly(
      "{or_ids: {ids: [{header: {name: x}}, {url_path: {path: {exact: /a}}}]}}");
  EXPECT_EQ(chain.Status("GET /a"), 200);
  EXPECT_EQ(chain.Status("GET /b", {{"x", "1"}}), 200);
  EXPECT_EQ(chain.Status("GET /b"), 403);
}

TEST(RbacPrincipal, NotIdTurnsTheResultRound) {
  auto chain = RbacChain::AllowingOnly("{not_id: {header: {name: x-guest}}}");
  EXPECT_EQ(chain.Status("GET /"), 200);
  EXPECT_EQ(chain.Status("GET /", {{"x-guest", "1"}}), 403);
}

TEST(RbacPrincipal, DirectRemoteIpIsTheSocketsPeer) {
  auto chain =
      RbacChain::AllowingOnly("{direct_remote_ip: {address_prefix: 10.0.0.0, prefix_len: 8}}");
  chain->set_peer("10.9.9.9");
  chain->set_remote("203.0.113.7");
  EXPECT_EQ(chain.Status("GET /"), 200);
  chain->set_peer("203.0.113.7");
  chain->set_remote("10.9.9.9");
  EXPECT_EQ(chain.Status("GET /"), 403);
}

TEST(RbacPrincipal, SourceIpIsTheSocketsPeerToo) {
  auto chain = RbacChain::AllowingOnly("{source_ip: {address_prefix: 10.0.0.0, prefix_len: 8}}");
  chain->set_peer("10.9.9.9");
  chain->set_remote("203.0.113.7");
  EXPECT_EQ(chain.Status("GET /"), 200);
  chain->set_peer("203.0.113.7");
  EXPECT_EQ(chain.Status("GET /"), 403);
}

TEST(RbacPrincipal, RemoteIpIsTheClientAfterForwardedFor) {
  auto chain =
      RbacChain::AllowingOnly("{remote_ip: {address_prefix: \"2001:db8::\", prefix_len: 32}}");
  chain->set_remote("2001:db8::1");
  EXPECT_EQ(chain.Status("GET /"), 200);
  chain->set_remote("127.0.0.1");
  EXPECT_EQ(chain.Status("GET /"), 403);
}

// --- shadow rules, routes ---

TEST(Rbac, ShadowRulesOnlyCount) {
  RbacChain chain(
      "shadow_rules_stat_prefix: trial\n"
      "shadow_rules: {action: DENY, policies: {p: {permissions: [{url_path: {path: {exact: /x}}}],"
      " principals: [{any: true}]}}}");
  EXPECT_EQ(chain.Status("GET /x"), 200);
  EXPECT_EQ(chain.Status("GET /y"), 200);
  EXPECT_EQ(chain.Counter("trial.shadow_denied"), 1);
  EXPECT_EQ(chain.Counter("trial.shadow_allowed"), 1);
}

TEST(Rbac, ShadowRulesAreCountedAlsoWhenTheRulesDeny) {
  RbacChain chain("rules: {action: ALLOW}\nshadow_rules: {action: DENY}");
  EXPECT_EQ(chain.Status("GET /"), 403);
  EXPECT_EQ(chain.Counter("denied"), 1);
  EXPECT_EQ(chain.Counter("shadow_allowed"), 1);
}

TEST(Rbac, CountsUnderTheRulesOwnPrefix) {
  RbacChain chain("rules_stat_prefix: main\nrules: {action: ALLOW}");
  chain.Status("GET /");
  EXPECT_EQ(chain.Counter("main.denied"), 1);
}

config::RouteFilterConfigPtr OfRoute(RbacChain& chain, std::string_view yaml) {
  auto made = CreateForRoute(FromYaml<RouteConfig>(yaml), chain.context());
  EXPECT_TRUE(made.ok()) << made.status().message();
  return made.ok() ? *std::move(made) : nullptr;
}

TEST(Rbac, RouteReplacesTheRulesOfTheFilter) {
  RbacChain chain("rules: {action: ALLOW}");
  const auto of_route = OfRoute(
      chain, base::StrCat(
                 "rbac: {",
                 RbacChain::Rules("DENY", "{url_path: {path: {exact: /x}}}", "{any: true}"), "}"));
  chain->set_route_config(of_route.get());
  EXPECT_EQ(chain.Status("GET /"), 200);
  EXPECT_EQ(chain.Status("GET /x"), 403);
  EXPECT_EQ(chain.Counter("allowed"), 1);
  EXPECT_EQ(chain.Counter("denied"), 1);
  chain->set_route_config(nullptr);
  EXPECT_EQ(chain.Status("GET /"), 403);
}

TEST(Rbac, EmptyRouteConfigurationSwitchesTheFilterOff) {
  RbacChain chain("rules: {action: ALLOW}");
  const auto of_route = OfRoute(chain, "{}");
  chain->set_route_config(of_route.get());
  EXPECT_EQ(chain.Status("GET /"), 200);
  EXPECT_EQ(chain.Counter("denied"), 0);
}

TEST(Rbac, AnotherFiltersRouteConfigurationLeavesTheRulesInForce) {
  RbacChain chain("rules: {action: ALLOW}");
  const http::RouteFilterConfig stranger;
  chain->set_route_config(&stranger);
  EXPECT_EQ(chain.Status("GET /"), 403);
}

// --- refusals ---

TEST(RbacConfig, RefusesByPath) {
  const struct {
    const char* yaml;
    const char* error;
  } kTable[] = {
      {"rules: {policies: {p: {principals: [{any: true}]}}}",
       "rules.policies[\"p\"].permissions: at least one is needed"},
      {"rules: {policies: {p: {permissions: [{any: true}]}}}",
       "rules.policies[\"p\"].principals: at least one is needed"},
      {"shadow_rules: {policies: {p: {permissions: [{}], principals: [{any: true}]}}}",
       "shadow_rules.policies[\"p\"].permissions[0]: one of any, "},
      {"rules: {policies: {p: {permissions: [{any: true}], principals: [{}]}}}",
       "rules.policies[\"p\"].principals[0]: one of any, "},
      {"rules: {policies: {p: {permissions: [{any: false}], principals: [{any: true}]}}}",
       "permissions[0].any: must be true, got false"},
      {"rules: {policies: {p: {permissions: [{and_rules: {}}], principals: [{any: true}]}}}",
       "permissions[0].and_rules.rules: at least one is needed"},
      {"rules: {policies: {p: {permissions: [{any: true}], principals: [{or_ids: {}}]}}}",
       "principals[0].or_ids.ids: at least one is needed"},
      {"rules: {policies: {p: {permissions: [{destination_port: 70000}], principals: [{any: "
       "true}]}}}",
       "permissions[0].destination_port: must be 0-65535, got 70000"},
      {"rules: {policies: {p: {permissions: [{destination_port_range: {start: 9, end: 9}}],"
       " principals: [{any: true}]}}}",
       "destination_port_range: must be start < end within 0-65536, got 9 to 9"},
      {"rules: {policies: {p: {permissions: [{any: true}],"
       " principals: [{source_ip: {address_prefix: 10.0.0.0, prefix_len: 33}}]}}}",
       "principals[0].source_ip: prefix_len: must be 0-32 for 10.0.0.0, got 33"},
      {"rules: {policies: {p: {permissions: [{any: true}],"
       " principals: [{remote_ip: {address_prefix: here}}]}}}",
       "principals[0].remote_ip: "},
      {"rules: {policies: {p: {permissions: [{header: {name: \"\"}}], principals: [{any: true}]}}}",
       "permissions[0].header.name: must be given"},
      {"rules: {policies: {p: {permissions: [{url_path: {path: {safe_regex: {regex: \"(\"}}}}],"
       " principals: [{any: true}]}}}",
       "permissions[0].url_path.path.safe_regex.regex: "},
      {"rules: {policies: {p: {permissions: [{requested_server_name: {}}],"
       " principals: [{any: true}]}}}",
       "permissions[0].requested_server_name: must hold one of "},
      {"rules: {policies: {p: {permissions: [{metadata: {}}], principals: [{any: true}]}}}",
       "permissions[0].metadata: not implemented"},
      {"rules: {policies: {p: {permissions: [{any: true}], "
       "principals: [{authenticated: {principal_name: {}}}]}}}",
       "principals[0].authenticated.principal_name: must hold one of "},
      {"track_per_rule_stats: true", "track_per_rule_stats: not implemented"},
  };
  for (const auto& [yaml, error] : kTable) EXPECT_THAT(ErrorOf(yaml), HasSubstr(error)) << yaml;
}

TEST(RbacConfig, RefusesAnUnknownAction) {
  RbacChain chain("{}");
  Config config;
  config.mutable_rules()->set_action(static_cast<envoy::config::rbac::v3::RBAC::Action>(7));
  auto made = Create(config, chain.context());
  EXPECT_EQ(made.status().message(), "rules.action: unknown value 7; known: ALLOW, DENY, LOG");
}

TEST(RbacConfig, NamesEverythingThatIsWrongAtOnce) {
  EXPECT_THAT(
      ErrorOf("rules: {policies: {a: {}, b: {permissions: [{any: true}],"
              " principals: [{not_id: {}}]}}}"),
      AllOf(HasSubstr("policies[\"a\"].permissions: "), HasSubstr("policies[\"a\"].principals: "),
            HasSubstr("policies[\"b\"].principals[0].not_id: ")));
}

TEST(RbacConfig, NamesThePathInARoutesConfiguration) {
  RbacChain chain("{}");
  auto made = CreateForRoute(
      FromYaml<RouteConfig>("rbac: {rules: {policies: {p: {permissions: [{any: true}]}}}}"),
      chain.context());
  EXPECT_EQ(made.status().message(),
            "rbac.rules.policies[\"p\"].principals: at least one is needed");
}

TEST(RbacConfig, RefusesAStatPrefixInARoute) {
  RbacChain chain("{}");
  auto made =
      CreateForRoute(FromYaml<RouteConfig>("rbac: {rules_stat_prefix: a}"), chain.context());
  EXPECT_EQ(made.status().message(),
            "rbac.rules_stat_prefix: not implemented here; give it in the filter");
}

// `levels` times not_rule (or not_id) around one that always holds.
std::string Nested(std::string_view field, int levels) {
  std::string text = "{any: true}";
  for (int i = 0; i < levels; ++i) text = base::StrCat("{", field, ": ", text, "}");
  return text;
}

TEST(RbacConfig, TakesThirtyTwoLevelsAndRefusesMore) {
  for (const char* field : {"not_rule", "not_id"}) {
    const bool is_permission = std::string_view(field) == "not_rule";
    const auto rules = [&](int levels) {
      const std::string nested = Nested(field, levels);
      return is_permission ? RbacChain::Rules("ALLOW", nested, "{any: true}")
                           : RbacChain::Rules("ALLOW", "{any: true}", nested);
    };
    EXPECT_EQ(ErrorOf(rules(31)), "") << field;
    EXPECT_THAT(ErrorOf(rules(32)), HasSubstr("more than 32 levels deep")) << field;
  }
}

}  // namespace
}  // namespace outrigger::rbac
