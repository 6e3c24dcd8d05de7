#pragma once

#include <memory>
#include <string>
#include <vector>

#include "envoy/extensions/access_loggers/stream/v3/stream.pb.h"
#include "envoy/extensions/filters/http/router/v3/router.pb.h"
#include "envoy/type/v3/percent.pb.h"
#include "gtest/gtest.h"
#include "source/config/compile.h"

namespace outrigger::config {

// A logger that keeps what it was shown.
class StatusLogger final : public http::AccessLogger {
 public:
  explicit StatusLogger(std::vector<int>& statuses) : statuses_(statuses) {}
  void Log(const http::StreamSummary& summary) const override {
    statuses_.push_back(summary.response == nullptr ? 0 : summary.response->status);
  }

 private:
  std::vector<int>& statuses_;
};

// A compiler whose registry knows the Router as a chain's end, Percent as an ordinary filter, and
// StdoutAccessLog as a logger into `logged`.
struct Workshop {
  explicit Workshop(CompileEnvironment environment = {})
      : compiler(registry, clock, stats, names, Warning(std::move(environment))) {
    registry.AddHttpTerminal<envoy::extensions::filters::http::router::v3::Router>(
        "router", [](const auto&, FactoryContext&) -> absl::StatusOr<http::TerminalFactory> {
          return http::TerminalFactory(
              [](http::ResponseSink&) { return std::unique_ptr<http::Terminal>(); });
        });
    registry.AddHttpFilter<envoy::type::v3::Percent>(
        "percent",
        [](const auto& config, FactoryContext&) -> absl::StatusOr<http::HttpFilterFactory> {
          if (config.value() == 13) return absl::InvalidArgumentError("value: 13 is unlucky");
          return http::HttpFilterFactory(
              [](http::FilterStream&) { return std::unique_ptr<http::HttpFilter>(); });
        });
    registry.AddAccessLogger<envoy::extensions::access_loggers::stream::v3::StdoutAccessLog>(
        [this](const auto&,
               FactoryContext&) -> absl::StatusOr<std::shared_ptr<const http::AccessLogger>> {
          return std::make_shared<const StatusLogger>(logged);
        });
  }

  CompileEnvironment Warning(CompileEnvironment environment) {
    environment.warn = [this](const std::string& line) { warnings.push_back(line); };
    return environment;
  }

  Registry registry;
  base::ManualClock clock;
  stats::Store stats;
  upstream::ClusterNames names;
  std::vector<std::string> warnings;
  std::vector<int> logged;
  Compiler compiler;
};

}  // namespace outrigger::config
