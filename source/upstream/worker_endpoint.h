#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "source/base/local_ptr.h"
#include "source/event/loop.h"
#include "source/upstream/cluster_spec.h"
#include "source/upstream/endpoint.h"

namespace outrigger::upstream {

class Pool;

// Which of an endpoint's pools: requests of different kinds share no connection.
struct PoolKey {
  static constexpr size_t kCount = 4;
  int priority = 0;  // RoutingPriority
  // kHttp1, kHttp2 or kAlpn; a cluster that asks for kAlpn asks for nothing else.
  UpstreamProtocol speaks = UpstreamProtocol::kHttp1;

  size_t index() const {
    return static_cast<size_t>(priority) + (speaks == UpstreamProtocol::kHttp2 ? 2 : 0);
  }
};

// An endpoint as a stream holds it: no atomic count.
using EndpointRef = base::LocalPtr<Endpoint>;

// An endpoint of a cluster as one worker uses it.
// Owner: the WorkerCluster.  Thread: its worker.
// Lifetime: an endpoint that left the set stays until its pools are empty.
// Limits: kMostNames pools of connections with names of their own; one without requests makes room.
class WorkerEndpoint final : public event::Deletable {
 public:
  static constexpr size_t kMostNames = 256;
  using Pools = std::array<std::unique_ptr<Pool>, PoolKey::kCount>;  // by index()

  explicit WorkerEndpoint(std::shared_ptr<const Endpoint> served);
  ~WorkerEndpoint() override;

  // The pool's place, null in it before its first use. `name`: what connections are made for
  // (auto_sni, auto_san_validation); empty: for nobody's. Null: there are too many names, and each
  // has requests.
  std::unique_ptr<Pool>* PlaceOf(const PoolKey& key, std::string_view name, event::Loop& loop);
  // A pool that was made for `name` has nothing left.
  void RemoveNamed(std::string_view name, event::Loop& loop);
  void DrainPools();
  // As Pool's.
  void RetireOutdated(absl::FunctionRef<bool()> goes);
  bool has_empty_pools() const;

  EndpointRef endpoint;          // changes with its weight, health and so on
  uint32_t active_requests = 0;  // on this worker: what least request compares
  uint32_t tcp_connections = 0;  // those that carry plain bytes
  bool is_leaving = false;       // not in the set any more

 private:
  using Named = absl::flat_hash_map<std::string, Pools>;
  void MakeRoom(event::Loop& loop);
  void Forget(Named::iterator named, event::Loop& loop);

  Pools pools_;
  std::unique_ptr<Named> named_;  // null before first use
};

}  // namespace outrigger::upstream
