#pragma once

#include <functional>
#include <string_view>

#include "source/config/compile_environment.h"
#include "source/config/registry.h"
#include "source/upstream/cluster_names.h"

namespace outrigger::config {

// Whether a cluster is known, for validate_clusters.
using ClusterExists = std::function<bool(std::string_view name)>;

// What compiling a route table needs besides the resource. Lives during the call.
struct RouteContext {
  const Registry& registry;
  FactoryContext& factories;
  upstream::ClusterNames& names;
  const CompileEnvironment& environment;
  const ClusterExists* cluster_exists = nullptr;  // null: routes may name any cluster
};

}  // namespace outrigger::config
