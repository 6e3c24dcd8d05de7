#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "source/base/buffer.h"
#include "source/event/loop.h"
#include "source/http/codec.h"
#include "source/net/connection.h"

struct nghttp2_session;

namespace outrigger::http::http2 {

class ClientStream;
struct ClientCallbacks;

// PINGs that tell a dead peer from a silent one (connection_keepalive).
struct Keepalive {
  base::Milliseconds interval{0};  // 0: none
  base::Milliseconds timeout{5000};
  uint32_t jitter_percent = 15;  // random share of interval added to each wait
};

struct Options {
  uint32_t stream_window_bytes = 1 << 20;  // what a paused stream may hold
  uint32_t connection_window_bytes = 4 << 20;
  size_t max_head_bytes = 60 * 1024;  // of a response's head or trailers
  size_t max_headers = 100;
  size_t stream_output_high_bytes = 256 * 1024;
  uint32_t max_continuations = 8;  // frames after a HEADERS frame
  // Frames that move no body, in a second without any that does: more is an attack.
  uint32_t max_idle_frames = 1000;
  Keepalive keepalive;
};

// What the holder of the connection hears from its session.
class ClientSessionEvents {
 public:
  virtual ~ClientSessionEvents() = default;
  // At most once: the peer takes no new streams (GOAWAY); the present ones go on.
  virtual void OnGoAway() = 0;
  // Once, last: the connection is of no more use; every stream has heard OnResponseError. The
  // session has closed the connection (no OnClosed follows) or heard OnClosed. `reason` says why,
  // for a log. From the loop, never from inside a method but OnClosed.
  virtual void OnSessionEnd(std::string_view reason) = 0;
};

// HTTP/2 as the client of one connection speaks it (RFC 9113).
// Owner: the holder of the connection, who hands OnData, OnClosed and the output events on.
// Thread: the connection's worker.  Lifetime: as the connection's; both are borrowed. Destroying it
// forgets its streams without a call.
// Receivers are called from inside OnData and OnClosed, and from the loop; frames leave at the end
// of the event.
// Limits: Options. Unsent frames are bounded by the connection's watermark, received body by the
// windows.
class ClientSession final : private event::Deferred {
 public:
  ClientSession(net::Connection& connection, const Options& options, ClientSessionEvents& events);
  ~ClientSession() override;
  ClientSession(const ClientSession&) = delete;
  ClientSession& operator=(const ClientSession&) = delete;

  // Begins an exchange, while may_start(). The receiver must stay until its last call or Reset.
  RequestWriter& StartRequest(ResponseReceiver& receiver);
  bool may_start() const { return !is_ended_ && !has_goaway_; }
  size_t stream_count() const { return streams_.size(); }

  void OnData(base::Buffer& in, bool end);
  void OnClosed(net::CloseCause cause);
  void OnOutputHigh() {}
  void OnOutputLow() { connection_.loop().Defer(*this); }

 private:
  friend class ClientStream;
  friend struct ClientCallbacks;

  void RunDeferred() override;
  void SetUp();
  void Pump();
  void FailStreams();
  // The peer broke a rule of ours: everything ends with this event.
  void Fail(std::string reason);
  void End();
  bool CountIdleFrame();
  void ArmKeepalive();
  void SendPing();

  net::Connection& connection_;
  const Options options_;
  ClientSessionEvents& events_;
  nghttp2_session* session_ = nullptr;
  absl::flat_hash_map<const ClientStream*, std::unique_ptr<ClientStream>> streams_;
  event::Timer ping_timer_;
  event::Timer pong_timer_;
  base::MonoTime idle_second_{};  // when counting of idle frames began
  uint32_t idle_frames_ = 0;
  bool has_goaway_ = false;
  bool is_ended_ = false;
  std::string failure_;  // not empty: End is due
};

}  // namespace outrigger::http::http2
