#pragma once

#include "source/http/stream_summary.h"
#include "source/net/accepted.h"
#include "source/net/connection.h"

namespace outrigger::http {

// What is known of a client's connection: addresses, what listener filters found out (`arrival`;
// null: nothing), and its transport, which is past its handshake. All outlive the summary's use.
inline void DescribeClient(net::Connection& connection, const net::Arrival* arrival,
                           StreamSummary& summary) {
  summary.downstream_remote = &connection.peer_address();
  summary.downstream_local = &connection.local_address();
  summary.downstream_direct_remote = summary.downstream_remote;
  summary.downstream_transport = connection.transport();
  if (arrival == nullptr) return;
  if (arrival->direct_peer.family() != AF_UNSPEC) {
    summary.downstream_direct_remote = &arrival->direct_peer;
  }
  summary.is_local_restored = arrival->is_local_restored;
  summary.requested_server_name = arrival->server_name;
}

}  // namespace outrigger::http
