#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "source/config/runtime_values.h"
#include "source/config/secret_table.h"
#include "source/config/server_health.h"
#include "source/net/address.h"

namespace outrigger::config {

// What the bootstrap says that changes how resources are compiled.
// Owner: the compiler.  Thread: any, immutable.
struct CompileEnvironment {
  RuntimeValues runtime;
  // Local address of clusters that give none.
  std::optional<net::Address> bind_source;
  // Never null.
  std::shared_ptr<ServerHealth> health = std::make_shared<ServerHealth>();
  // static_resources.secrets, by name.
  SecretTable secrets;
  // Opens a file that lines are appended to: TlsKeyLog. Empty: there are none here. What it returns
  // takes a line without its newline, on any thread.
  std::function<absl::StatusOr<std::function<void(std::string_view)>>(const std::string& path)>
      open_key_log;
  // Told of what is accepted but left out, one line each; may be empty. On the compile thread.
  std::function<void(const std::string&)> warn;
};

}  // namespace outrigger::config
