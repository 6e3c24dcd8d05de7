#pragma once

#include <cstdint>

#include "source/base/buffer.h"
#include "source/http/codec.h"
#include "source/http/http1/chunked.h"
#include "source/http/http1/head_reader.h"
#include "source/http/http1/options.h"
#include "source/http/http1/refusal.h"
#include "source/net/connection.h"

namespace outrigger::http::http1 {

struct Framing;
struct HeadLines;

// HTTP/1 as the server of one connection speaks it: requests in, one after the other, responses
// out. Strict: what two parsers could read in two ways is refused and the connection closed.
// Owner: the holder of the connection, who hands OnData and the output events on.
// Thread: the connection's worker.  Lifetime: as the connection's; both are borrowed.
// Errors: through OnRequestError; the codec reads nothing after one.
// Limits: Options. An idle codec holds no memory but itself.
class ServerCodec final : public http::ServerCodec, private ResponseWriter {
 public:
  ServerCodec(net::Connection& connection, const Options& options, ServerStreams& streams);

  // http::ServerCodec
  void OnData(base::Buffer& in, bool end) override;
  void OnClosed() override {
    phase_ = Phase::kClosed;
    receiver_ = nullptr;
  }
  void OnOutputHigh() override;
  void OnOutputLow() override;
  void Drain() override { close_ = true; }
  // NewStream, then OnRequestError(error).
  void Refuse(const StreamError& error) override;
  // Between two requests, not a byte of the next one here.
  bool is_idle() const override { return phase_ == Phase::kHead && !head_reader_.has_partial(); }
  bool is_reading_head() const override {
    return phase_ == Phase::kHead && head_reader_.has_partial();
  }

 private:
  // What the input side waits for.
  enum class Phase : uint8_t {
    kHead,
    kLengthBody,
    kChunkedBody,
    kSwitch,       // the request asks for a tunnel: nothing is read before its answer
    kTunnel,       // opaque bytes
    kResponseEnd,  // the request is complete, or the client's half of a tunnel is
    kClosed,       // nothing more is read
  };
  enum class BodyForm : uint8_t { kNone, kLength, kChunked, kUntilClose, kTunnel };

  // ResponseWriter
  void WriteInformational(const ResponseHead& head) override;
  void WriteHead(const ResponseHead& head, bool last) override;
  void WriteBody(base::Buffer& piece, bool last) override;
  void WriteTrailers(const HeaderMap& trailers) override;
  void Reset(const StreamError& error) override;
  void PauseReading() override;
  void ResumeReading() override;

  // One step of input; false: it waits for more bytes or for the response.
  bool Advance(base::Buffer& in);
  bool ReadHead(base::Buffer& in);
  bool ReadLengthBody(base::Buffer& in);
  bool ReadChunkedBody(base::Buffer& in);
  void ReadTunnel(base::Buffer& in);
  void EndTunnelInput();
  const Refusal* BeginRequest(const ParsedHead& parsed, std::string_view bytes);
  void BeginRefused(const ParsedHead& parsed);
  void BeginBody(const Framing& framing, const RequestHead& head);
  void DeliverBody(base::Buffer& piece, bool last);
  void HandleEnd(base::Buffer& in);
  void HandleRefusal(const Refusal& refusal, base::Buffer& in);
  void HoldInput();
  void ReleaseInput();

  // Says how the body of the response goes out, and in `lines` what must be said about it.
  BodyForm FrameResponse(const ResponseHead& head, bool last, HeadLines& lines);
  void BeginTunnel(const ResponseHead& head, HeadLines& lines);
  void EndResponse();
  void ForgetStream();
  // Reads and sends nothing more.
  void Abandon(net::CloseMode mode);
  bool is_request_complete() const { return phase_ == Phase::kResponseEnd; }

  net::Connection& connection_;
  const Options& options_;
  ServerStreams& streams_;
  RequestReceiver* receiver_ = nullptr;  // of the present stream; null when there is none
  uint64_t request_left_ = 0;            // of a body with a length
  uint64_t response_left_ = 0;
  HeadReader head_reader_;
  ChunkedDecoder chunks_;
  uint32_t discarded_ = 0;
  uint16_t stream_pauses_ = 0;
  Phase phase_ = Phase::kHead;
  BodyForm response_form_ = BodyForm::kNone;
  Method method_ = Method::kOther;
  bool is_http10_ = false;
  bool close_ = false;              // after the present response
  bool is_last_by_client_ = false;  // the client sends nothing after the present request
  bool keep_alive_asked_ = false;   // by an HTTP/1.0 client, which wants it confirmed
  bool awaits_continue_ = false;    // the client may be waiting for 100 before it sends the body
  bool has_head_sent_ = false;
  bool holds_input_ = false;  // we paused the connection because of bytes of a later request
  bool is_receiver_high_ = false;
  bool is_tunnel_output_over_ = false;  // the response's half of a tunnel has ended
};

}  // namespace outrigger::http::http1
