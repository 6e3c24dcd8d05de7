#include "source/upstream/pool.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "source/base/check.h"

namespace outrigger::upstream {
namespace {

using State = Http1Connection::State;

// Idle connections are looked at no more often than this.
constexpr base::Milliseconds kIdleGrain{10};

uint64_t MillisSince(base::MonoTime start, base::MonoTime now) {
  return static_cast<uint64_t>(std::chrono::duration_cast<base::Milliseconds>(now - start).count());
}

StartFailure ConnectFailure(net::CloseCause cause, const EndpointRef& endpoint) {
  if (cause == net::CloseCause::kConnectTimeout) {
    return {StartFailureKind::kConnectTimeout,
            "upstream_reset_before_response_started{connection_timeout}", endpoint};
  }
  return {StartFailureKind::kConnectFailed,
          "upstream_reset_before_response_started{connection_failure}", endpoint};
}

}  // namespace

Http1Pool::Http1Pool(event::Loop& loop, WorkerCluster& cluster, WorkerEndpoint& endpoint,
                     int priority)
    : loop_(loop),
      cluster_(cluster),
      endpoint_(endpoint),
      tally_(endpoint.endpoint->tally),
      priority_(priority),
      idle_timer_(loop, [this] { OnIdleTimer(); }) {}

Http1Pool::~Http1Pool() {
  DCHECK(busy_.empty() && pending_.empty());
  pending_count_ = 0;
  Drain();
}

std::optional<StartResult> Http1Pool::TryStart(http::ResponseReceiver& receiver,
                                               bool needs_fresh_connection) {
  if (!needs_fresh_connection && !idle_.empty()) {
    if (!counts().requests.Fits(limits().max_requests)) return Overflow();
    return Begin(idle_.front(), receiver);
  }
  if (!counts().pending.Fits(limits().max_pending_requests)) return Overflow();
  return std::nullopt;
}

StartFailure Http1Pool::Overflow() {
  counters().upstream_rq_pending_overflow.Increment();
  return {StartFailureKind::kOverflow, "upstream_reset_before_response_started{overflow}",
          endpoint_.endpoint};
}

Attempt Http1Pool::Begin(Http1Connection& connection, http::ResponseReceiver& receiver) {
  const bool is_reused = connection.codec().exchange_count() > 0;
  connection.Unlink();
  busy_.PushBack(connection);
  connection.Enter(State::kBusy);
  cluster_.Ref();
  counts().requests.Add();
  ++endpoint_.active_requests;
  tally_->rq_total().Increment();
  tally_->rq_active().Increment();
  counters().upstream_rq_total.Increment();
  counters().upstream_rq_active.Increment();
  return {.writer = &connection.StartRequest(receiver),
          .endpoint = endpoint_.endpoint,
          .connection = &connection.connection(),
          .is_reused_connection = is_reused};
}

// --- waiting requests --------------------------------------------------------------------------

void Http1Pool::Enqueue(PendingRequest& request) {
  request.pool = this;
  pending_.PushBack(request);
  ++pending_count_;
  if (request.needs_fresh_connection) ++fresh_pending_count_;
  counts().pending.Add();
  counters().upstream_rq_pending_total.Increment();
  counters().upstream_rq_pending_active.Increment();
  Connect(/*counts_overflow=*/true);
}

void Http1Pool::Forget(PendingRequest& request) {
  request.Unlink();
  request.pool = nullptr;
  --pending_count_;
  if (request.needs_fresh_connection) --fresh_pending_count_;
  counts().pending.Sub();
  counters().upstream_rq_pending_active.Decrement();
}

void Http1Pool::Cancel(PendingRequest& request) {
  Forget(request);
  counters().upstream_rq_cancelled.Increment();
  if (is_draining_ && pending_count_ == 0) Drain();
  ReportIfEmpty();
}

PendingRequest* Http1Pool::NextPending(bool is_fresh) {
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

// Gives a connection that is free now to the request that waits for the longest time, or keeps it.
void Http1Pool::Serve(Http1Connection& connection) {
  while (PendingRequest* request = NextPending(connection.codec().exchange_count() == 0)) {
    Forget(*request);
    if (counts().requests.Fits(limits().max_requests)) {
      return request->Answer(Begin(connection, request->receiver));
    }
    // While the callback runs the connection is nobody's; it is not lost, for we come back.
    request->Answer(Overflow());
  }
  if (is_draining_) return Remove(connection);
  MakeIdle(connection);
}

// --- connections -------------------------------------------------------------------------------

void Http1Pool::Connect(bool counts_overflow) {
  while (connecting_count_ < pending_count_) {
    if (!MayConnect()) {
      if (counts_overflow) counters().upstream_cx_overflow.Increment();
      return;
    }
    OpenConnection();
  }
}

bool Http1Pool::MayConnect() {
  if (connection_count_ == 0 || counts().connections.Fits(limits().max_connections)) return true;
  // Whoever may not use a kept connection takes the place of one.
  if (fresh_pending_count_ == 0 || idle_.empty()) return false;
  Remove(idle_.back());
  return true;
}

void Http1Pool::OpenConnection() {
  const ClusterSpec& spec = cluster_.spec();
  const std::vector<net::Address>& addresses = endpoint_.endpoint->addresses;
  CountOpened();
  if (addresses.size() > 1) {
    auto* race = new Race;
    races_.PushBack(*race);
    race->started = loop_.Now();
    race->operation = net::ConnectToFirst(
        loop_, addresses,
        {.timeout = spec.connect_timeout, .source = spec.bind_source, .keepalive = spec.keepalive},
        [this, race](absl::StatusOr<net::RaceWinner> winner) {
          OnRaceEnd(*race, std::move(winner));
        });
    return;
  }
  const net::Address* source = spec.bind_source ? &*spec.bind_source : nullptr;
  auto* connection = new Http1Connection(
      *this, loop_, net::StartConnect(addresses.front(), source, spec.keepalive), spec);
  connecting_.PushBack(*connection);
}

void Http1Pool::CountOpened() {
  ++connecting_count_;
  ++connection_count_;
  counts().connections.Add();
  tally_->cx_total().Increment();
  tally_->cx_active().Increment();
  counters().upstream_cx_total.Increment();
  counters().upstream_cx_http1_total.Increment();
  counters().upstream_cx_active.Increment();
}

void Http1Pool::OnRaceEnd(Race& race, absl::StatusOr<net::RaceWinner> winner) {
  if (!winner.ok()) {
    const bool is_timeout = absl::IsDeadlineExceeded(winner.status());
    Remove(race);
    return FailPending(is_timeout ? net::CloseCause::kConnectTimeout
                                  : net::CloseCause::kConnectFailed);
  }
  auto* connection =
      new Http1Connection(*this, loop_, *std::move(winner), cluster_.spec(), race.started);
  connecting_.PushBack(*connection);
  race.Unlink();
  loop_.DeleteLater(std::unique_ptr<event::Deletable>(&race));
  OnConnected(*connection);
}

void Http1Pool::OnConnected(Http1Connection& connection) {
  --connecting_count_;
  counters().upstream_cx_connect_ms.Record(MillisSince(connection.created(), loop_.Now()));
  connection.Enter(State::kIdle);
  connection.Unlink();
  Serve(connection);
  ReportIfEmpty();
}

void Http1Pool::OnConnectFailed(Http1Connection& connection, net::CloseCause cause) {
  Remove(connection);
  FailPending(cause);
}

// A failed connection fails the request that waits for the longest time; when it was the last one,
// nobody is left to serve the others, and they fail too (Envoy fails all in any case).
void Http1Pool::FailPending(net::CloseCause cause) {
  counters().upstream_cx_connect_fail.Increment();
  if (cause == net::CloseCause::kConnectTimeout) counters().upstream_cx_connect_timeout.Increment();
  tally_->cx_connect_fail().Increment();
  uint32_t failing = connection_count_ == 0 ? pending_count_ : std::min(1u, pending_count_);
  base::IntrusiveList<PendingRequest> failed;
  for (; failing > 0; --failing) {
    PendingRequest& request = *FirstPending();
    Forget(request);
    failed.PushBack(request);
  }
  while (!failed.empty()) {
    PendingRequest& request = failed.front();
    request.Unlink();
    counters().upstream_rq_pending_failure_eject.Increment();
    request.Answer(ConnectFailure(cause, endpoint_.endpoint));
  }
  Connect(/*counts_overflow=*/false);
  ReportIfEmpty();
}

void Http1Pool::OnExchangeEnd(Http1Connection& connection, bool reusable) {
  counts().requests.Sub();
  --endpoint_.active_requests;
  tally_->rq_active().Decrement();
  counters().upstream_rq_active.Decrement();
  connection.CountBytes(counters());
  if (!reusable || IsWorn(connection)) {
    Remove(connection);
  } else {
    connection.Enter(State::kIdle);
    connection.Unlink();
    Serve(connection);
  }
  Connect(/*counts_overflow=*/false);
  ReportIfEmpty();
  cluster_.Unref();
}

bool Http1Pool::IsWorn(const Http1Connection& connection) const {
  if (is_draining_ && pending_count_ == 0) return true;
  const ClusterSpec& spec = cluster_.spec();
  if (spec.max_requests_per_connection &&
      connection.codec().exchange_count() >= *spec.max_requests_per_connection) {
    counters().upstream_cx_max_requests.Increment();
    return true;
  }
  if (spec.max_connection_duration &&
      loop_.Now() - connection.created() >= *spec.max_connection_duration) {
    counters().upstream_cx_max_duration_reached.Increment();
    return true;
  }
  return false;
}

void Http1Pool::OnIdleEnd(Http1Connection& connection) {
  Remove(connection);
  Connect(/*counts_overflow=*/false);
  ReportIfEmpty();
}

// The connection goes, and with it its place under the limits.
void Http1Pool::Remove(Http1Connection& connection) {
  if (connection.state() == State::kConnecting) --connecting_count_;
  connection.Unlink();
  connection.Enter(State::kGone);
  connection.Close();
  CountClosed(connection.created(), connection.was_closed_by_peer(),
              connection.codec().has_failed());
  loop_.DeleteLater(std::unique_ptr<event::Deletable>(&connection));
}

void Http1Pool::Remove(Race& race) {
  --connecting_count_;
  race.Unlink();
  race.operation.Cancel();
  CountClosed(race.started, /*by_peer=*/false, /*with_active_request=*/false);
  loop_.DeleteLater(std::unique_ptr<event::Deletable>(&race));
}

void Http1Pool::CountClosed(base::MonoTime created, bool by_peer, bool with_active_request) {
  --connection_count_;
  counts().connections.Sub();
  tally_->cx_active().Decrement();
  const ClusterCounters& all = counters();
  all.upstream_cx_active.Decrement();
  all.upstream_cx_length_ms.Record(MillisSince(created, loop_.Now()));
  all.upstream_cx_destroy.Increment();
  (by_peer ? all.upstream_cx_destroy_remote : all.upstream_cx_destroy_local).Increment();
  if (!with_active_request) return;
  all.upstream_cx_destroy_with_active_rq.Increment();
  (by_peer ? all.upstream_cx_destroy_remote_with_active_rq
           : all.upstream_cx_destroy_local_with_active_rq)
      .Increment();
}

// --- idle connections --------------------------------------------------------------------------

base::MonoTime Http1Pool::ExpiryOf(const Http1Connection& connection) const {
  const ClusterSpec& spec = cluster_.spec();
  base::MonoTime expiry = base::MonoTime::max();
  if (spec.idle_timeout) expiry = connection.idle_since() + *spec.idle_timeout;
  if (spec.max_connection_duration) {
    expiry = std::min(expiry, connection.created() + *spec.max_connection_duration);
  }
  return expiry;
}

void Http1Pool::MakeIdle(Http1Connection& connection) {
  idle_.PushFront(connection);
  const base::MonoTime expiry = ExpiryOf(connection);
  if (expiry == base::MonoTime::max()) return;
  // Armed for the earliest of all; requests that come and go do not move it.
  if (idle_timer_.is_armed() && idle_deadline_ <= expiry) return;
  idle_deadline_ = expiry;
  idle_timer_.Arm(expiry - loop_.Now());
}

void Http1Pool::OnIdleTimer() {
  const base::MonoTime now = loop_.Now();
  base::MonoTime next = base::MonoTime::max();
  idle_.ForEach([&](Http1Connection& connection) {
    const base::MonoTime expiry = ExpiryOf(connection);
    if (expiry > now) {
      next = std::min(next, expiry);
      return;
    }
    const auto& spec = cluster_.spec();
    const bool is_idle_timeout =
        spec.idle_timeout && connection.idle_since() + *spec.idle_timeout <= now;
    (is_idle_timeout ? counters().upstream_cx_idle_timeout
                     : counters().upstream_cx_max_duration_reached)
        .Increment();
    Remove(connection);
  });
  if (next != base::MonoTime::max()) {
    idle_deadline_ = std::max(next, now + kIdleGrain);
    idle_timer_.Arm(idle_deadline_ - now);
  }
  ReportIfEmpty();
}

void Http1Pool::Drain() {
  is_draining_ = true;
  idle_.ForEach([this](Http1Connection& connection) { Remove(connection); });
  if (pending_count_ == 0) {
    connecting_.ForEach([this](Http1Connection& connection) { Remove(connection); });
    races_.ForEach([this](Race& race) { Remove(race); });
  }
}

void Http1Pool::ReportIfEmpty() {
  if (endpoint_.is_leaving && is_empty()) cluster_.OnPoolEmpty(endpoint_);
}

}  // namespace outrigger::upstream
