#pragma once

#include <cstdint>
#include <memory>

#include "source/base/buffer.h"
#include "source/event/loop.h"
#include "source/event/timer.h"
#include "source/http/codec.h"
#include "source/http/http2/counters.h"
#include "source/http/http2/frame_reader.h"
#include "source/http/http2/framer.h"
#include "source/http/http2/options.h"
#include "source/http/http2/pings.h"
#include "source/http/http2/preface.h"
#include "source/http/http2/request_fields.h"
#include "source/http/http2/server_stream.h"
#include "source/net/connection.h"

namespace outrigger::http::http2 {

// HTTP/2 as the server of one connection speaks it (RFC 9113).
// Owner: the holder of the connection, who hands OnData, OnClosed and the output events on.
// Thread: the connection's worker.  Lifetime: as the connection's; both are borrowed. Destroying it
// forgets its streams without a call.
// Receivers are called from inside OnData and from the loop; frames leave at the end of the event.
// Errors: a stream's through OnRequestError; the connection's by GOAWAY, before which every open
// stream hears kConnectionClosed. Then, and after Drain, the connection is flushed and ends by its
// own OnClosed; OnCodecDone comes when the client closed its side.
// Limits: Options. A slow reader of one stream holds back only that stream: what it may hold is its
// window (body in), stream_output_high_bytes and the piece above it (body out).
class ServerSession final : public ServerCodec, private event::Deferred, private FramerEvents {
 public:
  ServerSession(net::Connection& connection, const Options& options, const Counters& counters,
                ServerStreams& streams);
  ServerSession(const ServerSession&) = delete;
  ServerSession& operator=(const ServerSession&) = delete;

  // ServerCodec. The client's preface is part of the data.
  void OnData(base::Buffer& in, bool end) override;
  void OnClosed() override;
  void OnOutputHigh() override {}  // streams have watermarks of their own
  void OnOutputLow() override { OnSendDue(); }
  // GOAWAY for all streams, and, a round trip later, GOAWAY for those that came until then; once
  // those are over the connection closes.
  void Drain() override;
  void Refuse(const StreamError& error) override;
  bool is_idle() const override { return framer_.streams().count() == 0 && !is_reading_head(); }
  bool is_reading_head() const override { return reader_.has_partial(); }

 private:
  enum class Phase : uint8_t {
    kOpen,
    kDraining,  // the first GOAWAY went out
    kEnding,    // the last one did
    kOver,      // nothing is read or sent any more
  };

  // event::Deferred
  void RunDeferred() override;
  // FramerEvents
  void OnFieldsBegin(int32_t id, Stream* stream, bool opens) override;
  void OnField(FieldText name, FieldText value) override;
  void OnFieldsEnd(bool last) override;
  void OnPingAnswer(const uint8_t (&payload)[8]) override;
  void OnSendDue() override { connection_.loop().DeferToRoundEnd(*this); }

  bool MayOpen() const;
  void Open(int32_t id);
  void Refuse(int32_t id);
  void FinishDrain();
  void EndIfOver();
  void End(std::string_view detail, net::CloseMode mode);

  net::Connection& connection_;
  ServerStreams& streams_;
  Framer framer_;
  FrameReader reader_;
  Pings pings_;
  RequestFields head_fields_;
  FieldSection trailer_fields_;
  ServerStream* reading_ = nullptr;  // whose section that is; null: no one wants it
  std::unique_ptr<event::Timer> drain_timer_;
  Phase phase_ = Phase::kOpen;
};

}  // namespace outrigger::http::http2
