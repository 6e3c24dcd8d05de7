#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "source/base/buffer.h"
#include "source/event/loop.h"
#include "source/http/codec.h"
#include "source/http/http2/client_stream.h"
#include "source/http/http2/counters.h"
#include "source/http/http2/field_section.h"
#include "source/http/http2/frame_reader.h"
#include "source/http/http2/framer.h"
#include "source/http/http2/options.h"
#include "source/http/http2/pings.h"
#include "source/net/connection.h"

namespace outrigger::http::http2 {

// What the holder of the connection hears from its session.
class ClientSessionEvents {
 public:
  virtual ~ClientSessionEvents() = default;
  // At most once, from the loop: the peer takes no new streams (GOAWAY); the present ones go on.
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
// Errors: a stream's through OnResponseError: kRefused when the peer did not look at it
// (REFUSED_STREAM, or above the id of its GOAWAY), which is safe to replay.
// Limits: Options. Unsent frames are bounded by the connection's watermark, received body by the
// windows.
class ClientSession final : private event::Deferred, private FramerEvents {
 public:
  // `counters` outlive the session; without them nothing is counted.
  ClientSession(net::Connection& connection, const Options& options, ClientSessionEvents& events,
                const Counters* counters = nullptr);
  ClientSession(const ClientSession&) = delete;
  ClientSession& operator=(const ClientSession&) = delete;

  // Begins an exchange, while may_start(). The receiver must stay until its last call or Reset.
  // One with RequestHead::upgrade waits for the peer's first SETTINGS, and is kRefused when they do
  // not allow it (RFC 8441).
  RequestWriter& StartRequest(ResponseReceiver& receiver);
  bool may_start() const {
    return is_taking_streams() && stream_count() < stream_limit_ && !framer_.window().is_crowded();
  }
  // Why may_start() is false: no place is free now (the limit is reached, or paused streams hold
  // most of the connection's window, so that a new one might wait for them), or none will ever be.
  bool is_taking_streams() const {
    return !is_ended_ && !has_goaway_ && !is_draining_ && framer_.failure() == nullptr;
  }
  size_t stream_count() const { return framer_.streams().count(); }
  // How many may be open: the smaller of Options and the peer's SETTINGS, as last heard.
  size_t stream_limit() const { return stream_limit_; }
  // Takes no new streams; when the present ones are over the session ends.
  void Drain();

  void OnData(base::Buffer& in, bool end);
  void OnClosed(net::CloseCause cause);
  void OnOutputHigh() {}
  void OnOutputLow() { OnSendDue(); }

 private:
  friend class ClientStream;

  // For ClientStream.
  bool has_peer_settings() const { return has_peer_settings_; }
  void AwaitSettings(ClientStream& stream) { waiting_.push_back(&stream); }
  void ForgetWaiting(ClientStream& stream);

  void RunDeferred() override;
  // FramerEvents
  void OnFieldsBegin(int32_t id, Stream* stream, bool opens) override;
  void OnField(FieldText name, FieldText value) override;
  void OnFieldsEnd(bool last) override;
  void OnPeerSettings() override;
  void OnPeerGoAway() override;
  void OnPingAnswer(const uint8_t (&payload)[8]) override { pings_.TakeAnswer(payload); }
  void OnSendDue() override { connection_.loop().Defer(*this); }

  void TellPlaces();
  void EndIfOver();
  void End(std::string_view detail, std::string_view reason);

  net::Connection& connection_;
  const Options options_;
  ClientSessionEvents& events_;
  Framer framer_;
  FrameReader reader_;
  Pings pings_;
  FieldSection fields_;
  ClientStream* reading_ = nullptr;     // whose section that is; null: no one wants it
  std::vector<ClientStream*> waiting_;  // for the peer's SETTINGS
  base::MonoTime last_input_;
  size_t stream_limit_;
  bool has_goaway_ = false;
  bool is_goaway_due_ = false;  // OnGoAway
  bool is_draining_ = false;
  bool has_peer_settings_ = false;
  bool are_settings_due_ = false;  // for waiting_
  bool was_crowded_ = false;
  bool has_new_places_ = false;  // OnStreamPlaces
  bool has_flushed_ = false;     // the last frames had their chance to leave
  bool is_ended_ = false;
};

}  // namespace outrigger::http::http2
