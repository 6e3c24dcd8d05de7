#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "source/base/clock.h"
#include "source/base/intrusive_list.h"
#include "source/event/loop.h"
#include "source/http/http1/client_codec.h"
#include "source/net/connection.h"
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

  State state() const { return state_; }
  void set_state(State state) { state_ = state; }
  http::RequestWriter& StartRequest(http::ResponseReceiver& receiver) {
    return codec_.StartRequest(receiver);
  }
  // No event follows.
  void Close() { connection_.Close(net::CloseMode::kNow); }

  net::Connection& connection() { return connection_; }
  uint32_t request_count() const { return codec_.exchange_count(); }
  // Ended with its last request unfinished.
  bool has_failed_request() const { return codec_.has_failed(); }
  bool was_closed_by_peer() const { return was_closed_by_peer_; }
  base::MonoTime created() const { return created_; }
  base::MonoTime idle_since() const { return idle_since_; }
  void set_idle_since(base::MonoTime now) { idle_since_ = now; }
  // Bytes moved since the last call.
  uint64_t TakeBytesRead();
  uint64_t TakeBytesWritten();

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
