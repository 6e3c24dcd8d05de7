#pragma once

#include <functional>

#include "absl/status/status.h"
#include "envoy/admin/v3/server_info.pb.h"
#include "envoy/config/bootstrap/v3/bootstrap.pb.h"
#include "envoy/config/core/v3/base.pb.h"
#include "source/base/clock.h"
#include "source/server/admin/admin.h"

namespace outrigger::server {

using ServerState = envoy::admin::v3::ServerInfo::State;

// What the pages ask of the server and make it do. All are called on the main thread and must be
// set.
struct ServerControls {
  std::function<ServerState()> state;
  std::function<base::Nanoseconds()> uptime;
  // While failed, /ready and the health check filter say that we want no traffic.
  std::function<void(bool is_failed)> fail_health_check;
  // Returns at once: the answer to the request goes out before the process ends.
  std::function<void()> quit;
  std::function<absl::Status()> reopen_logs;
};

// What does not change while the process runs.
struct ServerFacts {
  envoy::admin::v3::CommandLineOptions command_line;
  envoy::config::core::v3::Node node;
  envoy::config::bootstrap::v3::LayeredRuntime runtime;
};

// The pages about the process as a whole: /ready, /server_info, /memory, /runtime, /help,
// /hot_restart_version, /logging, /reopen_logs, /healthcheck/fail, /healthcheck/ok, /quitquitquit.
// `controls` and `facts` outlive `admin`.
void AddServerPages(Admin& admin, const ServerControls& controls, const ServerFacts& facts);

// "LIVE", "DRAINING" and so on.
std::string_view StateName(ServerState state);

}  // namespace outrigger::server
