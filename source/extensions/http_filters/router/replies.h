#pragma once

#include "source/http/filter.h"
#include "source/http/head.h"
#include "source/route/route.h"

// The answers that need no upstream.
namespace outrigger::router {

http::LocalReply NoRouteReply();
http::LocalReply NoClusterReply(const route::ForwardAction& forward);
// Of a route that redirects or responds by itself.
http::LocalReply ImmediateReply(const route::Route& route, const http::RequestHead& head);
http::LocalReply MaxDurationReply(bool is_request_complete);

}  // namespace outrigger::router
