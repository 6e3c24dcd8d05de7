#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "source/base/clock.h"
#include "source/config/listener_counters.h"
#include "source/downstream/http_options.h"
#include "source/http/access_logger.h"
#include "source/net/address.h"
#include "source/net/tls/context_plan.h"
#include "source/net/transport.h"
#include "source/route/route_table.h"
#include "source/tcp/chain_table.h"
#include "source/tcp/listener_filter.h"
#include "source/tcp/session.h"

namespace outrigger::config {

// Where a connection manager's routes come from: a table in the listener, or RDS by name.
struct RouteSource {
  std::shared_ptr<const route::RouteTable> inline_table;  // null: rds_name
  std::string rds_name;
  base::Milliseconds initial_fetch_timeout{15000};  // 0: wait for ever
};

// What happens to the connections of one filter chain: a connection manager, or a network filter
// that makes sessions. Immutable, but for being filled.
struct FilterChainSpec {
  std::string name;  // may be empty
  // What it is known by through the listener's updates: its name, or what it matches.
  std::string key;
  uint64_t fingerprint = 0;  // equal: means the same

  std::shared_ptr<const net::ServerTransports> transports;  // null: plain bytes
  std::shared_ptr<const net::tls::ContextPlan> tls_plan;    // null: nothing to wait for
  base::Milliseconds handshake_timeout{15000};              // from the choice of the chain; 0: none
  std::shared_ptr<const downstream::HttpOptions> http;      // null: `session`
  RouteSource routes;
  tcp::SessionFactory session;
  tcp::SessionLimits session_limits;
  std::vector<std::string> session_clusters;
};
using FilterChainPtr = std::shared_ptr<const FilterChainSpec>;

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
  // use_original_dst: connections go to the listener of the address they were meant for.
  bool hands_over = false;
  std::string stat_name;  // stat_prefix or the address, for `listener.<...>.`
  ListenerCounters counters;
  // Told of every connection when it is over.
  std::vector<std::shared_ptr<const http::AccessLogger>> access_loggers;

  // What looks at connections first; null: nothing.
  tcp::ListenerFilters filters;
  base::Milliseconds filters_timeout{15000};  // 0: none
  bool continues_after_timeout = false;

  // `chains[i]` is the chain that `table` calls i. Without a match, default_chain; without that,
  // the connection is closed.
  std::vector<FilterChainPtr> chains;
  tcp::ChainTable table;
  FilterChainPtr default_chain;
  // Whatever the connection, it gets this chain: nothing need be known of it. Null: `table` says.
  FilterChainPtr only_chain;

  // `chains`, then default_chain if there is one.
  std::vector<FilterChainPtr> AllChains() const {
    std::vector<FilterChainPtr> all = chains;
    if (default_chain != nullptr) all.push_back(default_chain);
    return all;
  }
  // Names of the route tables that come by RDS, without repetition.
  std::vector<std::string> RdsNames() const;
  // Whether the listener itself names the cluster: in routes that it holds, or in a session's
  // configuration.
  bool NamesCluster(const std::string& cluster) const;

  // Equal fingerprints: the two mean the same (canonical form of the proto). `socket` covers only
  // what needs new sockets.
  uint64_t fingerprint = 0;
  uint64_t socket_fingerprint = 0;
};

// A listener of one connection manager that takes every connection.
void SetOnlyChain(ListenerSpec& spec, FilterChainSpec chain);

}  // namespace outrigger::config
