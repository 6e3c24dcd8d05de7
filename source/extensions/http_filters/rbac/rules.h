#pragma once

#include <functional>
#include <string>
#include <vector>

#include "envoy/config/rbac/v3/rbac.pb.h"
#include "source/config/place.h"
#include "source/http/filter.h"

namespace outrigger::rbac {

// Whether something holds for one request.
using Condition = std::function<bool(http::StreamView&)>;

// A named policy: it matches when one permission and one principal hold.
struct Policy {
  std::string name;
  std::string denial;  // %RESPONSE_CODE_DETAILS% of what it denies
  std::vector<Condition> permissions;
  std::vector<Condition> principals;
};

// What the rules say of one request.
struct Decision {
  bool is_allowed = true;
  const Policy* policy = nullptr;  // the first that matched, by name; null: none did
};

// Compiled envoy.config.rbac.v3.RBAC. Immutable; any thread.
// ALLOW lets pass what a policy matches, DENY what none does, LOG everything.
class Rules {
 public:
  // What is wrong is refused below `place`.
  static Rules Read(const envoy::config::rbac::v3::RBAC& rules, const config::Place& place);
  Decision Decide(http::StreamView& stream) const;

 private:
  envoy::config::rbac::v3::RBAC::Action action_ = envoy::config::rbac::v3::RBAC::ALLOW;
  std::vector<Policy> policies_;  // by name
};

}  // namespace outrigger::rbac
