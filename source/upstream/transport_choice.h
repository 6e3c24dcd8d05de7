#pragma once

#include <memory>
#include <string>

#include "source/net/tls/context_plan.h"
#include "source/net/transport.h"
#include "source/upstream/endpoint_labels.h"

namespace outrigger::upstream {

// What lies between the sockets to endpoints and what is spoken there: a cluster's own transport
// socket, or one of its transport_socket_matches. Immutable.
struct TransportChoice {
  std::string name;  // of a match, for people
  Labels match;      // what an endpoint must say; empty: anything
  std::shared_ptr<const net::ClientTransports> transports;  // null: plain bytes
  std::shared_ptr<const net::tls::ContextPlan> plan;        // null: nothing to wait for
  std::string server_name;                                  // SNI of the configuration
  bool uses_hostname = false;         // auto_host_sni: the endpoint's hostname instead
  bool verifies_server_name = false;  // auto_sni_san_validation
  // alpn_protocols is given. Without it HTTP connections offer what they can speak, and connections
  // that are not HTTP nothing.
  bool names_protocols = false;
};

}  // namespace outrigger::upstream
