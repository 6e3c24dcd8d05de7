#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "source/base/local_ptr.h"
#include "source/event/loop.h"
#include "source/http/head.h"
#include "source/upstream/endpoint.h"

namespace outrigger::upstream {

class Pool;

// Which of an endpoint's pools: requests of different kinds share no connection.
struct PoolKey {
  static constexpr size_t kCount = 4;
  int priority = 0;                                   // RoutingPriority
  http::Protocol protocol = http::Protocol::kHttp11;  // or kHttp2

  size_t index() const {
    return static_cast<size_t>(priority) + (protocol == http::Protocol::kHttp2 ? 2 : 0);
  }
};

// An endpoint as a stream holds it: no atomic count.
using EndpointRef = base::LocalPtr<Endpoint>;

// An endpoint of a cluster as one worker uses it.
// Owner: the WorkerCluster.  Thread: its worker.
// Lifetime: an endpoint that left the set stays until its pools are empty.
class WorkerEndpoint final : public event::Deletable {
 public:
  explicit WorkerEndpoint(std::shared_ptr<const Endpoint> served);
  ~WorkerEndpoint() override;

  EndpointRef endpoint;          // changes with its weight, health and so on
  uint32_t active_requests = 0;  // on this worker: what least request compares
  uint32_t tcp_connections = 0;  // those that carry plain bytes
  bool is_leaving = false;       // not in the set any more
  std::array<std::unique_ptr<Pool>, PoolKey::kCount> pools;  // by index(); null before first use
};

}  // namespace outrigger::upstream
