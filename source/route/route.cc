#include "source/route/route.h"

#include <algorithm>
#include <utility>

#include "source/http/grpc/content_type.h"

namespace outrigger::route {

const FilterConfig* FindFilterConfig(const FilterConfigs& configs, std::string_view filter_name) {
  for (const FilterConfig& config : configs) {
    if (config.filter_name == filter_name) return &config;
  }
  return nullptr;
}

Route::Route(RouteSpec spec, const VirtualHost& host)
    : spec_(std::move(spec)),
      host_(host),
      has_conditions_(!spec_.headers.empty() || !spec_.query.empty() || !spec_.cookies.empty() ||
                      spec_.fraction.has_value() || spec_.grpc_only) {}

bool Route::AllConditionsHold(const http::RequestHead& head, uint64_t random) const {
  if (spec_.fraction.has_value() && !spec_.fraction->Matches(random)) return false;
  if (spec_.grpc_only && !http::grpc::IsGrpcRequest(head)) return false;
  for (const HeaderMatcher& header : spec_.headers) {
    if (!header.Matches(head)) return false;
  }
  for (const QueryMatcher& parameter : spec_.query) {
    if (!parameter.MatchesQuery(head.query())) return false;
  }
  for (const CookieMatcher& cookie : spec_.cookies) {
    if (!cookie.Matches(head)) return false;
  }
  return true;
}

const FilterConfig* Route::FindFilter(std::string_view filter_name) const {
  const FilterConfigs* levels[] = {&spec_.filter_configs, &host_.spec().filter_configs,
                                   &host_.table().filter_configs};
  for (const FilterConfigs* level : levels) {
    if (const FilterConfig* config = FindFilterConfig(*level, filter_name)) return config;
  }
  return nullptr;
}

const http::RouteFilterConfig* Route::filter_config(std::string_view filter_name) const {
  const FilterConfig* config = FindFilter(filter_name);
  return config == nullptr ? nullptr : config->config.get();
}

bool Route::is_filter_disabled(std::string_view filter_name, bool starts_disabled) const {
  const FilterConfig* config = FindFilter(filter_name);
  return config == nullptr ? starts_disabled : config->disabled;
}

namespace {

// The levels from the most specific one outwards; null where there is none.
template <typename Pick>
void ApplyLevels(const Route& route, const HeaderEdits* target, Pick pick, http::HeaderMap& headers,
                 const http::StreamSummary& summary) {
  const TableSettings& table = route.virtual_host().table();
  const HeaderEdits* levels[] = {target, &pick(route.spec()), &pick(route.virtual_host().spec()),
                                 &pick(table)};
  if (table.most_specific_edits_win) std::reverse(std::begin(levels), std::end(levels));
  for (const HeaderEdits* level : levels) {
    if (level != nullptr) level->Apply(headers, summary);
  }
}

}  // namespace

void EditRequest(const Route& route, const WeightedTarget* target, http::HeaderMap& headers,
                 const http::StreamSummary& summary) {
  ApplyLevels(
      route, target == nullptr ? nullptr : &target->request_edits,
      [](const auto& level) -> const HeaderEdits& { return level.request_edits; }, headers,
      summary);
}

void EditResponse(const Route& route, const WeightedTarget* target, http::HeaderMap& headers,
                  const http::StreamSummary& summary) {
  ApplyLevels(
      route, target == nullptr ? nullptr : &target->response_edits,
      [](const auto& level) -> const HeaderEdits& { return level.response_edits; }, headers,
      summary);
}

}  // namespace outrigger::route
