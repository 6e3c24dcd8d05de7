// The requests' side of a pool; the connections' is in pool_connections.cc.
#include "source/upstream/pool.h"

#include <algorithm>
#include <utility>

#include "source/base/check.h"

namespace outrigger::upstream {
namespace {

StartFailure ConnectFailure(net::CloseCause cause, const EndpointRef& endpoint,
                            const std::string& why) {
  if (cause == net::CloseCause::kConnectTimeout) {
    return {StartFailureKind::kConnectTimeout,
            "upstream_reset_before_response_started{connection_timeout}", endpoint, why};
  }
  return {StartFailureKind::kConnectFailed,
          "upstream_reset_before_response_started{connection_failure}", endpoint, why};
}

}  // namespace

Pool::Pool(event::Loop& loop, WorkerCluster& cluster, WorkerEndpoint& endpoint, PoolKey key,
           std::string_view name)
    : loop_(loop),
      cluster_(cluster),
      endpoint_(endpoint),
      tally_(endpoint.endpoint->tally),
      key_(key),
      name_(name),
      expiry_timer_(loop, [this] { OnExpiryTimer(); }) {}

Pool::~Pool() {
  DCHECK(open_count_ == 0 && pending_.empty());
  pending_count_ = 0;
  Drain();
}

// --- starting ----------------------------------------------------------------------------------

std::optional<StartResult> Pool::TryStart(http::ResponseReceiver& receiver,
                                          bool needs_fresh_connection) {
  PoolConnection* const free = needs_fresh_connection ? nullptr : FirstFree();
  if (free != nullptr) {
    if (!counts().requests.Fits(limits().max_requests)) return Overflow();
    const Attempt attempt = Begin(*free, receiver);
    ConnectSpare();
    return attempt;
  }
  if (!counts().pending.Fits(limits().max_pending_requests)) return Overflow();
  return std::nullopt;
}

PoolConnection* Pool::FirstFree() {
  while (!free_.empty()) {
    PoolConnection& first = free_.front();
    if (first.codec().places() > 0) return &first;
    // It ended, or its peer allows less than before: OnChange says what comes of it.
    Move(first, PoolConnection::State::kFull);
  }
  return nullptr;
}

StartFailure Pool::Overflow() {
  counters().upstream_rq_pending_overflow.Increment();
  return {StartFailureKind::kOverflow, "upstream_reset_before_response_started{overflow}",
          endpoint_.endpoint};
}

Attempt Pool::Begin(PoolConnection& connection, http::ResponseReceiver& receiver) {
  const bool is_reused = connection.exchange_count() > 0;
  http::RequestWriter& writer = connection.StartRequest(receiver);
  const std::optional<uint32_t>& most = cluster_.spec().max_requests_per_connection;
  if (most && connection.exchange_count() >= *most) {
    counters().upstream_cx_max_requests.Increment();
    Move(connection, PoolConnection::State::kRetiring);
  } else if (connection.codec().places() == 0) {
    Move(connection, PoolConnection::State::kFull);
  }
  ++open_count_;
  cluster_.Ref();
  counts().requests.Add();
  ++endpoint_.active_requests;
  tally_->rq_total().Increment();
  tally_->rq_active().Increment();
  counters().upstream_rq_total.Increment();
  counters().upstream_rq_active.Increment();
  return {.writer = &writer,
          .endpoint = endpoint_.endpoint,
          .connection = &connection.connection(),
          .is_reused_connection = is_reused,
          .protocol = connection.codec().protocol()};
}

void Pool::CountEnded(uint32_t ended) {
  open_count_ -= ended;
  endpoint_.active_requests -= ended;
  tally_->rq_active().Sub(ended);
  counters().upstream_rq_active.Sub(ended);
  counts().requests.Sub(ended);
}

// --- waiting -----------------------------------------------------------------------------------

void Pool::Enqueue(PendingRequest& request) {
  request.pool = this;
  pending_.PushBack(request);
  ++pending_count_;
  if (request.needs_fresh_connection) ++fresh_pending_count_;
  counts().pending.Add();
  counters().upstream_rq_pending_total.Increment();
  counters().upstream_rq_pending_active.Increment();
  Connect(/*counts_overflow=*/true);
  ConnectSpare();
}

void Pool::Forget(PendingRequest& request) {
  request.Unlink();
  request.pool = nullptr;
  --pending_count_;
  if (request.needs_fresh_connection) --fresh_pending_count_;
  counts().pending.Sub();
  counters().upstream_rq_pending_active.Decrement();
}

void Pool::Cancel(PendingRequest& request) {
  Forget(request);
  counters().upstream_rq_cancelled.Increment();
  if (is_draining_ && pending_count_ == 0) Drain();
  ReportIfEmpty();
}

PendingRequest* Pool::NextPending(bool is_fresh) {
  if (pending_.empty()) return nullptr;
  if (is_fresh || fresh_pending_count_ == 0) return &pending_.front();
  PendingRequest* found = nullptr;
  if (fresh_pending_count_ < pending_count_) {
    pending_.ForEach([&](PendingRequest& each) {
      if (found == nullptr && !each.needs_fresh_connection) found = &each;
    });
  }
  return found;
}

// Gives the places of a connection to the requests that wait for the longest time. Whoever is told
// may do anything, so everything is looked at again each time.
void Pool::Serve(PoolConnection& connection) {
  while (connection.state() == PoolConnection::State::kFree && connection.codec().places() > 0) {
    PendingRequest* const request = NextPending(connection.exchange_count() == 0);
    if (request == nullptr) return;
    Forget(*request);
    if (counts().requests.Fits(limits().max_requests)) {
      request->Answer(Begin(connection, request->receiver));
    } else {
      request->Answer(Overflow());
    }
  }
}

// A failed connection fails the requests that it would have served; when it was the last one,
// nobody is left to serve the others, and they fail too (Envoy fails all in any case).
void Pool::FailPending(net::CloseCause cause, std::string_view why) {
  constexpr size_t kMostBytes = 1024;
  const std::string kept_why(why.substr(0, kMostBytes));  // it may die with the connection
  counters().upstream_cx_connect_fail.Increment();
  if (cause == net::CloseCause::kConnectTimeout) counters().upstream_cx_connect_timeout.Increment();
  tally_->cx_connect_fail().Increment();
  uint32_t failing =
      connection_count_ == 0 ? pending_count_ : std::min(PlacesOfNext(), pending_count_);
  base::IntrusiveList<PendingRequest> failed;
  for (; failing > 0; --failing) {
    PendingRequest& request = pending_.front();
    Forget(request);
    failed.PushBack(request);
  }
  while (!failed.empty()) {
    PendingRequest& request = failed.front();
    request.Unlink();
    counters().upstream_rq_pending_failure_eject.Increment();
    request.Answer(ConnectFailure(cause, endpoint_.endpoint, kept_why));
  }
  Connect(/*counts_overflow=*/false);
  ReportIfEmpty();
}

}  // namespace outrigger::upstream
