#pragma once

#include "envoy/config/bootstrap/v3/bootstrap.pb.h"
#include "source/server/admin/admin.h"

namespace outrigger::server {

// {"layers": [names], "entries": {key: {"final_value": text, "layer_values": [text of each
// layer]}}} as Envoy's /runtime. Only static layers hold values.
AdminReply ServeRuntime(const envoy::config::bootstrap::v3::LayeredRuntime& runtime);

}  // namespace outrigger::server
