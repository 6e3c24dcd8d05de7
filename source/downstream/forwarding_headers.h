#pragma once

#include <string_view>

#include "absl/random/random.h"
#include "source/downstream/http_options.h"
#include "source/http/head.h"
#include "source/net/address.h"

namespace outrigger::downstream {

// The addresses of one request.
struct Forwarded {
  net::Address remote;       // the client as we believe it after the x-forwarded-for rules
  bool is_internal = false;  // by internal_address_config
};

// Applies Envoy's rules for what a client says about itself: decides the remote address,
// appends x-forwarded-for, sets x-forwarded-proto, x-forwarded-port, x-envoy-internal,
// x-envoy-external-address, x-request-id and via, and takes the x-envoy-* controls from strangers.
// `peer` is the socket's other side. The added values live in the head's arena.
Forwarded ApplyForwardingHeaders(http::RequestHead& head, const ForwardingOptions& options,
                                 const net::Address& peer, const net::Address& local,
                                 std::string_view scheme, absl::InsecureBitGen& random);

// The response side: server, via, date (`http_date` is the worker's cached text), x-request-id.
void ApplyResponseHeaders(http::ResponseHead& head, const http::RequestHead& request,
                          const ForwardingOptions& options, std::string_view http_date);

}  // namespace outrigger::downstream
