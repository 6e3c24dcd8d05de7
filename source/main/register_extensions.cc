#include "source/main/register_extensions.h"

#include "source/extensions/access_loggers/file_logger.h"
#include "source/extensions/http_filters/cors/cors.h"
#include "source/extensions/http_filters/fault/fault.h"
#include "source/extensions/http_filters/grpc_http1_bridge/grpc_http1_bridge.h"
#include "source/extensions/http_filters/grpc_http1_reverse_bridge/grpc_http1_reverse_bridge.h"
#include "source/extensions/http_filters/grpc_json_transcoder/grpc_json_transcoder.h"
#include "source/extensions/http_filters/grpc_stats/grpc_stats.h"
#include "source/extensions/http_filters/grpc_web/grpc_web.h"
#include "source/extensions/http_filters/health_check/health_check.h"
#include "source/extensions/http_filters/local_ratelimit/local_ratelimit.h"
#include "source/extensions/http_filters/rbac/rbac.h"
#include "source/extensions/http_filters/router/router.h"
#include "source/extensions/listener_filters/http_inspector/http_inspector.h"
#include "source/extensions/listener_filters/original_dst/original_dst.h"
#include "source/extensions/listener_filters/proxy_protocol/proxy_protocol.h"
#include "source/extensions/listener_filters/tls_inspector/tls_inspector.h"
#include "source/extensions/network_filters/direct_response/direct_response.h"
#include "source/extensions/network_filters/echo/echo.h"
#include "source/extensions/network_filters/tcp_proxy/tcp_proxy.h"

namespace outrigger::main {

void RegisterExtensions(config::Registry& registry, access_loggers::LogFiles& log_files) {
  // HTTP filters.
  registry.AddHttpFilter<cors::Config>("cors", &cors::Create);
  registry.AddHttpFilter<fault::Config>("fault", &fault::Create);
  registry.AddHttpFilter<grpc_http1_bridge::Config>("grpc_http1_bridge",
                                                    &grpc_http1_bridge::Create);
  registry.AddHttpFilter<grpc_http1_reverse_bridge::Config>("grpc_http1_reverse_bridge",
                                                            &grpc_http1_reverse_bridge::Create);
  registry.AddHttpFilter<grpc_json_transcoder::Config>("grpc_json_transcoder",
                                                       &grpc_json_transcoder::Create);
  registry.AddHttpFilter<grpc_stats::Config>("grpc_stats", &grpc_stats::Create);
  registry.AddHttpFilter<grpc_web::Config>("grpc_web", &grpc_web::Create);
  registry.AddHttpFilter<health_check::Config>("health_check", &health_check::Create);
  registry.AddHttpFilter<local_ratelimit::Config>("local_ratelimit", &local_ratelimit::Create);
  registry.AddHttpFilter<rbac::Config>("rbac", &rbac::Create);

  // What a route may say for a filter.
  registry.AddRouteFilterConfig<cors::RouteConfig>(&cors::CreateForRoute);
  registry.AddRouteFilterConfig<fault::Config>(&fault::CreateForRoute);
  registry.AddRouteFilterConfig<grpc_http1_reverse_bridge::RouteConfig>(
      &grpc_http1_reverse_bridge::CreateForRoute);
  registry.AddRouteFilterConfig<grpc_json_transcoder::Config>(
      &grpc_json_transcoder::CreateForRoute);
  registry.AddRouteFilterConfig<local_ratelimit::Config>(&local_ratelimit::CreateForRoute);
  registry.AddRouteFilterConfig<rbac::RouteConfig>(&rbac::CreateForRoute);

  // What a filter chain may end in.
  registry.AddHttpTerminal<envoy::extensions::filters::http::router::v3::Router>("router",
                                                                                 &router::Create);

  // What looks at a connection before its filter chain is chosen.
  registry.connections().AddListenerFilter<http_inspector::Config>(&http_inspector::Create);
  registry.connections().AddListenerFilter<original_dst::Config>(&original_dst::Create);
  registry.connections().AddListenerFilter<proxy_protocol::Config>(&proxy_protocol::Create);
  registry.connections().AddListenerFilter<tls_inspector::Config>(&tls_inspector::Create);

  // What a network filter chain may end in, beside the HTTP connection manager.
  registry.connections().AddNetworkFilter<direct_response::Config>(&direct_response::Create);
  registry.connections().AddNetworkFilter<echo::Config>(&echo::Create);
  registry.connections().AddNetworkFilter<tcp_proxy::Config>(&tcp_proxy::Create);

  // Access loggers.
  registry.AddAccessLogger<access_loggers::FileAccessLog>(
      [&log_files](const auto& config, config::FactoryContext&) {
        return access_loggers::CreateFileLogger(config, log_files);
      });
  registry.AddAccessLogger<access_loggers::StdoutAccessLog>(
      [&log_files](const auto& config, config::FactoryContext&) {
        return access_loggers::CreateStdoutLogger(config, log_files);
      });
  registry.AddAccessLogger<access_loggers::StderrAccessLog>(
      [&log_files](const auto& config, config::FactoryContext&) {
        return access_loggers::CreateStderrLogger(config, log_files);
      });
}

}  // namespace outrigger::main
