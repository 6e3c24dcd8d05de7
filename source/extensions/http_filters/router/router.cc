#include "source/extensions/http_filters/router/router.h"

#include <memory>

#include "source/base/text.h"
#include "source/extensions/http_filters/router/options.h"
#include "source/extensions/http_filters/router/router_stream.h"
#include "source/extensions/http_filters/router/strict_headers.h"

namespace outrigger::router {

absl::StatusOr<http::TerminalFactory> Create(
    const envoy::extensions::filters::http::router::v3::Router& config,
    config::FactoryContext& context) {
  auto options = std::make_shared<RouterOptions>();
  options->counters = RouterCounters::Declare(context.stats(), context.stat_prefix());
  options->suppress_envoy_headers = config.suppress_envoy_headers();
  options->respect_expected_timeout = config.respect_expected_rq_timeout();
  options->counts_responses = !config.has_dynamic_stats() || config.dynamic_stats().value();
  options->counts_grpc_by_http_status = config.suppress_grpc_request_failure_code_stats();
  for (int i = 0; i < config.strict_check_headers_size(); ++i) {
    absl::StatusOr<uint32_t> bit = StrictHeaderBit(config.strict_check_headers(i));
    if (!bit.ok()) {
      return base::InvalidArgument("strict_check_headers[", i,
                                   "]: ", base::StdView(bit.status().message()));
    }
    options->strict_headers |= *bit;
  }
  // The chain that holds the factory outlives its streams.
  return [options = std::shared_ptr<const RouterOptions>(std::move(options))](
             http::ResponseSink& sink) -> std::unique_ptr<http::Terminal> {
    return std::make_unique<RouterStream>(*options, sink);
  };
}

}  // namespace outrigger::router
