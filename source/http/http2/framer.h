#pragma once

#include <cstdint>
#include <string_view>

#include "source/base/buffer.h"
#include "source/event/loop.h"
#include "source/http/http2/counters.h"
#include "source/http/http2/field_section.h"
#include "source/http/http2/frame_rates.h"
#include "source/http/http2/options.h"
#include "source/http/http2/receive_window.h"
#include "source/http/http2/stream_table.h"
#include "source/http/http2/unsent_frames.h"
#include "source/net/connection.h"

struct nghttp2_session;

namespace outrigger::http::http2 {

// What a session hears from its framer, from inside nghttp2 (but OnSendDue): it takes notes and
// marks streams as due, and calls no receiver.
class FramerEvents {
 public:
  virtual ~FramerEvents() = default;
  // A header block begins; `stream` is null for one that is not known. `opens`: it is the first of
  // the peer's stream.
  virtual void OnFieldsBegin(int32_t id, Stream* stream, bool opens) = 0;
  virtual void OnField(FieldText name, FieldText value) = 0;
  virtual void OnFieldsEnd(bool last) = 0;
  virtual void OnPeerSettings() {}
  virtual void OnPeerGoAway() {}
  virtual void OnPingAnswer(const uint8_t (&payload)[8]) = 0;
  // Something is to be delivered or sent at the end of the event.
  virtual void OnSendDue() = 0;
};

// The frames of one connection: nghttp2, the limits above it, and the way to the connection.
// Owner: a session.  Thread: the connection's worker.  Lifetime: as the session's; connection,
// options and counters are borrowed.
// Receivers are called only from StreamTable::Deliver. nghttp2 is then not on the stack, so they
// may write; heads are serialised at once, and their memory is not needed after the call. Limits:
// Options; what passes them ends the connection through Fail.
class Framer final {
 public:
  enum class Side : uint8_t { kServer, kClient };

  Framer(Side side, net::Connection& connection, const Options& options, const Counters& counters,
         FramerEvents& events);
  ~Framer();
  Framer(const Framer&) = delete;
  Framer& operator=(const Framer&) = delete;

  const Options& options() const { return options_; }
  const Counters& counters() const { return counters_; }
  net::Connection& connection() { return connection_; }
  nghttp2_session* session() { return session_; }
  StreamTable& streams() { return streams_; }
  const StreamTable& streams() const { return streams_; }
  ReceiveWindow& window() { return window_; }
  const ReceiveWindow& window() const { return window_; }

  // Hands the first `size` bytes of `in` to nghttp2: a frame, or a part of DATA. Then answers and
  // delivers what came with them.
  void Give(base::Buffer& in, size_t size);
  // Writes all frames but DATA; they leave at the end of the round.
  void SendHeads();
  // Sends body, too, as the windows and the socket allow. True: a fair share of it went, and there
  // is more to send behind the connection's next flush.
  [[nodiscard]] bool SendRound();
  void SendSoon() { events_.OnSendDue(); }
  // The connection ends with this GOAWAY; nothing more is read. Later calls are without effect.
  void Fail(const Failure& failure);
  // Null: it goes on. Set, too, when nghttp2 found a fault itself.
  const Failure* failure() const { return has_failed_ ? &failure_ : nullptr; }

  // Of the peer's frames.
  FrameRates rates;

 private:
  friend struct FramerCallbacks;

  void SetUp(Side side);
  void SubmitSettings(Side side);
  void AppendStreamLimit();
  void WriteHeads();
  bool SendNext();
  void NoteOutput();
  void OnFrameSent(uint8_t type, uint8_t flags, size_t length, int32_t id, bool is_answer);
  void OnGoAwaySent(uint32_t error_code);
  void OnPeerReset(int32_t id);
  void OnStreamClosed(Stream& stream, uint32_t error_code);

  const Side side_;
  net::Connection& connection_;
  const Options& options_;
  const Counters& counters_;
  FramerEvents& events_;
  nghttp2_session* session_ = nullptr;
  ReceiveWindow window_;
  StreamTable streams_;
  const base::Slice* input_ = nullptr;  // what nghttp2 reads now
  Stream* input_stream_ = nullptr;      // whose DATA that is
  int32_t reset_id_ = 0;                // the peer's RST_STREAM that is being handled
  size_t round_left_ = 0;
  bool is_round_full_ = false;
  bool has_failed_ = false;
  Failure failure_{};
  UnsentFrames unsent_;
};

}  // namespace outrigger::http::http2
