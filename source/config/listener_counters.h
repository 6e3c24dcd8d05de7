#pragma once

#include <string_view>

#include "source/stats/store.h"

namespace outrigger::config {

// The `listener.<address>.*` statistics, with Envoy's names.
struct ListenerCounters {
  static ListenerCounters Declare(stats::Store& store, std::string_view stat_name);

  stats::GroupPtr group;
  stats::Counter downstream_cx_total;
  stats::Gauge downstream_cx_active;
  stats::Counter downstream_cx_destroy;
  stats::Counter downstream_cx_overflow;
  stats::Counter downstream_global_cx_overflow;
  stats::Counter downstream_pre_cx_timeout;  // listener filters were not done in time
  stats::Gauge downstream_pre_cx_active;     // listener filters look at them
  stats::Counter downstream_listener_filter_remote_close;
  stats::Counter downstream_listener_filter_error;  // a listener filter refused
  stats::Counter no_filter_chain_match;
  stats::Counter downstream_cx_transport_socket_connect_timeout;  // the handshake was not done
  // server_ssl_socket_factory.downstream_context_secrets_not_ready
  stats::Counter downstream_context_secrets_not_ready;
  stats::Counter downstream_cx_handshake_overflow;  // ours: too many handshakes at a time
  stats::Counter downstream_cx_outdated;  // ours: drained for their certificate was replaced
  stats::Counter handed_over;             // ours: to the listener of the original destination
  stats::Counter accept_error;            // ours: out of descriptors, or the like
};

}  // namespace outrigger::config
