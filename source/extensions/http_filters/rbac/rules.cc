#include "source/extensions/http_filters/rbac/rules.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "source/base/text.h"
#include "source/extensions/http_filters/rbac/conditions.h"

namespace outrigger::rbac {
namespace {

bool AnyHolds(const std::vector<Condition>& conditions, http::StreamView& stream) {
  return std::any_of(conditions.begin(), conditions.end(),
                     [&](const Condition& condition) { return condition(stream); });
}

// A log detail is one word, as in Envoy.
std::string Denial(std::string name) {
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isspace(c); }, '_');
  return base::StrCat("rbac_access_denied_matched_policy[", name, "]");
}

Policy ReadPolicy(const std::string& name, const envoy::config::rbac::v3::Policy& proto,
                  const config::Place& place) {
  Policy policy{.name = name, .denial = Denial(name)};
  for (int i = 0; i < proto.permissions_size(); ++i) {
    auto condition = ReadPermission(proto.permissions(i), place.At("permissions", i));
    if (condition) policy.permissions.push_back(*std::move(condition));
  }
  for (int i = 0; i < proto.principals_size(); ++i) {
    auto condition = ReadPrincipal(proto.principals(i), place.At("principals", i));
    if (condition) policy.principals.push_back(*std::move(condition));
  }
  if (proto.permissions().empty()) place.At("permissions").Refuse("at least one is needed");
  if (proto.principals().empty()) place.At("principals").Refuse("at least one is needed");
  return policy;
}

}  // namespace

Rules Rules::Read(const envoy::config::rbac::v3::RBAC& proto, const config::Place& place) {
  Rules rules;
  rules.action_ = proto.action();
  if (!envoy::config::rbac::v3::RBAC::Action_IsValid(rules.action_)) {
    place.At("action").Refuse(base::StrCat("unknown value ", static_cast<int>(rules.action_),
                                           "; known: ALLOW, DENY, LOG"));
  }
  for (const auto& [name, policy] : proto.policies()) {
    rules.policies_.push_back(ReadPolicy(name, policy, place.At("policies", name)));
  }
  std::sort(rules.policies_.begin(), rules.policies_.end(),
            [](const Policy& a, const Policy& b) { return a.name < b.name; });
  return rules;
}

Decision Rules::Decide(http::StreamView& stream) const {
  using envoy::config::rbac::v3::RBAC;
  const auto matched = std::find_if(policies_.begin(), policies_.end(), [&](const Policy& policy) {
    return AnyHolds(policy.permissions, stream) && AnyHolds(policy.principals, stream);
  });
  const bool is_match = matched != policies_.end();
  return {.is_allowed = action_ == RBAC::LOG || (action_ == RBAC::ALLOW) == is_match,
          .policy = is_match ? &*matched : nullptr};
}

}  // namespace outrigger::rbac
