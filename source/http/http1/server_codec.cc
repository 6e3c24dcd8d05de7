#include "source/http/http1/server_codec.h"

#include <algorithm>
#include <utility>

#include "source/base/check.h"
#include "source/http/http1/fields.h"
#include "source/http/http1/framing.h"
#include "source/http/http1/head_parser.h"
#include "source/http/http1/request_target.h"

namespace outrigger::http::http1 {

static_assert(sizeof(ServerCodec) <= 200, "an idle keep-alive connection must cost little");

ServerCodec::ServerCodec(net::Connection& connection, const Options& options,
                         ServerStreams& streams)
    : connection_(connection), options_(options), streams_(streams) {}

void ServerCodec::OnData(base::Buffer& in, bool end) {
  while (Advance(in)) {
  }
  if (end) HandleEnd(in);
}

bool ServerCodec::Advance(base::Buffer& in) {
  if (phase_ == Phase::kClosed) {
    in.Clear();
    return false;
  }
  if (in.empty()) return false;
  if (connection_.is_reading_paused()) return false;
  switch (phase_) {
    case Phase::kHead:
      return ReadHead(in);
    case Phase::kLengthBody:
      return ReadLengthBody(in);
    case Phase::kChunkedBody:
      return ReadChunkedBody(in);
    case Phase::kTunnel:
      ReadTunnel(in);
      return true;
    case Phase::kSwitch:
      // Sent before the client could know what it speaks; so it may not be a request.
    case Phase::kResponseEnd:
      // A pipelined request: its turn comes after the response.
      HoldInput();
      return false;
    case Phase::kClosed:
      break;
  }
  return false;
}

// --- requests ----------------------------------------------------------------------------------

bool ServerCodec::ReadHead(base::Buffer& in) {
  if (connection_.is_output_high()) {
    // The client does not take its last responses; it gets no more until it does.
    HoldInput();
    return false;
  }
  ParsedHead parsed;
  std::string_view bytes;
  const ParseResult result = head_reader_.Read(in, options_, ParseRequestHead, parsed, bytes);
  if (result.state == ParseResult::State::kIncomplete) return false;
  const Refusal* refusal = result.refusal;
  if (refusal != nullptr) {
    BeginRefused(parsed);
  } else {
    refusal = BeginRequest(parsed, bytes.substr(0, result.size));
  }
  if (refusal != nullptr) {
    HandleRefusal(*refusal, in);
    return false;
  }
  in.RemovePrefix(result.size);
  receiver_->OnRequestHead(/*last=*/is_request_complete());
  return true;
}

// What the log of a refused request can show: as much of its first line as was understood.
void ServerCodec::BeginRefused(const ParsedHead& parsed) {
  receiver_ = &streams_.NewStream(*this);
  has_head_sent_ = false;
  is_http10_ = parsed.protocol == Protocol::kHttp10;
  RequestHead& head = receiver_->request_head();
  head.protocol = parsed.protocol;
  if (parsed.method.empty()) return;
  head.method_text = head.headers.arena().Copy(parsed.method);
  head.method = ParseMethod(parsed.method);
  head.target = head.headers.arena().Copy(parsed.target);
  method_ = head.method;
}

const Refusal* ServerCodec::BeginRequest(const ParsedHead& parsed, std::string_view bytes) {
  receiver_ = &streams_.NewStream(*this);
  has_head_sent_ = false;
  RequestHead& head = receiver_->request_head();
  const char* const base = head.headers.arena().Copy(bytes).data();
  const auto moved = [&](std::string_view text) {
    return std::string_view(base + (text.data() - bytes.data()), text.size());
  };
  head.method_text = moved(parsed.method);
  head.method = method_ = ParseMethod(parsed.method);
  head.protocol = parsed.protocol;
  head.target = moved(parsed.target);
  is_http10_ = parsed.protocol == Protocol::kHttp10;
  if (is_http10_ && !options_.allow_http10) return &kHttp10;

  const Framing framing = DecideRequestFraming(parsed, base);
  if (framing.refusal != nullptr) return framing.refusal;
  AddEndToEndFields(parsed, base, head.headers);
  if (const Refusal* refusal = SetTarget(head.target, options_, head)) return refusal;
  // With a body, where the tunnel begins could be read in two ways. An upgrade may be ignored.
  const bool has_body = framing.kind != Framing::Kind::kNone;
  if (has_body && head.method == Method::kConnect) return &kConnectWithBody;
  if (!has_body && parsed.Has(HeaderId::kUpgrade)) head.upgrade = UpgradeOf(parsed, base);

  const bool keeps_alive = KeepsAlive(parsed, base);
  is_last_by_client_ = !keeps_alive;
  close_ = close_ || !keeps_alive;
  keep_alive_asked_ = is_http10_ && keeps_alive;
  BeginBody(framing, head);
  // RFC 9110 10.1.1: not from HTTP/1.0, and not without a body to wait with.
  awaits_continue_ = !is_http10_ && has_body && parsed.Has(HeaderId::kExpect) &&
                     HasToken(FirstValue(parsed, base, HeaderId::kExpect), "100-continue");
  head.expects_continue = awaits_continue_;
  return nullptr;
}

void ServerCodec::BeginBody(const Framing& framing, const RequestHead& head) {
  request_left_ = framing.length;
  discarded_ = 0;
  switch (framing.kind) {
    case Framing::Kind::kLength:
      phase_ = Phase::kLengthBody;
      break;
    case Framing::Kind::kChunked:
      phase_ = Phase::kChunkedBody;
      chunks_ = ChunkedDecoder();
      break;
    case Framing::Kind::kNone:
    case Framing::Kind::kUntilClose:
      phase_ = head.asks_for_tunnel() ? Phase::kSwitch : Phase::kResponseEnd;
      break;
  }
}

bool ServerCodec::ReadLengthBody(base::Buffer& in) {
  base::Buffer piece;
  if (in.size() <= request_left_) {
    piece = std::move(in);
  } else {
    piece.AppendPrefixOf(in, static_cast<size_t>(request_left_));
  }
  request_left_ -= piece.size();
  const bool last = request_left_ == 0;
  if (last) phase_ = Phase::kResponseEnd;
  DeliverBody(piece, last);
  return true;
}

bool ServerCodec::ReadChunkedBody(base::Buffer& in) {
  using Progress = ChunkedDecoder::Progress;
  base::Buffer piece;
  const size_t before = in.size();
  Progress progress = chunks_.Decode(in, piece, options_);
  if (progress == Progress::kTrailers) {
    // Data goes first: asking for the trailers' map tells the receiver nothing.
    HeaderMap* trailers =
        receiver_ != nullptr && options_.enable_trailers ? &receiver_->request_trailers() : nullptr;
    progress = chunks_.ReadTrailers(in, options_, trailers);
    if (progress == Progress::kEnd) {
      phase_ = Phase::kResponseEnd;
      const bool has_trailers = trailers != nullptr && !trailers->empty();
      if (!has_trailers || !piece.empty()) DeliverBody(piece, /*last=*/!has_trailers);
      if (has_trailers && receiver_ != nullptr) receiver_->OnRequestTrailers();
      return true;
    }
  }
  if (!piece.empty()) DeliverBody(piece, /*last=*/false);
  if (progress == Progress::kRefused) {
    HandleRefusal(chunks_.refusal(), in);
    return false;
  }
  return in.size() != before;
}

void ServerCodec::ReadTunnel(base::Buffer& in) {
  base::Buffer piece = std::move(in);
  receiver_->OnRequestBody(piece, /*last=*/false);
}

// The client's half is over; the other goes on.
void ServerCodec::EndTunnelInput() {
  RequestReceiver* const receiver = receiver_;
  phase_ = Phase::kResponseEnd;
  is_last_by_client_ = true;
  const bool are_both_over = is_tunnel_output_over_;
  if (are_both_over) ForgetStream();
  base::Buffer nothing;
  receiver->OnRequestBody(nothing, /*last=*/true);
  if (are_both_over) Abandon(net::CloseMode::kFlush);
}

void ServerCodec::DeliverBody(base::Buffer& piece, bool last) {
  awaits_continue_ = false;
  if (receiver_ != nullptr) return receiver_->OnRequestBody(piece, last);
  // Answered already: the rest is read only to find the next request behind it.
  discarded_ += static_cast<uint32_t>(piece.size());
  piece.Clear();
  if (discarded_ > options_.max_discarded_bytes) return Abandon(net::CloseMode::kFlushDrain);
  if (last) phase_ = Phase::kHead;
}

void ServerCodec::HandleRefusal(const Refusal& refusal, base::Buffer& in) {
  in.Clear();
  if (receiver_ == nullptr) return Abandon(net::CloseMode::kFlushDrain);
  phase_ = Phase::kClosed;
  close_ = true;
  is_last_by_client_ = false;
  receiver_->OnRequestError({.kind = refusal.kind,
                             .source = ErrorSource::kDownstream,
                             .status = refusal.status,
                             .detail = refusal.detail});
}

void ServerCodec::Refuse(const StreamError& error) {
  DCHECK(phase_ == Phase::kHead);
  head_reader_.Forget();
  BeginRefused(ParsedHead());
  phase_ = Phase::kClosed;
  close_ = true;
  receiver_->OnRequestError(error);
}

// The client sends no more. While it is owed a response this counts as gone, as with Envoy and
// nginx: a client that gave up looks just like this, and its request should not go on upstream.
void ServerCodec::HandleEnd(base::Buffer& in) {
  if (phase_ == Phase::kClosed) return;
  if (phase_ == Phase::kTunnel) return EndTunnelInput();
  if (response_form_ == BodyForm::kTunnel) return;  // told before
  if (receiver_ != nullptr) {
    RequestReceiver* const receiver = receiver_;
    ForgetStream();
    phase_ = Phase::kClosed;
    receiver->OnRequestError({.kind = ErrorKind::kConnectionClosed,
                              .source = ErrorSource::kDownstream,
                              .status = 400,
                              .detail = "downstream_remote_disconnect"});
    return Abandon(net::CloseMode::kNow);
  }
  if (is_reading_head()) {
    // What is there may be wrong already; then the client gets to know.
    ParsedHead parsed;
    const std::string_view bytes = in.Linearize(in.size());
    const ParseResult result = ParseRequestHead(bytes, options_, parsed);
    if (result.refusal != nullptr) {
      BeginRefused(parsed);
      return HandleRefusal(*result.refusal, in);
    }
  }
  Abandon(net::CloseMode::kFlush);
}

// --- flow control ------------------------------------------------------------------------------

void ServerCodec::HoldInput() {
  if (holds_input_) return;
  holds_input_ = true;
  connection_.PauseReading();
}

void ServerCodec::ReleaseInput() {
  if (std::exchange(holds_input_, false)) connection_.ResumeReading();
}

void ServerCodec::OnOutputHigh() {
  if (receiver_ == nullptr || is_receiver_high_) return;
  is_receiver_high_ = true;
  receiver_->OnOutputHigh();
}

void ServerCodec::OnOutputLow() {
  if (phase_ == Phase::kHead) ReleaseInput();
  if (std::exchange(is_receiver_high_, false)) receiver_->OnOutputLow();
}

void ServerCodec::PauseReading() {
  ++stream_pauses_;
  connection_.PauseReading();
}

void ServerCodec::ResumeReading() {
  DCHECK(stream_pauses_ > 0);
  --stream_pauses_;
  connection_.ResumeReading();
}

// --- ends --------------------------------------------------------------------------------------

void ServerCodec::Reset(const StreamError&) {
  // Without a length the end of the connection is the end of the body: only RST says "broken".
  const bool looks_complete = has_head_sent_ && (response_form_ == BodyForm::kUntilClose ||
                                                 response_form_ == BodyForm::kTunnel);
  ForgetStream();
  Abandon(looks_complete ? net::CloseMode::kReset : net::CloseMode::kFlush);
}

void ServerCodec::EndResponse() {
  if (phase_ == Phase::kTunnel) {
    is_tunnel_output_over_ = true;
    return connection_.FinishOutput();
  }
  ForgetStream();
  const bool is_request_refused = phase_ == Phase::kClosed;
  if (close_ || is_request_refused) {
    // A client that may still be sending would get RST, which can take our answer with it.
    const bool is_client_done = is_request_complete() && is_last_by_client_ && !holds_input_;
    return Abandon(is_client_done ? net::CloseMode::kFlush : net::CloseMode::kFlushDrain);
  }
  if (is_request_complete()) {
    phase_ = Phase::kHead;
    return ReleaseInput();
  }
  const bool is_too_much =
      phase_ == Phase::kLengthBody && request_left_ > options_.max_discarded_bytes;
  if (is_too_much) Abandon(net::CloseMode::kFlushDrain);
}

void ServerCodec::ForgetStream() {
  receiver_ = nullptr;
  is_receiver_high_ = false;
  while (stream_pauses_ > 0) ResumeReading();
}

void ServerCodec::Abandon(net::CloseMode mode) {
  phase_ = Phase::kClosed;
  connection_.Close(mode);
  const bool is_closed_at_once = mode == net::CloseMode::kNow || mode == net::CloseMode::kReset;
  if (is_closed_at_once) streams_.OnCodecDone();
}

}  // namespace outrigger::http::http1
