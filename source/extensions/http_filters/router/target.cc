#include "source/extensions/http_filters/router/target.h"

#include <cstdint>

#include "source/base/text.h"

namespace outrigger::router {
namespace {

// The random number of a weighted choice below `total`. Routes by fraction look at the remainder of
// the same number, so the choice takes the upper half: else a 10 % route would always choose the
// first 10 % of its clusters.
uint64_t Draw(const route::ForwardAction& forward, const http::RequestHead& head,
              http::StreamView& stream) {
  if (!forward.weight_header.empty()) {
    const auto value = head.headers.Get(forward.weight_header);
    const auto number = value ? base::ParseNumber<uint64_t>(*value) : std::nullopt;
    if (number) return *number % forward.total_weight;
  }
  return ((stream.random() >> 32) * forward.total_weight) >> 32;
}

const route::WeightedTarget& Choose(const route::ForwardAction& forward,
                                    const http::RequestHead& head, http::StreamView& stream) {
  if (forward.weighted.size() == 1) return forward.weighted.front();
  uint64_t drawn = Draw(forward, head, stream);
  for (const route::WeightedTarget& target : forward.weighted) {
    if (drawn < target.weight) return target;
    drawn -= target.weight;
  }
  return forward.weighted.back();  // not reached: the weights add up to the total
}

Target ByHeader(const std::string& header, const route::WeightedTarget* weighted,
                const http::RequestHead& head, http::StreamView& stream) {
  const std::string_view name = head.Lookup(header).value_or("");
  if (name.empty()) return {.weighted = weighted};
  return {.cluster = stream.clusters().Find(name), .weighted = weighted, .name = name};
}

}  // namespace

Target ChooseTarget(const route::ForwardAction& forward, const http::RequestHead& head,
                    http::StreamView& stream) {
  if (forward.weighted.empty()) return ByHeader(forward.cluster_header, nullptr, head, stream);
  const route::WeightedTarget& chosen = Choose(forward, head, stream);
  if (!chosen.cluster_header.empty()) {
    return ByHeader(chosen.cluster_header, &chosen, head, stream);
  }
  return {.cluster = stream.clusters().Find(chosen.cluster.id),
          .weighted = &chosen,
          .name = chosen.cluster.name};
}

}  // namespace outrigger::router
