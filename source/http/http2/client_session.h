#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "source/base/buffer.h"
#include "source/event/loop.h"
#include "source/http/codec.h"
#include "source/http/http2/options.h"
#include "source/net/connection.h"

struct nghttp2_session;

namespace outrigger::http::http2 {

class ClientStream;
struct ClientCallbacks;

// What the holder of the connection hears from its session.
class ClientSessionEvents {
 public:
  virtual ~ClientSessionEvents() = default;
  // At most once: the peer takes no new streams (GOAWAY); the present ones go on.
  virtual void OnGoAway() = 0;
  // Any number of times, from the loop: a stream ended, or the peer changed its limit on streams;
  // whoever waits for a place may look at may_start() again.
  virtual void OnStreamPlaces() {}
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
  bool may_start() const { return !is_ended_ && !has_goaway_ && streams_.size() < stream_limit_; }
  // Why may_start() is false: no place is free now, or none will ever be.
  bool is_taking_streams() const { return !is_ended_ && !has_goaway_; }
  size_t stream_count() const { return streams_.size(); }
  // How many may be open: the smaller of Options and the peer's SETTINGS, as last heard.
  size_t stream_limit() const { return stream_limit_; }

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
  size_t stream_limit_;
  bool has_new_places_ = false;  // OnStreamPlaces is due
  std::string failure_;          // not empty: End is due
};

}  // namespace outrigger::http::http2
