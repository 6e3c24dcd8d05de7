#pragma once

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "source/base/clock.h"
#include "source/base/intrusive_list.h"
#include "source/event/loop.h"
#include "source/net/connection.h"
#include "source/net/happy_eyeballs.h"
#include "source/upstream/cluster_counters.h"
#include "source/upstream/cluster_spec.h"
#include "source/upstream/pool_codec.h"

namespace outrigger::upstream {

class Pool;

// One connection of a pool, with the codec that speaks on it once it stands.
// Owner: its pool, in the list of its state; handed to DeleteLater when it is of no more use.
// Thread: one worker.
class PoolConnection final : public event::Deletable,
                             public base::ListLink<>,
                             private net::ConnectionEvents,
                             private PoolCodecEvents {
 public:
  enum class State : uint8_t {
    kConnecting,
    kFree,      // an exchange may begin
    kFull,      // not before another one ends
    kRetiring,  // never again; the present ones go on
    kGone,
  };

  PoolConnection(Pool& pool, event::Loop& loop, absl::StatusOr<net::Socket> connecting,
                 std::unique_ptr<net::Transport> transport, const ClusterSpec& spec);
  // A socket that has connected since `created`; with a transport its handshake is still to come.
  PoolConnection(Pool& pool, event::Loop& loop, net::RaceWinner winner,
                 std::unique_ptr<net::Transport> transport, const ClusterSpec& spec,
                 base::MonoTime created);

  State state() const { return state_; }
  void Enter(State state) { state_ = state; }
  // While codec().places() > 0.
  http::RequestWriter& StartRequest(http::ResponseReceiver& receiver);
  net::Connection& connection() { return connection_; }
  // Once it has connected.
  const PoolCodec& codec() const { return *codec_; }
  // The exchanges that go on, and all that were begun so far.
  uint32_t open_count() const { return open_count_; }
  uint32_t exchange_count() const { return exchange_count_; }
  bool has_broken_off() const { return codec_ != nullptr && codec_->state().has_broken_off; }
  bool was_closed_by_peer() const { return was_closed_by_peer_; }
  base::MonoTime created() const { return created_; }
  // While open_count() is 0: since when.
  base::MonoTime idle_since() const { return idle_since_; }
  // Counts the bytes that moved since the last call.
  void CountBytes(const ClusterCounters& counters);

 private:
  // net::ConnectionEvents
  void OnConnected() override;
  void OnData(base::Buffer& in, bool end) override;
  void OnOutputHigh() override { codec_->OnOutputHigh(); }
  void OnOutputLow() override { codec_->OnOutputLow(); }
  void OnClosed(net::CloseCause cause) override;
  // PoolCodecEvents
  void OnCodecChange() override;

  Pool& pool_;  // gone before us; not called after state_ is kGone
  net::Connection connection_;
  std::unique_ptr<PoolCodec> codec_;  // uses connection_; null while connecting
  base::MonoTime created_;
  base::MonoTime idle_since_;
  uint64_t counted_read_ = 0;
  uint64_t counted_written_ = 0;
  uint32_t open_count_ = 0;
  uint32_t exchange_count_ = 0;
  State state_ = State::kConnecting;
  bool was_closed_by_peer_ = false;
};

}  // namespace outrigger::upstream
