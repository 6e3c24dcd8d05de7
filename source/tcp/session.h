#pragma once

#include <cstdint>
#include <memory>

#include "absl/functional/any_invocable.h"
#include "source/base/intrusive_list.h"
#include "source/event/loop.h"
#include "source/http/stream_summary.h"
#include "source/net/accepted.h"
#include "source/upstream/random.h"
#include "source/upstream/worker_clusters.h"

namespace outrigger::tcp {

class Session;

// Whoever gave a connection to a session.
class SessionOwner {
 public:
  virtual ~SessionOwner() = default;
  // Once: the session is over. Hand it to DeleteLater; it may still be on the stack.
  virtual void OnSessionEnd(Session& session) = 0;
};

// One client's connection in the hands of a network filter that ends its filter chain: tcp_proxy,
// echo, direct_response.
// Owner: the worker's listener.  Thread: its worker.
// Lifetime: ends by the client, a deadline, an error or Close, with OnSessionEnd.
class Session : public event::Deletable, public base::ListLink<> {
 public:
  // Ends everything now, with OnSessionEnd; nothing when it is over already.
  virtual void Close() = 0;
  // What is known of the session, for its listener's log; until it is destroyed. The summary is
  // looked at before that.
  virtual void Describe(http::StreamSummary& summary) = 0;
};

// What sessions of one worker share. Owner: the worker; outlives its sessions.
struct SessionWorker {
  event::Loop& loop;
  upstream::WorkerClusters& clusters;
  upstream::Random random;
};

struct SessionLimits {
  size_t buffer_bytes = 1024 * 1024;  // per_connection_buffer_limit_bytes of the listener
};

// A network filter that ends a chain, compiled. Immutable; called on any worker. The session is the
// owner's from then on, and OnSessionEnd is not called from inside.
using SessionFactory = absl::AnyInvocable<std::unique_ptr<Session>(
    SessionWorker& worker, net::Accepted connection, const SessionLimits& limits,
    SessionOwner& owner) const>;

}  // namespace outrigger::tcp
