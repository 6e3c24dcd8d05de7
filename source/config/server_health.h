#pragma once

#include <atomic>

namespace outrigger::config {

// Whether this proxy was told to fail health checks (/healthcheck/fail on the admin endpoint).
// Owner: shared by the compiler's environment and the filters that ask.  Thread: written by the
// main thread, read by any.
struct ServerHealth {
  std::atomic<bool> is_failed = false;
};

}  // namespace outrigger::config
