#pragma once

#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

#include <google/protobuf/any.pb.h>
#include "absl/status/statusor.h"
#include "source/base/clock.h"
#include "source/config/connection_registry.h"
#include "source/config/makers.h"
#include "source/config/server_health.h"
#include "source/http/access_logger.h"
#include "source/http/filter.h"
#include "source/stats/store.h"

namespace outrigger::config {

class AccessLogFiles;  // where access loggers get their files: extensions/access_loggers
class RuntimeValues;

// What a factory may use. Five getters; another needs a page in docs/decisions.
class FactoryContext {
 public:
  FactoryContext(
      const base::Clock& clock, stats::Store& stats, std::string_view stat_prefix,
      const RuntimeValues& runtime,
      std::shared_ptr<const ServerHealth> health = std::make_shared<const ServerHealth>())
      : clock_(clock),
        stats_(stats),
        stat_prefix_(stat_prefix),
        runtime_(runtime),
        health_(std::move(health)) {}
  const base::Clock& clock() const { return clock_; }
  stats::Store& stats() const { return stats_; }
  // Of the connection manager that the filter serves, as in `http.<stat_prefix>.`.
  std::string_view stat_prefix() const { return stat_prefix_; }
  // What a runtime_key may stand for; asked while the configuration is compiled, not per request.
  const RuntimeValues& runtime() const { return runtime_; }
  // Whether the proxy is to fail health checks; may be kept and asked on any thread.
  const std::shared_ptr<const ServerHealth>& health() const { return health_; }

 private:
  const base::Clock& clock_;
  stats::Store& stats_;
  std::string_view stat_prefix_;
  const RuntimeValues& runtime_;
  const std::shared_ptr<const ServerHealth> health_;
};

// One HTTP filter of a chain, made from its configuration; either an ordinary filter or the
// terminal (the router), which stands last.
struct MadeFilter {
  http::HttpFilterFactory filter;
  http::BodyMode body_mode = http::BodyMode::kStream;
  http::TerminalFactory terminal;
};
using RouteFilterConfigPtr = std::shared_ptr<const http::RouteFilterConfig>;

// Everything that is compiled into this binary and chosen by a type URL. Filled once by
// main/register_extensions.cc: an explicit list, no static initialisers.
// Owner: the server.  Thread: filled on the main thread, then read from any.
class Registry {
 public:
  // `create`: absl::StatusOr<MadeFilter or HttpFilterFactory>(const Config&, FactoryContext&).
  template <typename Config, typename Create>
  void AddHttpFilter(std::string_view name, Create create);
  template <typename Config, typename Create>
  void AddHttpTerminal(std::string_view name, Create create);
  // Configuration of a filter in a route's typed_per_filter_config.
  // `create`: absl::StatusOr<RouteFilterConfigPtr>(const Config&, FactoryContext&).
  template <typename Config, typename Create>
  void AddRouteFilterConfig(Create create);
  // `create`: absl::StatusOr<std::shared_ptr<const http::AccessLogger>>(const Config&,
  // FactoryContext&).
  template <typename Config, typename Create>
  void AddAccessLogger(Create create);

  // Whether a type is compiled in: what is_optional asks.
  bool KnowsHttpFilter(const google::protobuf::Any& config) const;
  bool KnowsRouteFilterConfig(const google::protobuf::Any& config) const;

  // By the type inside the Any (or inside its TypedStruct). Unknown types are refused with the
  // list of the known ones.
  absl::StatusOr<MadeFilter> MakeHttpFilter(const google::protobuf::Any& config,
                                            FactoryContext& context) const;
  absl::StatusOr<RouteFilterConfigPtr> MakeRouteFilterConfig(const google::protobuf::Any& config,
                                                             FactoryContext& context) const;
  absl::StatusOr<std::shared_ptr<const http::AccessLogger>> MakeAccessLogger(
      const google::protobuf::Any& config, FactoryContext& context) const;

  // What connections meet before they are HTTP, or instead.
  ConnectionRegistry& connections() { return connections_; }
  const ConnectionRegistry& connections() const { return connections_; }

 private:
  Makers<MadeFilter, FactoryContext> filters_;
  Makers<RouteFilterConfigPtr, FactoryContext> route_configs_;
  Makers<std::shared_ptr<const http::AccessLogger>, FactoryContext> access_loggers_;
  ConnectionRegistry connections_;
};

template <typename Config, typename Create>
void Registry::AddHttpFilter(std::string_view, Create create) {
  filters_.Add<Config>(
      [create](const Config& config, FactoryContext& context) -> absl::StatusOr<MadeFilter> {
        auto made = create(config, context);
        if constexpr (std::is_same_v<decltype(made), absl::StatusOr<MadeFilter>>) {
          return made;
        } else {
          if (!made.ok()) return made.status();
          return MadeFilter{.filter = *std::move(made)};
        }
      });
}

template <typename Config, typename Create>
void Registry::AddHttpTerminal(std::string_view, Create create) {
  filters_.Add<Config>(
      [create](const Config& config, FactoryContext& context) -> absl::StatusOr<MadeFilter> {
        absl::StatusOr<http::TerminalFactory> factory = create(config, context);
        if (!factory.ok()) return factory.status();
        return MadeFilter{.terminal = *std::move(factory)};
      });
}

template <typename Config, typename Create>
void Registry::AddRouteFilterConfig(Create create) {
  route_configs_.Add<Config>(create);
}

template <typename Config, typename Create>
void Registry::AddAccessLogger(Create create) {
  access_loggers_.Add<Config>(create);
}

}  // namespace outrigger::config
