#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "source/http/head.h"
#include "source/route/route.h"

namespace outrigger::route {

struct VirtualHostSpec {
  std::string name;
  std::vector<std::string> domains;  // exact, "*.suffix", "prefix.*", "*"
  std::vector<RouteSpec> routes;
  HeaderEdits request_edits, response_edits;
  FilterConfigs filter_configs;
  RateLimits rate_limits;
  bool include_attempt_count_in_request = false;
  bool include_attempt_count_in_response = false;
  using RequireTls = route::RequireTls;
  RequireTls require_tls = RequireTls::kNone;
};

struct RouteTableSpec {
  std::string name;
  std::vector<VirtualHostSpec> virtual_hosts;
  HeaderEdits request_edits, response_edits;
  FilterConfigs filter_configs;
  bool ignore_port_in_host = false;
  bool most_specific_edits_win = false;
};

// All virtual hosts and routes of one route configuration, compiled: the domain by hash (exact,
// then the longest suffix, then the longest prefix, then "*"), the path by one walk whose cost does
// not grow with the number of routes. The result is always what a search from the first route to
// the last would give: first match wins.
// Immutable after Compile; shared by all threads.
class RouteTable {
 public:
  // Errors name the virtual host, the route and the field.
  static absl::StatusOr<std::shared_ptr<const RouteTable>> Compile(RouteTableSpec spec);
  ~RouteTable();

  // The first route that matches, or null. Lives as long as the table.
  const Route* Find(const MatchInput& input) const;
  const VirtualHost* FindVirtualHost(std::string_view authority) const;
  const std::string& name() const;
  // The clusters that its routes name; `cluster_header` may lead to others.
  const absl::flat_hash_set<std::string>& clusters() const;

 private:
  class Compiled;
  explicit RouteTable(std::unique_ptr<const Compiled> compiled);
  std::unique_ptr<const Compiled> compiled_;
};

}  // namespace outrigger::route
