#pragma once

#include <string_view>

#include "source/http/filter.h"
#include "source/http/head.h"
#include "source/route/route.h"
#include "source/upstream/worker_clusters.h"

namespace outrigger::router {

// Where one request goes.
struct Target {
  upstream::WorkerClusterRef cluster;               // null: there is no such cluster
  const route::WeightedTarget* weighted = nullptr;  // null: a header of the request named it
  std::string_view name;
};

// The cluster that the stream's route and its weighted choice name.
Target ChooseTarget(const route::ForwardAction& forward, const http::RequestHead& head,
                    http::StreamView& stream);

}  // namespace outrigger::router
