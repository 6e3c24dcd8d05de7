#include "source/route/route.h"

#include <algorithm>
#include <utility>

#include "source/base/text.h"
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
                      spec_.fraction.has_value() || spec_.certificate.has_value() ||
                      spec_.grpc_only) {}

bool Route::AllConditionsHold(const MatchInput& input) const {
  const http::RequestHead& head = input.head;
  if (spec_.fraction.has_value() && !spec_.fraction->Matches(input.random)) return false;
  if (spec_.certificate.has_value() && !spec_.certificate->Matches(input.transport)) return false;
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

const FilterConfig* Route::FindFilter(std::string_view filter_name,
                                      const WeightedTarget* target) const {
  if (target != nullptr) {
    const FilterConfig* config = FindFilterConfig(target->filter_configs, filter_name);
    if (config != nullptr) return config;
  }
  const FilterConfigs* levels[] = {&spec_.filter_configs, &host_.spec().filter_configs,
                                   &host_.table().filter_configs};
  for (const FilterConfigs* level : levels) {
    if (const FilterConfig* config = FindFilterConfig(*level, filter_name)) return config;
  }
  return nullptr;
}

const http::RouteFilterConfig* Route::filter_config(std::string_view filter_name,
                                                    const WeightedTarget* target) const {
  const FilterConfig* config = FindFilter(filter_name, target);
  return config == nullptr ? nullptr : config->config.get();
}

bool Route::is_filter_disabled(std::string_view filter_name, bool starts_disabled,
                               const WeightedTarget* target) const {
  const FilterConfig* config = FindFilter(filter_name, target);
  return config == nullptr ? starts_disabled : config->disabled;
}

namespace {

// The random number of a weighted choice below `total`. Routes by fraction look at the remainder of
// the same number, so the choice takes the upper half: else a 10 % route would always choose the
// first 10 % of its clusters.
uint64_t Draw(const ForwardAction& forward, const http::RequestHead& head, uint64_t random) {
  if (!forward.weight_header.empty()) {
    const auto value = head.headers.Get(forward.weight_header);
    const auto number = value ? base::ParseNumber<uint64_t>(*value) : std::nullopt;
    if (number) return *number % forward.total_weight;
  }
  return ((random >> 32) * forward.total_weight) >> 32;
}

}  // namespace

const WeightedTarget* ChooseTarget(const ForwardAction& forward, const http::RequestHead& head,
                                   uint64_t random) {
  if (forward.weighted.empty()) return nullptr;
  if (forward.weighted.size() == 1) return &forward.weighted.front();
  uint64_t drawn = Draw(forward, head, random);
  for (const WeightedTarget& target : forward.weighted) {
    if (drawn < target.weight) return &target;
    drawn -= target.weight;
  }
  return &forward.weighted.back();  // not reached: the weights add up to the total
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
