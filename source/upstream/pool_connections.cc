// The connections' side of a pool: making, keeping and retiring them.
#include <algorithm>
#include <chrono>
#include <utility>

#include "source/base/check.h"
#include "source/base/text.h"
#include "source/upstream/http1_pool_codec.h"
#include "source/upstream/http2_pool_codec.h"
#include "source/upstream/pool.h"

namespace outrigger::upstream {
namespace {

using State = PoolConnection::State;

// Connections are looked at for their age no more often than this.
constexpr base::Milliseconds kExpiryGrain{10};
// Streams that begin before the peer's SETTINGS came: RFC 9113 6.5.2 asks peers to allow no fewer.
constexpr uint32_t kFirstStreams = 100;

uint64_t MillisSince(base::MonoTime start, base::MonoTime now) {
  return static_cast<uint64_t>(std::chrono::duration_cast<base::Milliseconds>(now - start).count());
}

}  // namespace

absl::StatusOr<std::unique_ptr<PoolCodec>> Pool::MakeCodec(net::Connection& connection,
                                                           PoolCodecEvents& events) {
  const absl::StatusOr<http::Protocol> protocol = ProtocolOn(connection);
  if (!protocol.ok()) return protocol.status();
  const ClusterSpec& spec = cluster_.spec();
  if (*protocol == http::Protocol::kHttp2) {
    const uint32_t first_streams = stream_limit_ == 0 ? kFirstStreams : stream_limit_;
    return std::make_unique<Http2PoolCodec>(connection, spec.http2, cluster_.http2_counters(),
                                            first_streams, events);
  }
  return std::make_unique<Http1PoolCodec>(connection, spec.http1, events);
}

// An endpoint that says nothing by ALPN is taken at the cluster's word.
absl::StatusOr<http::Protocol> Pool::ProtocolOn(const net::Connection& connection) const {
  const net::Transport* transport = connection.transport();
  const std::string_view agreed =
      transport == nullptr ? std::string_view() : transport->application_protocol();
  const bool chose_http2 = agreed == "h2";
  const bool chose_http1 = agreed == "http/1.1" || agreed == "http/1.0";
  const bool takes_http2 = key_.speaks == UpstreamProtocol::kHttp2;
  if (key_.speaks == UpstreamProtocol::kAlpn) {
    return chose_http2 ? http::Protocol::kHttp2 : http::Protocol::kHttp11;
  }
  if (takes_http2 ? chose_http1 : chose_http2) {
    return absl::FailedPreconditionError(base::StrCat("ALPN: the endpoint chose ", agreed,
                                                      ", the cluster speaks ",
                                                      takes_http2 ? "h2" : "http/1.1"));
  }
  return takes_http2 ? http::Protocol::kHttp2 : http::Protocol::kHttp11;
}

// --- making ------------------------------------------------------------------------------------

bool Pool::ExpectsHttp2() const { return key_.speaks == UpstreamProtocol::kHttp2 || chose_http2_; }

// How many requests a connection is expected to carry that does not stand yet.
uint32_t Pool::PlacesOfNext() const {
  const ClusterSpec& spec = cluster_.spec();
  uint32_t places = 1;
  if (ExpectsHttp2()) {
    places = spec.http2.max_concurrent_streams;
    if (stream_limit_ != 0) places = std::min(places, stream_limit_);
  }
  return std::min(places, spec.max_requests_per_connection.value_or(places));
}

bool Pool::WantsConnection() const {
  if (connecting_count_ < fresh_pending_count_) return true;
  // A first connection stands, and its peer is about to say how many it carries: that decides.
  const bool waits_for_limit =
      ExpectsHttp2() && stream_limit_ == 0 && connection_count_ > connecting_count_;
  return !waits_for_limit && uint64_t{connecting_count_} * PlacesOfNext() < pending_count_;
}

void Pool::Connect(bool counts_overflow) {
  while (WantsConnection()) {
    if (!MayConnect()) {
      if (counts_overflow) counters().upstream_cx_overflow.Increment();
      return;
    }
    OpenConnection();
  }
}

bool Pool::MayConnect() {
  if (connection_count_ == 0 || counts().connections.Fits(limits().max_connections)) return true;
  // Whoever may not use a kept connection takes the place of one.
  if (fresh_pending_count_ == 0 || free_.empty() || free_.back().open_count() > 0) return false;
  Remove(free_.back());
  return true;
}

// per_upstream_preconnect_ratio: places for so many times the requests that go on or wait. Spare
// connections never pass a circuit breaker, and one that fails is not made again before the next
// request.
bool Pool::WantsSpare() {
  const double ratio = cluster_.spec().preconnect_ratio;
  const double busy = static_cast<double>(open_count_) + pending_count_;
  double missing = busy * ratio - open_count_;
  missing -= static_cast<double>(connecting_count_) * PlacesOfNext();
  free_.ForEach([&](PoolConnection& connection) {
    if (missing > 0) missing -= connection.codec().places();
  });
  return missing > 0;
}

void Pool::ConnectSpare() {
  constexpr int kMost = 3;  // for one request
  if (cluster_.spec().preconnect_ratio <= 1 || is_draining_) return;
  for (int i = 0; i < kMost && counts().connections.Fits(limits().max_connections); ++i) {
    if (!WantsSpare()) return;
    OpenConnection();
  }
}

void Pool::OpenConnection() {
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
  auto transport = cluster_.MakeTransport(*endpoint_.endpoint, key_.speaks, name_);
  auto socket = transport.ok() ? net::StartConnect(addresses.front(), source, spec.keepalive)
                               : transport.status();
  auto* connection = new PoolConnection(*this, loop_, std::move(socket),
                                        std::move(transport).value_or(nullptr), spec);
  connecting_.PushBack(*connection);
}

void Pool::OnRaceEnd(Race& race, absl::StatusOr<net::RaceWinner> winner) {
  std::unique_ptr<net::Transport> transport;
  if (winner.ok()) {
    auto made = cluster_.MakeTransport(*endpoint_.endpoint, key_.speaks, name_);
    if (made.ok()) {
      transport = *std::move(made);
    } else {
      winner = made.status();
    }
  }
  if (!winner.ok()) {
    const bool is_timeout = absl::IsDeadlineExceeded(winner.status());
    Remove(race);
    return FailPending(
        is_timeout ? net::CloseCause::kConnectTimeout : net::CloseCause::kConnectFailed,
        base::StdView(winner.status().message()));
  }
  const bool is_plain = transport == nullptr;
  auto* connection = new PoolConnection(*this, loop_, *std::move(winner), std::move(transport),
                                        cluster_.spec(), race.started);
  connecting_.PushBack(*connection);
  race.Unlink();
  loop_.DeleteLater(std::unique_ptr<event::Deletable>(&race));
  if (is_plain) OnConnected(*connection);
}

void Pool::OnConnected(PoolConnection& connection) {
  --connecting_count_;
  if (key_.speaks == UpstreamProtocol::kAlpn) {
    chose_http2_ = connection.codec().protocol() == http::Protocol::kHttp2;
    CountProtocol(connection.codec().protocol());
  }
  counters().upstream_cx_connect_ms.Record(MillisSince(connection.created(), loop_.Now()));
  Move(connection, State::kFree);
  Settle(connection);
  // It may carry fewer requests than were counted on.
  Connect(/*counts_overflow=*/false);
  ReportIfEmpty();
}

void Pool::OnConnectFailed(PoolConnection& connection, net::CloseCause cause,
                           std::string_view why) {
  Remove(connection);
  FailPending(cause, why);
}

// --- keeping -----------------------------------------------------------------------------------

void Pool::Move(PoolConnection& connection, State state) {
  connection.Unlink();
  connection.Enter(state);
  if (state == State::kFree) {
    free_.PushFront(connection);
  } else {
    busy_.PushBack(connection);
  }
}

void Pool::OnChange(PoolConnection& connection, uint32_t ended) {
  if (ended > 0) CountEnded(ended);
  connection.CountBytes(counters());
  const PoolCodecState state = connection.codec().state();
  if (state.limit > 0) stream_limit_ = state.limit;
  if (!state.takes_more) {
    if (state.was_announced && connection.state() != State::kRetiring) {
      counters().upstream_cx_close_notify.Increment();
    }
    Retire(connection);
  } else {
    Settle(connection);
  }
  Connect(/*counts_overflow=*/false);
  ReportIfEmpty();
  for (; ended > 0; --ended) cluster_.Unref();
}

// Puts a connection that works to the use it is good for now.
void Pool::Settle(PoolConnection& connection) {
  if (connection.state() == State::kRetiring || MustRetire(connection)) return Retire(connection);
  const bool is_free = connection.codec().places() > 0;
  if (is_free && connection.state() == State::kFull) Move(connection, State::kFree);
  Serve(connection);
  if (connection.state() == State::kGone) return;
  if (is_draining_ && pending_count_ == 0) return Retire(connection);
  if (connection.state() == State::kFree) WatchExpiry(connection);
}

bool Pool::MustRetire(const PoolConnection& connection) const {
  if (is_draining_ && pending_count_ == 0) return true;
  const ClusterSpec& spec = cluster_.spec();
  if (spec.max_connection_duration &&
      loop_.Now() - connection.created() >= *spec.max_connection_duration) {
    counters().upstream_cx_max_duration_reached.Increment();
    return true;
  }
  return false;
}

// No request begins here any more; the connection goes with its last one.
void Pool::Retire(PoolConnection& connection) {
  if (connection.state() != State::kRetiring) Move(connection, State::kRetiring);
  if (connection.open_count() == 0) Remove(connection);
}

void Pool::CountOpened() {
  ++connecting_count_;
  ++connection_count_;
  counts().connections.Add();
  tally_->cx_total().Increment();
  tally_->cx_active().Increment();
  counters().upstream_cx_total.Increment();
  counters().upstream_cx_active.Increment();
  if (key_.speaks == UpstreamProtocol::kAlpn) return;  // nobody knows yet
  CountProtocol(ExpectsHttp2() ? http::Protocol::kHttp2 : http::Protocol::kHttp11);
}

void Pool::CountProtocol(http::Protocol protocol) {
  (protocol == http::Protocol::kHttp2 ? counters().upstream_cx_http2_total
                                      : counters().upstream_cx_http1_total)
      .Increment();
}

// The connection goes, and with it its place under the limits.
void Pool::Remove(PoolConnection& connection) {
  DCHECK(connection.open_count() == 0);
  if (connection.state() == State::kConnecting) --connecting_count_;
  connection.Unlink();
  connection.Enter(State::kGone);
  connection.connection().Close(net::CloseMode::kNow);
  CountClosed(connection.created(), connection.was_closed_by_peer(), connection.has_broken_off());
  loop_.DeleteLater(std::unique_ptr<event::Deletable>(&connection));
}

void Pool::Remove(Race& race) {
  --connecting_count_;
  race.Unlink();
  race.operation.Cancel();
  CountClosed(race.started, /*by_peer=*/false, /*with_active_request=*/false);
  loop_.DeleteLater(std::unique_ptr<event::Deletable>(&race));
}

void Pool::CountClosed(base::MonoTime created, bool by_peer, bool with_active_request) {
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

// --- ages --------------------------------------------------------------------------------------

base::MonoTime Pool::ExpiryOf(const PoolConnection& connection) const {
  const ClusterSpec& spec = cluster_.spec();
  base::MonoTime expiry = base::MonoTime::max();
  if (spec.idle_timeout && connection.open_count() == 0) {
    expiry = connection.idle_since() + *spec.idle_timeout;
  }
  if (spec.max_connection_duration) {
    expiry = std::min(expiry, connection.created() + *spec.max_connection_duration);
  }
  return expiry;
}

void Pool::WatchExpiry(PoolConnection& connection) {
  const base::MonoTime expiry = ExpiryOf(connection);
  if (expiry == base::MonoTime::max()) return;
  // Armed for the earliest of all; requests that come and go do not move it.
  if (expiry_timer_.is_armed() && expiry_deadline_ <= expiry) return;
  expiry_deadline_ = expiry;
  expiry_timer_.Arm(expiry - loop_.Now());
}

void Pool::OnExpiryTimer() {
  const base::MonoTime now = loop_.Now();
  base::MonoTime next = base::MonoTime::max();
  free_.ForEach([&](PoolConnection& connection) {
    const base::MonoTime expiry = ExpiryOf(connection);
    if (expiry > now) {
      next = std::min(next, expiry);
      return;
    }
    const auto& spec = cluster_.spec();
    const bool is_idle_timeout = spec.idle_timeout && connection.open_count() == 0 &&
                                 connection.idle_since() + *spec.idle_timeout <= now;
    (is_idle_timeout ? counters().upstream_cx_idle_timeout
                     : counters().upstream_cx_max_duration_reached)
        .Increment();
    Retire(connection);
  });
  if (next != base::MonoTime::max()) {
    expiry_deadline_ = std::max(next, now + kExpiryGrain);
    expiry_timer_.Arm(expiry_deadline_ - now);
  }
  ReportIfEmpty();
}

void Pool::RetireOutdated(absl::FunctionRef<bool()> goes) {
  const auto look = [&](PoolConnection& connection) {
    if (connection.state() == State::kRetiring) return;
    const net::Transport* transport = connection.connection().transport();
    if (transport == nullptr || !transport->is_outdated() || !goes()) return;
    counters().upstream_cx_outdated.Increment();
    Retire(connection);
  };
  free_.ForEach(look);
  busy_.ForEach(look);
  ReportIfEmpty();
}

void Pool::Drain() {
  is_draining_ = true;
  free_.ForEach([this](PoolConnection& connection) { Retire(connection); });
  if (pending_count_ == 0) {
    connecting_.ForEach([this](PoolConnection& connection) { Remove(connection); });
    races_.ForEach([this](Race& race) { Remove(race); });
  }
}

void Pool::ReportIfEmpty() {
  if (!name_.empty() && is_empty()) endpoint_.RemoveNamed(name_, loop_);
  if (endpoint_.is_leaving && is_empty()) cluster_.OnPoolEmpty(endpoint_);
}

}  // namespace outrigger::upstream
