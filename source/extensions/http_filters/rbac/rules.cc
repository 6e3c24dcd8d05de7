#include "source/extensions/http_filters/rbac/rules.h"

#include <algorithm>
#include <utility>

#include "source/base/text.h"
#include "source/extensions/http_filters/rbac/conditions.h"

namespace outrigger::rbac {
namespace {

bool AnyHolds(const std::vector<Condition>& conditions, http::StreamView& stream) {
  return std::any_of(conditions.begin(), conditions.end(),
                     [&](const Condition& condition) { return condition(stream); });
}

absl::StatusOr<Policy> CompilePolicy(const std::string& name,
                                     const envoy::config::rbac::v3::Policy& proto) {
  Policy policy{.name = name};
  for (int i = 0; i < proto.permissions_size(); ++i) {
    auto condition = CompilePermission(proto.permissions(i));
    if (!condition.ok()) return Within(base::StrCat("permissions[", i, "]"), condition.status());
    policy.permissions.push_back(*std::move(condition));
  }
  for (int i = 0; i < proto.principals_size(); ++i) {
    auto condition = CompilePrincipal(proto.principals(i));
    if (!condition.ok()) return Within(base::StrCat("principals[", i, "]"), condition.status());
    policy.principals.push_back(*std::move(condition));
  }
  if (policy.permissions.empty()) return base::InvalidArgument("permissions: at least one is needed");
  if (policy.principals.empty()) return base::InvalidArgument("principals: at least one is needed");
  return policy;
}

}  // namespace

absl::StatusOr<Rules> Rules::Compile(const envoy::config::rbac::v3::RBAC& proto) {
  Rules rules;
  rules.action_ = proto.action();
  for (const auto& [name, policy] : proto.policies()) {
    auto compiled = CompilePolicy(name, policy);
    if (!compiled.ok()) return Within(base::StrCat("policies[\"", name, "\"]"), compiled.status());
    rules.policies_.push_back(*std::move(compiled));
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
          .policy = is_match ? &matched->name : nullptr};
}

}  // namespace outrigger::rbac
