#include "source/upstream/pool_connection.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "source/base/text.h"
#include "source/upstream/http1_pool_codec.h"
#include "source/upstream/pool.h"

namespace outrigger::upstream {

// Thousands may stand idle.
static_assert(sizeof(PoolConnection) <= 568 && sizeof(Http1PoolCodec) <= 240);

namespace {

// What the race has left of the time to connect.
base::Milliseconds HandshakeTime(const ClusterSpec& spec, base::MonoTime created,
                                 base::MonoTime now) {
  const auto spent = std::chrono::duration_cast<base::Milliseconds>(now - created);
  return std::max(spec.connect_timeout - spent, base::Milliseconds(1));
}

}  // namespace

PoolConnection::PoolConnection(Pool& pool, event::Loop& loop,
                               absl::StatusOr<net::Socket> connecting,
                               std::unique_ptr<net::Transport> transport, const ClusterSpec& spec)
    : pool_(pool),
      connection_(loop, std::move(connecting), spec.connect_timeout, *this,
                  {.output_high_bytes = spec.buffer_limit_bytes}, std::move(transport)),
      created_(loop.Now()),
      idle_since_(created_) {}

PoolConnection::PoolConnection(Pool& pool, event::Loop& loop, net::RaceWinner winner,
                               std::unique_ptr<net::Transport> transport, const ClusterSpec& spec,
                               base::MonoTime created)
    : pool_(pool),
      connection_(loop, std::move(winner.socket), std::move(transport), *this,
                  {.output_high_bytes = spec.buffer_limit_bytes,
                   .handshake_timeout = HandshakeTime(spec, created, loop.Now())},
                  winner.address),
      created_(created),
      idle_since_(loop.Now()) {
  if (connection_.transport() == nullptr) codec_ = *pool_.MakeCodec(connection_, *this);
}

http::RequestWriter& PoolConnection::StartRequest(http::ResponseReceiver& receiver) {
  ++open_count_;
  ++exchange_count_;
  return codec_->StartRequest(receiver);
}

void PoolConnection::CountBytes(const ClusterCounters& counters) {
  const uint64_t read = connection_.bytes_read();
  const uint64_t written = connection_.bytes_written();
  counters.upstream_cx_rx_bytes_total.Add(read - std::exchange(counted_read_, read));
  counters.upstream_cx_tx_bytes_total.Add(written - std::exchange(counted_written_, written));
}

void PoolConnection::OnConnected() {
  absl::StatusOr<std::unique_ptr<PoolCodec>> codec = pool_.MakeCodec(connection_, *this);
  if (!codec.ok()) {
    return pool_.OnConnectFailed(*this, net::CloseCause::kHandshakeFailed,
                                 base::StdView(codec.status().message()));
  }
  codec_ = *std::move(codec);
  idle_since_ = connection_.loop().Now();
  pool_.OnConnected(*this);
}

void PoolConnection::OnData(base::Buffer& in, bool end) {
  if (end) was_closed_by_peer_ = true;
  codec_->OnData(in, end);
  // Streams may go on for days: their bytes are not kept back until they end.
  if (state_ != State::kGone) pool_.CountBytesOf(*this);
}

void PoolConnection::OnClosed(net::CloseCause cause) {
  was_closed_by_peer_ = true;
  if (state_ == State::kConnecting) {
    return pool_.OnConnectFailed(*this, cause, net::TransportFailure(connection_));
  }
  codec_->OnClosed(cause);
}

void PoolConnection::OnCodecChange() {
  if (state_ == State::kGone) return;
  const uint32_t open = codec_->state().open;
  const uint32_t ended = std::exchange(open_count_, open) - open;
  if (ended > 0 && open == 0) idle_since_ = connection_.loop().Now();
  pool_.OnChange(*this, ended);
}

}  // namespace outrigger::upstream
