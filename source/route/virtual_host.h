#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source/http/filter.h"
#include "source/route/header_edits.h"
#include "source/route/rate_limit.h"

namespace outrigger::route {

// What one level of the configuration says about one filter of the chain.
struct FilterConfig {
  std::string filter_name;
  std::shared_ptr<const http::RouteFilterConfig> config;  // may be null
  bool disabled = false;
};
using FilterConfigs = std::vector<FilterConfig>;

// Null when the level does not name the filter.
const FilterConfig* FindFilterConfig(const FilterConfigs& configs, std::string_view filter_name);

// What a route table says for all its routes. Immutable; part of its table.
struct TableSettings {
  std::string name;
  HeaderEdits request_edits, response_edits;
  FilterConfigs filter_configs;
  // Edits of the table, the virtual host, the route, in this order, so that the route's are done
  // last; otherwise the other way round.
  bool most_specific_edits_win = false;
};

enum class RequireTls : uint8_t { kNone, kExternalOnly, kAll };

// What a virtual host says for all its routes.
struct VirtualHostSettings {
  std::string name;
  HeaderEdits request_edits, response_edits;
  FilterConfigs filter_configs;
  RateLimits rate_limits;
  bool include_attempt_count_in_request = false;
  bool include_attempt_count_in_response = false;
  RequireTls require_tls = RequireTls::kNone;
};

// A virtual host as its routes see it. Immutable; lives in its RouteTable.
class VirtualHost {
 public:
  VirtualHost(VirtualHostSettings settings, const TableSettings& table)
      : spec_(std::move(settings)), table_(table) {}
  VirtualHost(const VirtualHost&) = delete;
  VirtualHost& operator=(const VirtualHost&) = delete;

  const std::string& name() const { return spec_.name; }
  const VirtualHostSettings& spec() const { return spec_; }
  const TableSettings& table() const { return table_; }

 private:
  const VirtualHostSettings spec_;
  const TableSettings& table_;
};

}  // namespace outrigger::route
