#include "source/config/http_filters_config.h"

#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "source/base/text.h"
#include "source/config/loading/unpack_any.h"

namespace outrigger::config {
namespace {

using envoy::extensions::filters::network::http_connection_manager::v3::HttpFilter;

constexpr std::string_view kNeedsTerminal =
    "the last filter must end the chain; give "
    "envoy.extensions.filters.http.router.v3.Router";

// Whether the filter may be left out, and is, since nothing here knows its type.
bool IsLeftOut(const HttpFilter& filter, const RouteContext& context, const Place& place) {
  if (!filter.is_optional() || context.registry.KnowsHttpFilter(filter.typed_config()))
    return false;
  if (context.environment.warn) {
    context.environment.warn(
        base::StrCat(place.ToString(), ": left out \"", filter.name(), "\", type \"",
                     loading::ResolvedTypeName(filter.typed_config()), "\" is not known"));
  }
  return true;
}

void ReadTerminal(const HttpFilter& filter, http::TerminalFactory terminal, bool is_last,
                  downstream::HttpOptions& options, const Place& place) {
  if (!is_last)
    place.Refuse(base::StrCat("\"", filter.name(), "\" ends the chain and must be last"));
  if (filter.disabled())
    place.At("disabled").Refuse("the filter that ends the chain must be enabled");
  options.terminal = std::move(terminal);
}

}  // namespace

void ReadHttpFilters(const google::protobuf::RepeatedPtrField<HttpFilter>& filters,
                     const RouteContext& context, downstream::HttpOptions& options,
                     const Place& place) {
  absl::flat_hash_set<std::string> names;
  const size_t findings_before = place.findings().size();
  for (int i = 0; i < filters.size(); ++i) {
    const HttpFilter& filter = filters[i];
    const Place at = place.At("http_filters", i);
    if (IsLeftOut(filter, context, at)) continue;
    if (filter.name().empty()) {
      at.At("name").Refuse("must be given");
    } else if (!names.insert(filter.name()).second) {
      at.At("name").Refuse(
          base::StrCat("\"", filter.name(), "\" is the name of an earlier filter"));
    }
    absl::StatusOr<MadeFilter> made =
        context.registry.MakeHttpFilter(filter.typed_config(), context.factories);
    if (!made.ok()) {
      at.At("typed_config").Refuse(made.status());
    } else if (made->terminal) {
      ReadTerminal(filter, std::move(made->terminal), i == filters.size() - 1, options, at);
    } else {
      options.filters.push_back({.name = filter.name(),
                                 .factory = std::move(made->filter),
                                 .body_mode = made->body_mode,
                                 .starts_disabled = filter.disabled()});
    }
  }
  if (!options.terminal && place.findings().size() == findings_before) {
    place.At("http_filters").Refuse(kNeedsTerminal);
  }
}

}  // namespace outrigger::config
