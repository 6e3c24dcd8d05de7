#include "source/config/registry.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "source/config/loading/near_names.h"

namespace outrigger::config {
namespace {

using google::protobuf::Any;

template <typename Makers, typename Context>
auto Make(const Makers& makers, std::string_view what, const Any& config, Context& context)
    -> decltype(makers.begin()->second(config, context)) {
  const std::string type = loading::ResolvedTypeName(config);
  const auto found = makers.find(type);
  if (found != makers.end()) return found->second(config, context);
  std::vector<std::string> known;
  for (const auto& [name, maker] : makers) known.push_back(name);
  std::sort(known.begin(), known.end());
  if (type.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "must be given; known types of ", std::string(what), ": ", absl::StrJoin(known, ", ")));
  }
  return absl::InvalidArgumentError(absl::StrCat("unknown type of ", std::string(what), " \"", type,
                                                 "\"", loading::DidYouMean(type, known),
                                                 "; known: ", absl::StrJoin(known, ", ")));
}

}  // namespace

bool Registry::KnowsHttpFilter(const Any& config) const {
  return filters_.contains(loading::ResolvedTypeName(config));
}

bool Registry::KnowsRouteFilterConfig(const Any& config) const {
  return route_configs_.contains(loading::ResolvedTypeName(config));
}

absl::StatusOr<MadeFilter> Registry::MakeHttpFilter(const Any& config,
                                                    FactoryContext& context) const {
  return Make(filters_, "HTTP filter", config, context);
}

absl::StatusOr<RouteFilterConfigPtr> Registry::MakeRouteFilterConfig(
    const Any& config, FactoryContext& context) const {
  return Make(route_configs_, "per-route filter config", config, context);
}

absl::StatusOr<std::shared_ptr<const http::AccessLogger>> Registry::MakeAccessLogger(
    const Any& config, FactoryContext& context) const {
  return Make(access_loggers_, "access logger", config, context);
}

absl::StatusOr<MadeNetworkFilter> Registry::MakeNetworkFilter(const Any& config,
                                                              NetworkContext& context) const {
  return Make(network_filters_, "network filter", config, context);
}

absl::StatusOr<tcp::ListenerFilterFactory> Registry::MakeListenerFilter(
    const Any& config, FactoryContext& context) const {
  return Make(listener_filters_, "listener filter", config, context);
}

}  // namespace outrigger::config
