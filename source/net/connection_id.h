#pragma once

#include <atomic>
#include <cstdint>

namespace outrigger::net {

// Numbers client connections, whatever they carry: %CONNECTION_ID% is unique in the process.
// Thread: any.
inline uint64_t NextConnectionId() {
  static std::atomic<uint64_t> next{1};
  return next.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace outrigger::net
