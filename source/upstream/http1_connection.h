#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "source/base/clock.h"
#include "source/base/intrusive_list.h"
#include "source/event/loop.h"
#include "source/http/http1/client_codec.h"
#include "source/net/connection.h"
#include "source/net/happy_eyeballs.h"
#include "source/upstream/cluster_counters.h"
#include "source/upstream/cluster_spec.h"

namespace outrigger::upstream {

class Http1Pool;

// One connection of a pool: connecting, idle or busy with one request.
// Owner: its pool, in the list of its state; handed to DeleteLater when it is of no more use.
// Thread: one worker.
class Http1Connection final : public event::Deletable,
                              public base::ListLink<>,
                              private net::ConnectionEvents,
                              private http::http1::ClientCodecEvents {
 public:
  enum class State : uint8_t { kConnecting, kIdle, kBusy, kGone };

  Http1Connection(Http1Pool& pool, event::Loop& loop, absl::StatusOr<net::Socket> connecting,
                  const ClusterSpec& spec);
  // A socket that has connected since `created`.
  Http1Connection(Http1Pool& pool, event::Loop& loop, net::RaceWinner winner,
                  const ClusterSpec& spec, base::MonoTime created);

  State state() const { return state_; }
  // kIdle: from now on.
  void Enter(State state);
  http::RequestWriter& StartRequest(http::ResponseReceiver& receiver) {
    return codec_.StartRequest(receiver);
  }
  // No event follows.
  void Close() { connection_.Close(net::CloseMode::kNow); }

  net::Connection& connection() { return connection_; }
  const http::http1::ClientCodec& codec() const { return codec_; }
  bool was_closed_by_peer() const { return was_closed_by_peer_; }
  base::MonoTime created() const { return created_; }
  base::MonoTime idle_since() const { return idle_since_; }
  // Counts the bytes that moved since the last call.
  void CountBytes(const ClusterCounters& counters);

 private:
  // net::ConnectionEvents
  void OnConnected() override;
  void OnData(base::Buffer& in, bool end) override;
  void OnOutputHigh() override { codec_.OnOutputHigh(); }
  void OnOutputLow() override { codec_.OnOutputLow(); }
  void OnClosed(net::CloseCause cause) override;
  // http::http1::ClientCodecEvents
  void OnExchangeEnd(bool reusable) override;
  void OnIdleEnd() override;

  Http1Pool& pool_;  // gone before us; not called after state_ is kGone
  net::Connection connection_;
  http::http1::ClientCodec codec_;
  base::MonoTime created_;
  base::MonoTime idle_since_;
  uint64_t counted_read_ = 0;
  uint64_t counted_written_ = 0;
  State state_ = State::kConnecting;
  bool was_closed_by_peer_ = false;
};

}  // namespace outrigger::upstream
