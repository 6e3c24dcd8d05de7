#include "source/main/register_extensions.h"

#include "source/extensions/access_loggers/file_logger.h"
#include "source/extensions/http_filters/grpc_json_transcoder/grpc_json_transcoder.h"
#include "source/extensions/http_filters/local_ratelimit/local_ratelimit.h"
#include "source/extensions/http_filters/rbac/rbac.h"
#include "source/extensions/http_filters/router/router.h"

namespace outrigger::main {

void RegisterExtensions(config::Registry& registry, access_loggers::LogFiles& log_files) {
  // HTTP filters.
  registry.AddHttpFilter<grpc_json_transcoder::Config>("grpc_json_transcoder",
                                                       &grpc_json_transcoder::Create);
  registry.AddHttpFilter<local_ratelimit::Config>("local_ratelimit", &local_ratelimit::Create);
  registry.AddHttpFilter<rbac::Config>("rbac", &rbac::Create);

  // What a route may say for a filter.
  registry.AddRouteFilterConfig<grpc_json_transcoder::Config>(
      &grpc_json_transcoder::CreateForRoute);
  registry.AddRouteFilterConfig<local_ratelimit::Config>(&local_ratelimit::CreateForRoute);
  registry.AddRouteFilterConfig<rbac::RouteConfig>(&rbac::CreateForRoute);

  // What a filter chain may end in.
  registry.AddHttpTerminal<envoy::extensions::filters::http::router::v3::Router>("router",
                                                                                 &router::Create);

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
