#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "source/event/loop.h"
#include "source/event/operation.h"
#include "source/http/codec.h"
#include "source/upstream/cluster_spec.h"

namespace outrigger::upstream {

// What a request tells the load balancer.
struct PickHints {
  int priority = 0;  // RoutingPriority: 0 DEFAULT, 1 HIGH
  // Endpoints already tried, for previous_hosts; borrowed for the call.
  absl::Span<const Endpoint* const> avoid = {};
  // A fresh connection only: the replay after a kept-alive one died.
  bool needs_fresh_connection = false;
};

// One request on one upstream connection.
struct Attempt {
  http::RequestWriter* writer = nullptr;  // see its lifetime rules
  std::shared_ptr<const Endpoint> endpoint;
  const net::Address* local_address = nullptr;  // of the connection, valid with writer
  bool is_reused_connection = false;
};

enum class StartFailureKind : uint8_t { kNoEndpoint, kOverflow, kConnectFailed, kConnectTimeout, kClusterRemoved };
struct StartFailure {
  StartFailureKind kind = StartFailureKind::kNoEndpoint;
  std::string_view detail;                     // static token
  std::shared_ptr<const Endpoint> endpoint;    // null when none was picked
};
using StartResult = std::variant<Attempt, StartFailure>;

struct ClusterCounters;  // cluster_counters.h: the worker's handles of `cluster.<name>.*`

// A cluster as one worker uses it: load balancer, pools, counters. Comes to life on first use.
// Owner: WorkerClusters, and streams that hold it by WorkerClusterRef.  Thread: one worker.
class WorkerCluster {
 public:
  virtual ~WorkerCluster() = default;
  virtual const ClusterSpec& spec() const = 0;
  virtual const ClusterCounters& counters() const = 0;
  // Starts at once if that needs no waiting: an idle connection, a definite failure. nullopt:
  // call Start. The receiver is not called from inside.
  virtual std::optional<StartResult> TryStart(const PickHints& hints, http::ResponseReceiver& receiver) = 0;
  // Connects or waits for a free connection; calls back once, never from inside.
  virtual event::Operation Start(const PickHints& hints, http::ResponseReceiver& receiver,
                                 absl::AnyInvocable<void(StartResult)> done) = 0;
  // Takes one of the retries that the circuit breaker allows; the token gives it back. nullopt:
  // overflow.
  virtual std::optional<event::Operation> TakeRetry(int priority) = 0;
};

}  // namespace outrigger::upstream
