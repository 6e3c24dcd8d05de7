#include "source/extensions/http_filters/router/router.h"

#include <memory>

#include "source/base/text.h"
#include "source/extensions/http_filters/router/options.h"
#include "source/extensions/http_filters/router/router_stream.h"

namespace outrigger::router {

absl::StatusOr<http::TerminalFactory> Create(
    const envoy::extensions::filters::http::router::v3::Router& config,
    config::FactoryContext& context) {
  auto options = std::make_shared<RouterOptions>();
  options->counters = RouterCounters::Declare(context.stats(), context.stat_prefix());
  options->suppress_envoy_headers = config.suppress_envoy_headers();
  options->respect_expected_timeout = config.respect_expected_rq_timeout();
  // The chain that holds the factory outlives its streams.
  return [options = std::shared_ptr<const RouterOptions>(std::move(options))](
             http::ResponseSink& sink) -> std::unique_ptr<http::Terminal> {
    return std::make_unique<RouterStream>(*options, sink);
  };
}

}  // namespace outrigger::router
