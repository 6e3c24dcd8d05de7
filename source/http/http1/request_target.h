#pragma once

#include "source/http/http1/head_parser.h"
#include "source/http/http1/options.h"
#include "source/http/http1/refusal.h"

namespace outrigger::http::http1 {

// Fills head.target, scheme and Host from the request line (RFC 9112 3.2): origin form as it is,
// absolute form taken apart (its authority replaces Host), authority form for CONNECT, "*" for
// OPTIONS. head.method and head.headers are set; parsed.target is a view into the stream's arena.
// Exactly one Host is required; HTTP/1.0 may do with the configured default.
const Refusal* SetTarget(std::string_view target, const Options& options, RequestHead& head);

// RFC 3986 3.2.2 and 3.2.3, without userinfo: a name, an IPv4 address or [IPv6], and a port.
bool IsValidAuthority(std::string_view authority);

}  // namespace outrigger::http::http1
