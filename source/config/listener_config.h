#pragma once

#include "envoy/config/listener/v3/listener.pb.h"
#include "source/config/listener_spec.h"
#include "source/config/place.h"
#include "source/config/route_context.h"

namespace outrigger::config {

// What compiling a listener needs besides the resource. Lives during the call.
struct ListenerContext {
  const Registry& registry;
  const base::Clock& clock;
  stats::Store& stats;
  upstream::ClusterNames& names;
  const CompileEnvironment& environment;
  const ClusterExists* cluster_exists = nullptr;  // null: inline routes may name any cluster
};

// The listener; its statistics are declared only when nothing was refused.
ListenerSpec CompileListener(const envoy::config::listener::v3::Listener& listener,
                             const ListenerContext& context, const Place& place);

}  // namespace outrigger::config
