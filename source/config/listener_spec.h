#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "source/base/clock.h"
#include "source/config/listener_counters.h"
#include "source/downstream/http_options.h"
#include "source/net/address.h"
#include "source/route/route_table.h"

namespace outrigger::config {

// Where a connection manager's routes come from: a table in the listener, or RDS by name.
struct RouteSource {
  std::shared_ptr<const route::RouteTable> inline_table;  // null: rds_name
  std::string rds_name;
  base::Milliseconds initial_fetch_timeout{15000};  // 0: wait for ever
};

// One listener, compiled from envoy.config.listener.v3.Listener. Immutable.
struct ListenerSpec {
  std::string name;
  std::vector<net::Address> addresses;  // the first, then additional_addresses
  bool bind_to_port = true;
  bool reuse_port = true;
  int backlog = 4096;
  uint32_t unix_mode = 0;  // of a Unix socket's file; 0 leaves it
  uint32_t max_accepts_per_event = 64;
  bool ignores_global_limit = false;
  enum class Direction : uint8_t {
    kUnspecified,
    kInbound,
    kOutbound
  } direction = Direction::kUnspecified;
  bool drains_on_health_check_fail = true;  // drain_type DEFAULT
  std::string stat_name;                    // stat_prefix or the address, for `listener.<...>.`
  ListenerCounters counters;
  std::shared_ptr<const downstream::HttpOptions> http;
  RouteSource routes;
  // Equal fingerprints: the two mean the same (canonical form of the proto). `socket` covers only
  // what needs new sockets.
  uint64_t fingerprint = 0;
  uint64_t socket_fingerprint = 0;
};

}  // namespace outrigger::config
