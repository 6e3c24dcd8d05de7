#include "source/extensions/http_filters/router/target.h"

#include <string>

namespace outrigger::router {
namespace {

Target ByHeader(const std::string& header, const route::WeightedTarget* weighted,
                const http::RequestHead& head, http::StreamView& stream) {
  const std::string_view name = head.Lookup(header).value_or("");
  if (name.empty()) return {.weighted = weighted};
  return {.cluster = stream.clusters().Find(name), .weighted = weighted, .name = name};
}

}  // namespace

Target ChooseTarget(const route::ForwardAction& forward, const http::RequestHead& head,
                    http::StreamView& stream) {
  const route::WeightedTarget* chosen = stream.weighted_target();
  if (chosen == nullptr) return ByHeader(forward.cluster_header, nullptr, head, stream);
  if (!chosen->cluster_header.empty()) {
    return ByHeader(chosen->cluster_header, chosen, head, stream);
  }
  return {.cluster = stream.clusters().Find(chosen->cluster.id),
          .weighted = chosen,
          .name = chosen->cluster.name};
}

}  // namespace outrigger::router
