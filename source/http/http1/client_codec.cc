#include "source/http/http1/client_codec.h"

#include <utility>

#include "source/base/check.h"
#include "source/http/http1/fields.h"
#include "source/http/http1/framing.h"
#include "source/http/http1/head_parser.h"
#include "source/http/websocket.h"

namespace outrigger::http::http1 {

static_assert(sizeof(ClientCodec) <= 200, "an idle connection in a pool must cost little");

ClientCodec::ClientCodec(net::Connection& connection, const Options& options,
                         ClientCodecEvents& events)
    : connection_(connection), options_(options), events_(events) {}

RequestWriter& ClientCodec::StartRequest(ResponseReceiver& receiver) {
  DCHECK(is_reusable());
  receiver_ = &receiver;
  phase_ = Phase::kHead;
  ++exchange_count_;
  informational_ = 0;
  written_before_ = connection_.bytes_written();
  is_request_complete_ = false;
  is_request_chunked_ = false;
  request_left_ = 0;
  has_response_begun_ = false;
  keep_alive_ = true;
  return *this;
}

void ClientCodec::OnData(base::Buffer& in, bool end) {
  while (Advance(in)) {
  }
  const bool waits_for_reader = !in.empty() && connection_.is_reading_paused();
  if (end && !waits_for_reader) HandleEnd(in);
}

bool ClientCodec::Advance(base::Buffer& in) {
  if (phase_ == Phase::kClosed) {
    in.Clear();
    return false;
  }
  if (in.empty() || connection_.is_reading_paused()) return false;
  switch (phase_) {
    case Phase::kIdle:
      // Nobody asked: a 408 before the close, or the tail of a response that lied about its length.
      in.Clear();
      EndIdle();
      return false;
    case Phase::kHead:
      return ReadHead(in);
    case Phase::kLengthBody:
      return ReadLengthBody(in);
    case Phase::kChunkedBody:
      return ReadChunkedBody(in);
    case Phase::kBodyUntilClose:
      return ReadBodyUntilClose(in);
    case Phase::kTunnel:
      return ReadTunnel(in);
    case Phase::kTunnelEnd:
    case Phase::kClosed:
      break;
  }
  return false;
}

// --- responses ---------------------------------------------------------------------------------

bool ClientCodec::ReadHead(base::Buffer& in) {
  if (connection_.bytes_written() == written_before_) {
    // No byte of the request has left us, so this is no answer to it.
    in.Clear();
    FailClosed();
    return false;
  }
  has_response_begun_ = true;
  ParsedHead parsed;
  std::string_view bytes;
  const ParseResult result = head_reader_.Read(in, options_, ParseResponseHead, parsed, bytes);
  if (result.state == ParseResult::State::kIncomplete) return false;
  const Refusal* refusal = result.refusal;
  if (refusal == nullptr) refusal = BeginResponse(parsed, bytes.substr(0, result.size));
  if (refusal != nullptr) {
    in.Clear();
    HandleRefusal(*refusal);
    return false;
  }
  in.RemovePrefix(result.size);
  if (parsed.status < 200 && phase_ != Phase::kTunnel) {
    receiver_->OnInformational();
    return true;
  }
  // What comes behind the whole response shows that the two sides do not agree on its end.
  if (phase_ == Phase::kIdle) {
    TakeReceiver().OnResponseHead(/*last=*/true);
    EndExchange(in.empty());
  } else {
    receiver_->OnResponseHead(/*last=*/false);
  }
  return true;
}

const Refusal* ClientCodec::BeginResponse(const ParsedHead& parsed, std::string_view bytes) {
  const Refusal* refusal = nullptr;
  const bool switches = SwitchesTo(parsed, bytes.data(), refusal);
  if (refusal != nullptr) return refusal;
  // RFC 9110 9.3.6: where the protocol changes, a length says nothing.
  const Framing framing =
      switches ? Framing() : DecideResponseFraming(parsed, bytes.data(), method_);
  if (framing.refusal != nullptr) return framing.refusal;

  ResponseHead& head = receiver_->response_head();
  const char* const base = head.headers.arena().Copy(bytes).data();
  head.headers.Clear();
  head.status = parsed.status;
  head.protocol = parsed.protocol;
  head.reason = {};
  head.switches_protocol = switches;
  if (!parsed.reason.empty()) {
    head.reason = {base + (parsed.reason.data() - bytes.data()), parsed.reason.size()};
  }
  AddEndToEndFields(parsed, base, head.headers);
  if (switches) {
    BeginTunnel(head);
    return nullptr;
  }
  if (parsed.status < 200) {
    return ++informational_ > options_.max_informational ? &kTooManyInformational : nullptr;
  }

  was_close_announced_ = !KeepsAlive(parsed, base);
  keep_alive_ = keep_alive_ && !was_close_announced_;
  response_left_ = framing.length;
  switch (framing.kind) {
    case Framing::Kind::kNone:
      phase_ = Phase::kIdle;
      break;
    case Framing::Kind::kLength:
      phase_ = Phase::kLengthBody;
      break;
    case Framing::Kind::kChunked:
      phase_ = Phase::kChunkedBody;
      chunks_ = ChunkedDecoder();
      break;
    case Framing::Kind::kUntilClose:
      phase_ = Phase::kBodyUntilClose;
      keep_alive_ = false;
      break;
  }
  return nullptr;
}

bool ClientCodec::SwitchesTo(const ParsedHead& parsed, const char* base, const Refusal*& refusal) {
  const bool is_connect = method_ == Method::kConnect;
  if (parsed.status != 101) return is_connect && parsed.status / 100 == 2;
  // RFC 6455 4.1, and RFC 9110 15.2.2 for all: it switches to what was asked for, and says so.
  const bool is_asked_for = tunnel_ != nullptr && !is_connect &&
                            EqualsIgnoreCase(UpgradeOf(parsed, base), tunnel_->upgrade);
  if (!is_asked_for) {
    refusal = &kSwitchRefused;
    return false;
  }
  if (tunnel_->accept.empty()) return true;
  for (const Field& field : parsed.fields) {
    if (!EqualsIgnoreCase(field.name(base), kWebSocketAccept)) continue;
    if (field.value(base) == tunnel_->accept) return true;
    break;
  }
  refusal = &kBadAccept;
  return false;
}

void ClientCodec::BeginTunnel(ResponseHead& head) {
  phase_ = Phase::kTunnel;
  keep_alive_ = false;
  is_request_complete_ = false;
  // The client that did not send a key expects no answer to it.
  if (!tunnel_->accept.empty()) head.headers.Remove(kWebSocketAccept);
}

bool ClientCodec::ReadTunnel(base::Buffer& in) {
  base::Buffer piece = std::move(in);
  receiver_->OnResponseBody(piece, /*last=*/false);
  return true;
}

bool ClientCodec::ReadLengthBody(base::Buffer& in) {
  base::Buffer piece;
  const bool takes_all = in.size() <= response_left_;
  if (takes_all) {
    piece = std::move(in);
  } else {
    piece.AppendPrefixOf(in, static_cast<size_t>(response_left_));
  }
  response_left_ -= piece.size();
  if (response_left_ > 0) {
    receiver_->OnResponseBody(piece, /*last=*/false);
    return true;
  }
  TakeReceiver().OnResponseBody(piece, /*last=*/true);
  EndExchange(takes_all);
  return true;
}

bool ClientCodec::ReadChunkedBody(base::Buffer& in) {
  using Progress = ChunkedDecoder::Progress;
  base::Buffer piece;
  const size_t before = in.size();
  Progress progress = chunks_.Decode(in, piece, options_);
  if (progress == Progress::kTrailers) {
    HeaderMap* trailers = options_.enable_trailers ? &receiver_->response_trailers() : nullptr;
    progress = chunks_.ReadTrailers(in, options_, trailers);
    if (progress == Progress::kEnd) {
      const bool has_trailers = trailers != nullptr && !trailers->empty();
      if (has_trailers && !piece.empty()) receiver_->OnResponseBody(piece, /*last=*/false);
      if (receiver_ == nullptr) return true;  // it was reset from inside
      if (has_trailers) {
        TakeReceiver().OnResponseTrailers();
      } else {
        TakeReceiver().OnResponseBody(piece, /*last=*/true);
      }
      EndExchange(in.empty());
      return true;
    }
  }
  if (!piece.empty()) receiver_->OnResponseBody(piece, /*last=*/false);
  if (progress == Progress::kRefused) {
    in.Clear();
    HandleRefusal(chunks_.refusal());
    return false;
  }
  return in.size() != before;
}

bool ClientCodec::ReadBodyUntilClose(base::Buffer& in) {
  base::Buffer piece = std::move(in);
  receiver_->OnResponseBody(piece, /*last=*/false);
  return true;
}

// --- ends --------------------------------------------------------------------------------------

void ClientCodec::HandleEnd(base::Buffer& in) {
  switch (phase_) {
    case Phase::kClosed:
      return;
    case Phase::kIdle:
      return EndIdle();
    case Phase::kBodyUntilClose: {
      // RFC 9112 9.8: without the word of TLS nobody knows whether this is the body's end.
      const net::Transport* transport = connection_.transport();
      if (transport != nullptr && transport->is_cut_off()) return FailClosed();
      base::Buffer nothing;
      TakeReceiver().OnResponseBody(nothing, /*last=*/true);
      return EndExchange(true);
    }
    case Phase::kTunnel: {
      phase_ = Phase::kTunnelEnd;
      ResponseReceiver& receiver = is_request_complete_ ? TakeReceiver() : *receiver_;
      base::Buffer nothing;
      receiver.OnResponseBody(nothing, /*last=*/true);
      if (receiver_ == nullptr) EndTunnel();
      return;
    }
    case Phase::kTunnelEnd:
      return;
    case Phase::kHead:
    case Phase::kLengthBody:
    case Phase::kChunkedBody:
      break;
  }
  if (head_reader_.has_partial()) {
    // What is there may be wrong already, which is worth more in a log than that it ended.
    ParsedHead parsed;
    const ParseResult result = ParseResponseHead(in.Linearize(in.size()), options_, parsed);
    if (result.refusal != nullptr) return HandleRefusal(*result.refusal);
  }
  FailClosed();
}

// Both halves are over: what is still unsent leaves, then OnClosed ends the exchange.
void ClientCodec::EndTunnel() {
  if (phase_ == Phase::kTunnelEnd) connection_.Close(net::CloseMode::kFlush);
}

void ClientCodec::OnClosed(net::CloseCause) {
  if (phase_ == Phase::kTunnelEnd && receiver_ == nullptr) return EndExchange(true);
  if (receiver_ == nullptr) {
    phase_ = Phase::kClosed;
    return;
  }
  FailClosed();
}

void ClientCodec::HandleRefusal(const Refusal& refusal) {
  if (receiver_ == nullptr) return;  // it was reset from inside
  Fail({.kind = refusal.kind,
        .source = ErrorSource::kUpstream,
        .status = 502,
        .detail = refusal.detail});
}

void ClientCodec::FailClosed() {
  // RFC 9112 9.3.1 and 9110 9.2.2: a kept connection may have been closed before the request came.
  const bool was_sent = connection_.bytes_written() != written_before_;
  const bool may_have_crossed = exchange_count_ > 1 && IsIdempotent(method_);
  Fail({.kind = ErrorKind::kConnectionClosed,
        .source = ErrorSource::kUpstream,
        .is_safe_to_replay = !has_response_begun_ && (!was_sent || may_have_crossed),
        .status = 503,
        .detail = has_response_begun_
                      ? "upstream_reset_after_response_started{connection_termination}"
                      : "upstream_reset_before_response_started{connection_termination}"});
}

void ClientCodec::Fail(const StreamError& error) {
  keep_alive_ = false;
  has_failed_ = true;
  TakeReceiver().OnResponseError(error);
  EndExchange(true);
}

void ClientCodec::Reset() {
  if (receiver_ == nullptr) return;
  keep_alive_ = false;
  has_failed_ = true;
  TakeReceiver();
  EndExchange(true);
}

ResponseReceiver& ClientCodec::TakeReceiver() {
  ResponseReceiver& receiver = *std::exchange(receiver_, nullptr);
  is_receiver_high_ = false;
  while (stream_pauses_ > 0) {
    --stream_pauses_;
    connection_.ResumeReading();
  }
  return receiver;
}

void ClientCodec::EndExchange(bool is_input_empty) {
  const bool reusable =
      keep_alive_ && is_request_complete_ && is_input_empty && connection_.is_open();
  head_reader_.Forget();
  tunnel_.reset();
  phase_ = reusable ? Phase::kIdle : Phase::kClosed;
  if (!reusable) connection_.Close(net::CloseMode::kNow);
  events_.OnExchangeEnd(reusable);
}

void ClientCodec::EndIdle() {
  phase_ = Phase::kClosed;
  connection_.Close(net::CloseMode::kNow);
  events_.OnIdleEnd();
}

// --- flow control ------------------------------------------------------------------------------

void ClientCodec::OnOutputHigh() {
  if (receiver_ == nullptr || is_receiver_high_) return;
  is_receiver_high_ = true;
  receiver_->OnOutputHigh();
}

void ClientCodec::OnOutputLow() {
  if (std::exchange(is_receiver_high_, false)) receiver_->OnOutputLow();
}

void ClientCodec::PauseReading() {
  if (receiver_ == nullptr) return;
  ++stream_pauses_;
  connection_.PauseReading();
}

void ClientCodec::ResumeReading() {
  if (receiver_ == nullptr || stream_pauses_ == 0) return;
  --stream_pauses_;
  connection_.ResumeReading();
}

}  // namespace outrigger::http::http1
