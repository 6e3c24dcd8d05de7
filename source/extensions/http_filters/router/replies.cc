#include "source/extensions/http_filters/router/replies.h"

#include "source/http/grpc/status.h"
#include "source/route/rewrite.h"

namespace outrigger::router {

http::LocalReply NoRouteReply() {
  return {.status = 404, .detail = "route_not_found", .flag = http::ResponseFlag::kNoRouteFound};
}

http::LocalReply NoClusterReply(const route::ForwardAction& forward) {
  return {.status = forward.cluster_not_found_status,
          .detail = "cluster_not_found",
          .flag = http::ResponseFlag::kNoClusterFound};
}

http::LocalReply ImmediateReply(const route::Route& route, const http::RequestHead& head) {
  http::LocalReply reply{.detail = "direct_response"};
  const route::RouteSpec& spec = route.spec();
  if (const auto* redirect = std::get_if<route::RedirectAction>(&spec.action)) {
    reply.status = redirect->status;
    reply.headers.emplace_back("location", route::RedirectLocation(spec.path, *redirect, head));
  } else if (const auto* direct = std::get_if<route::DirectResponse>(&spec.action)) {
    reply.status = direct->status;
    reply.body = direct->body;
  }
  return reply;
}

http::LocalReply MaxDurationReply(bool is_request_complete) {
  return {.status = is_request_complete ? 504 : 408,
          .detail = "max_duration_timeout",
          .body = "downstream duration timeout",
          .grpc_status = static_cast<int>(http::grpc::Code::kDeadlineExceeded)};
}

}  // namespace outrigger::router
