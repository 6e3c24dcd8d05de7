#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "source/base/buffer.h"
#include "source/http/codec.h"
#include "source/http/http1/chunked.h"
#include "source/http/http1/head_reader.h"
#include "source/http/http1/options.h"
#include "source/http/http1/refusal.h"
#include "source/net/connection.h"

namespace outrigger::http::http1 {

struct HeadLines;

// What the holder of a client connection (a pool) hears from its codec.
class ClientCodecEvents {
 public:
  virtual ~ClientCodecEvents() = default;
  // The exchange is over, after the receiver's last call: from inside OnData, OnClosed, or
  // RequestWriter::Reset. `reusable`: StartRequest may be called again, also from inside. If not,
  // the codec has closed the connection (no OnClosed follows) or it was closed by the peer.
  virtual void OnExchangeEnd(bool reusable) = 0;
  // Once: the connection is of no more use, though it was idle: the peer closed it, or sent bytes
  // that nobody had asked for. The codec has closed it. From inside OnData.
  virtual void OnIdleEnd() = 0;
};

// HTTP/1 as the client of one connection speaks it: one exchange at a time.
// Owner: the holder of the connection, who hands OnData, OnClosed and the output events on.
// Thread: the connection's worker.  Lifetime: as the connection's; both are borrowed.
// Errors: through OnResponseError, with the status that our own client should see.
class ClientCodec final : private RequestWriter {
 public:
  ClientCodec(net::Connection& connection, const Options& options, ClientCodecEvents& events);

  // Begins an exchange; only while is_reusable(). The receiver must stay until its last call or
  // Reset.
  RequestWriter& StartRequest(ResponseReceiver& receiver);

  void OnData(base::Buffer& in, bool end);
  void OnClosed(net::CloseCause cause);
  void OnOutputHigh();
  void OnOutputLow();

  // No exchange is going on and another may begin.
  bool is_reusable() const { return phase_ == Phase::kIdle; }
  // The last exchange broke off: an error, or a Reset.
  bool has_failed() const { return has_failed_; }
  // The last response said that the connection closes behind it.
  bool was_close_announced() const { return was_close_announced_; }
  // The exchanges begun so far.
  uint32_t exchange_count() const { return exchange_count_; }

 private:
  // What the input side waits for.
  enum class Phase : uint8_t {
    kIdle,
    kHead,
    kLengthBody,
    kChunkedBody,
    kBodyUntilClose,
    kTunnel,     // opaque bytes
    kTunnelEnd,  // the upstream's half of a tunnel is over
    kClosed,     // nothing more is read
  };

  // RequestWriter
  void WriteHead(const RequestHead& head, bool last) override;
  void WriteBody(base::Buffer& piece, bool last) override;
  void WriteTrailers(const HeaderMap& trailers) override;
  void Reset() override;
  void PauseReading() override;
  void ResumeReading() override;

  // One step of input; false: it waits for more bytes.
  bool Advance(base::Buffer& in);
  bool ReadHead(base::Buffer& in);
  bool ReadLengthBody(base::Buffer& in);
  bool ReadChunkedBody(base::Buffer& in);
  bool ReadBodyUntilClose(base::Buffer& in);
  const Refusal* BeginResponse(const ParsedHead& parsed, std::string_view bytes);
  bool ReadTunnel(base::Buffer& in);
  // Says whether the response is the tunnel that was asked for.
  bool SwitchesTo(const ParsedHead& parsed, const char* base, const Refusal*& refusal);
  void BeginTunnel(ResponseHead& head);
  void EndTunnel();
  void HandleEnd(base::Buffer& in);
  void Fail(const StreamError& error);
  void FailClosed();
  void HandleRefusal(const Refusal& refusal);

  void WriteTunnelRequest(const RequestHead& head, HeadLines& lines);
  void EndRequest();
  // The receiver for its last call; the codec has forgotten it.
  ResponseReceiver& TakeReceiver();
  void EndExchange(bool is_input_empty);
  void EndIdle();

  net::Connection& connection_;
  const Options& options_;
  ClientCodecEvents& events_;
  ResponseReceiver* receiver_ = nullptr;  // of the present exchange
  uint64_t response_left_ = 0;            // of a body with a length
  uint64_t written_before_ = 0;           // the connection's bytes_written() when this one began
  uint64_t request_left_ = 0;             // of a request body with a length
  // Of a request that asks for a tunnel; null for others.
  struct Tunnel {
    std::string upgrade;  // empty: CONNECT
    std::string accept;   // the Sec-WebSocket-Accept that is due to a key of ours; empty: no such
  };
  std::unique_ptr<Tunnel> tunnel_;
  HeadReader head_reader_;
  ChunkedDecoder chunks_;
  uint32_t exchange_count_ = 0;
  uint32_t informational_ = 0;
  uint16_t stream_pauses_ = 0;
  Phase phase_ = Phase::kIdle;
  Method method_ = Method::kOther;
  bool is_request_chunked_ = false;  // otherwise it has a length, or is a tunnel
  bool is_request_complete_ = false;
  bool has_response_begun_ = false;  // a byte of it came
  bool keep_alive_ = true;           // the response allows another exchange
  bool has_failed_ = false;
  bool was_close_announced_ = false;
  bool is_receiver_high_ = false;
};

}  // namespace outrigger::http::http1
