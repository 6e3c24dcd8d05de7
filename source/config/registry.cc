#include "source/config/registry.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "source/config/loading/near_names.h"

namespace outrigger::config {

using google::protobuf::Any;

absl::Status UnknownType(std::string_view what, const Any& config, std::vector<std::string> known) {
  const std::string type = loading::ResolvedTypeName(config);
  std::sort(known.begin(), known.end());
  if (type.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "must be given; known types of ", std::string(what), ": ", absl::StrJoin(known, ", ")));
  }
  return absl::InvalidArgumentError(absl::StrCat("unknown type of ", std::string(what), " \"", type,
                                                 "\"", loading::DidYouMean(type, known),
                                                 "; known: ", absl::StrJoin(known, ", ")));
}

bool Registry::KnowsHttpFilter(const Any& config) const { return filters_.Knows(config); }

bool Registry::KnowsRouteFilterConfig(const Any& config) const {
  return route_configs_.Knows(config);
}

absl::StatusOr<MadeFilter> Registry::MakeHttpFilter(const Any& config,
                                                    FactoryContext& context) const {
  return filters_.Make("HTTP filter", config, context);
}

absl::StatusOr<RouteFilterConfigPtr> Registry::MakeRouteFilterConfig(
    const Any& config, FactoryContext& context) const {
  return route_configs_.Make("per-route filter config", config, context);
}

absl::StatusOr<std::shared_ptr<const http::AccessLogger>> Registry::MakeAccessLogger(
    const Any& config, FactoryContext& context) const {
  return access_loggers_.Make("access logger", config, context);
}

}  // namespace outrigger::config
