#pragma once

#include <string_view>

#include "source/http/head.h"
#include "source/upstream/cluster_spec.h"

namespace outrigger::upstream {

// The name that the cluster makes a connection for (auto_sni, auto_san_validation): the host that
// the request asks for, or what auto_sni_header has, in lower case, without its port, the brackets
// of an IPv6 address and the dot behind a full name. Empty: the cluster asks for none, or it is
// none: RFC 1035 2.3.4 allows 253 bytes. Lives in the head's arena.
std::string_view HostName(const ClusterSpec& cluster, http::RequestHead& head);

}  // namespace outrigger::upstream
