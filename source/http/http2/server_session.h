#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "source/base/buffer.h"
#include "source/event/loop.h"
#include "source/http/codec.h"
#include "source/http/http2/options.h"
#include "source/net/connection.h"
#include "source/stats/store.h"

namespace outrigger::http::http2 {

// `http2.*` of a connection manager or cluster, with Envoy's names; see counters.h.
struct Counters;

// HTTP/2 as the server of one connection speaks it (RFC 9113).
// Owner: the holder of the connection, who hands OnData, OnClosed and the output events on.
// Thread: the connection's worker.  Lifetime: as the connection's; both are borrowed. Destroying it
// forgets its streams without a call.
// Receivers are called from inside OnData and from the loop; frames leave at the end of the event.
// Errors: a stream's through OnRequestError; the connection's by GOAWAY, then OnCodecDone, before
// which every open stream hears kConnectionClosed.
// Limits: Options. A slow reader of one stream holds back only that stream: what it may hold is its
// window (body in), stream_output_high_bytes and the piece above it (body out).
class ServerSession final : public ServerCodec, private event::Deferred {
 public:
  ServerSession(net::Connection& connection, const Options& options, const Counters& counters,
                ServerStreams& streams);
  ~ServerSession() override;
  ServerSession(const ServerSession&) = delete;
  ServerSession& operator=(const ServerSession&) = delete;

  // ServerCodec. The client's preface is part of the data.
  void OnData(base::Buffer& in, bool end) override;
  void OnClosed() override;
  void OnOutputHigh() override;
  void OnOutputLow() override;
  // GOAWAY for all streams, and, a round trip later, GOAWAY for those that came until then; once
  // those are over the connection closes.
  void Drain() override;
  void Refuse(const StreamError& error) override;
  bool is_idle() const override;
  bool is_reading_head() const override;
};

// How a connection of HTTP/2 with prior knowledge begins (RFC 9113 3.4).
inline constexpr std::string_view kClientPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

}  // namespace outrigger::http::http2
