#include "source/upstream/http1_connection.h"

#include <utility>

#include "source/upstream/pool.h"

namespace outrigger::upstream {

// Thousands may stand idle.
static_assert(sizeof(Http1Connection) <= 704);

Http1Connection::Http1Connection(Http1Pool& pool, event::Loop& loop,
                                 absl::StatusOr<net::Socket> connecting, const ClusterSpec& spec)
    : pool_(pool),
      connection_(loop, std::move(connecting), spec.connect_timeout, *this,
                  {.output_high_bytes = spec.buffer_limit_bytes}),
      codec_(connection_, spec.http1, *this),
      created_(loop.Now()),
      idle_since_(created_) {}

Http1Connection::Http1Connection(Http1Pool& pool, event::Loop& loop, net::RaceWinner winner,
                                 const ClusterSpec& spec, base::MonoTime created)
    : pool_(pool),
      connection_(loop, std::move(winner.socket), *this,
                  {.output_high_bytes = spec.buffer_limit_bytes}, &winner.address),
      codec_(connection_, spec.http1, *this),
      created_(created),
      idle_since_(created) {}

void Http1Connection::Enter(State state) {
  state_ = state;
  if (state == State::kIdle) idle_since_ = connection_.loop().Now();
}

void Http1Connection::CountBytes(const ClusterCounters& counters) {
  const uint64_t read = connection_.bytes_read();
  const uint64_t written = connection_.bytes_written();
  counters.upstream_cx_rx_bytes_total.Add(read - std::exchange(counted_read_, read));
  counters.upstream_cx_tx_bytes_total.Add(written - std::exchange(counted_written_, written));
}

void Http1Connection::OnConnected() { pool_.OnConnected(*this); }

void Http1Connection::OnData(base::Buffer& in, bool end) {
  if (end) was_closed_by_peer_ = true;
  codec_.OnData(in, end);
}

void Http1Connection::OnClosed(net::CloseCause cause) {
  was_closed_by_peer_ = true;
  if (state_ == State::kConnecting) return pool_.OnConnectFailed(*this, cause);
  codec_.OnClosed(cause);
  if (state_ == State::kIdle) pool_.OnIdleEnd(*this);
}

void Http1Connection::OnExchangeEnd(bool reusable) {
  if (state_ == State::kBusy) pool_.OnExchangeEnd(*this, reusable);
}

void Http1Connection::OnIdleEnd() {
  if (state_ == State::kIdle) pool_.OnIdleEnd(*this);
}

}  // namespace outrigger::upstream
