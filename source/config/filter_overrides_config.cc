#include "source/config/filter_overrides_config.h"

#include <algorithm>
#include <utility>

#include "envoy/config/route/v3/route_components.pb.h"
#include "source/base/text.h"
#include "source/config/field_values.h"
#include "source/config/loading/unpack_any.h"

namespace outrigger::config {
namespace {

using google::protobuf::Any;
using ProtoFilterConfig = envoy::config::route::v3::FilterConfig;

// False: left out, or refused.
bool Make(const Any& any, bool is_optional, const RouteContext& context, route::FilterConfig& made,
          const Place& place) {
  if (is_optional && !context.registry.KnowsRouteFilterConfig(any)) {
    if (context.environment.warn) {
      context.environment.warn(base::StrCat(place.ToString(), ": left out, type \"",
                                            loading::ResolvedTypeName(any), "\" is not known"));
    }
    return false;
  }
  absl::StatusOr<RouteFilterConfigPtr> config =
      context.registry.MakeRouteFilterConfig(any, context.factories);
  if (!config.ok()) {
    place.Refuse(config.status());
    return false;
  }
  made.config = *std::move(config);
  return true;
}

}  // namespace

route::FilterConfigs ReadFilterOverrides(const google::protobuf::Map<std::string, Any>& overrides,
                                         const RouteContext& context, const Place& place) {
  route::FilterConfigs configs;
  for (const auto& [name, any] : overrides) {
    const Place at = place.At("typed_per_filter_config", name);
    route::FilterConfig made{.filter_name = name};
    if (loading::ResolvedTypeName(any) != ProtoFilterConfig::descriptor()->full_name()) {
      if (Make(any, false, context, made, at)) configs.push_back(std::move(made));
      continue;
    }
    ProtoFilterConfig wrapper;
    if (!Unpack(any, wrapper, at)) continue;
    made.disabled = wrapper.disabled();
    if (!wrapper.has_config() ||
        Make(wrapper.config(), wrapper.is_optional(), context, made, at.At("config"))) {
      configs.push_back(std::move(made));
    }
  }
  // The map has no order; ours is the same each time.
  std::sort(configs.begin(), configs.end(),
            [](const auto& a, const auto& b) { return a.filter_name < b.filter_name; });
  return configs;
}

}  // namespace outrigger::config
