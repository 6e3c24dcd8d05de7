#include "source/http/http2/client_stream.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>

#include "source/base/text.h"
#include "source/http/http1/length.h"
#include "source/http/http2/client_session.h"
#include "source/http/http2/framer.h"

namespace outrigger::http::http2 {
namespace {

constexpr uint16_t kMaxInformational = 16;

StreamError Error(ErrorKind kind, uint16_t status, std::string_view detail, bool is_safe = false) {
  return {.kind = kind,
          .source = ErrorSource::kUpstream,
          .is_safe_to_replay = is_safe,
          .status = status,
          .detail = detail};
}

bool IsWebSocketKey(const nghttp2_nv& field) {
  return EqualsIgnoreCase({reinterpret_cast<const char*>(field.name), field.namelen},
                          "sec-websocket-key");
}

}  // namespace

// --- the request -------------------------------------------------------------------------------

void ClientStream::WriteHead(const RequestHead& head, bool last) {
  if (receiver_ == nullptr || is_closed_) return;
  method_ = head.method;
  is_upgrade_ = !head.upgrade.empty();
  FieldList fields;
  const bool is_tunnel = head.method == Method::kConnect && !is_upgrade_;
  AppendField(":method", is_upgrade_ ? "CONNECT" : head.method_text, fields);
  if (is_upgrade_) AppendField(":protocol", head.upgrade, fields);
  if (!is_tunnel) {
    AppendField(":scheme", head.scheme, fields);
    AppendField(":path", head.target, fields);
  }
  if (!head.authority().empty()) AppendField(":authority", head.authority(), fields);
  AppendHeaders(head.headers, fields);
  // RFC 8441 5: the key of a WebSocket means nothing here.
  if (is_upgrade_) {
    fields.erase(std::remove_if(fields.begin(), fields.end(), IsWebSocketKey), fields.end());
  }
  is_output_ended_ = last;
  if (is_upgrade_ && !session_.has_peer_settings()) {
    waiting_head_ = std::make_unique<KeptFields>(std::move(fields));
    return session_.AwaitSettings(*this);
  }
  Submit(fields, last);
}

void ClientStream::WriteBody(base::Buffer& piece, bool last) {
  QueueBody(piece, last);
  if (last && is_response_over_) TakeReceiver();
}

void ClientStream::OnPeerSettings() {
  if (waiting_head_ == nullptr) return;
  const std::unique_ptr<KeptFields> head = std::move(waiting_head_);
  Submit(head->fields(), is_output_ended_ && output_.empty() && trailers_ == nullptr);
}

void ClientStream::Submit(const FieldList& fields, bool last) {
  if (!session_.is_taking_streams()) {
    CloseUnopened();
    return Fail(Error(ErrorKind::kRefused, 503, "http2.remote_refuse", true));
  }
  nghttp2_session* const session = framer_.session();
  const bool may_upgrade =
      nghttp2_session_get_remote_settings(session, NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL) == 1;
  if (is_upgrade_ && !may_upgrade) {
    CloseUnopened();
    return Fail(Error(ErrorKind::kRefused, 502, "http2.extended_connect_not_supported"));
  }
  const nghttp2_data_provider body = BodySource();
  if (session_.stream_count() <= session_.stream_limit()) {
    id_ = nghttp2_submit_request(session, nullptr, fields.data(), fields.size(),
                                 last ? nullptr : &body, static_cast<Stream*>(this));
  } else {
    // The peer lowered its limit since we were promised a place: nghttp2 keeps the head for later.
    FieldList copied = fields;
    for (nghttp2_nv& field : copied) {
      field.flags &= ~(NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE);
    }
    id_ = nghttp2_submit_request(session, nullptr, copied.data(), copied.size(),
                                 last ? nullptr : &body, static_cast<Stream*>(this));
  }
  if (id_ < 0) {
    // Stream numbers are used up after 2^30 streams, and only a new connection has more.
    framer_.Fail({NGHTTP2_NO_ERROR, "http2.no_more_streams"});
    CloseUnopened();
    return Fail(Error(ErrorKind::kRefused, 503, "http2.no_more_streams", true));
  }
  framer_.SendHeads();
  framer_.SendSoon();
}

void ClientStream::Reset() {
  if (waiting_head_ != nullptr) session_.ForgetWaiting(*this);
  TakeReceiver();
  DiscardInput();
  DropOutput();
  if (id_ < 0 && !is_closed_) return CloseUnopened();
  SendReset(NGHTTP2_CANCEL);
}

// --- the response, inside nghttp2 --------------------------------------------------------------

void ClientStream::BeginSection(FieldSection& section) {
  has_status_ = false;
  if (phase_ == Phase::kBody) {
    return section.Begin(FieldSection::Kind::kTrailers, receiver_->response_trailers());
  }
  ResponseHead& head = receiver_->response_head();
  head.headers.Clear();
  head.protocol = Protocol::kHttp2;
  head.switches_protocol = false;
  section.Begin(FieldSection::Kind::kHead, head.headers);
}

void ClientStream::TakeField(FieldSection& section, FieldText name, FieldText value) {
  if (!section.IsPseudo(name, value)) return;
  if (name.text != ":status" || has_status_) return section.Fail(Fault::kBrokenRule);
  TakeStatus(section, value);
}

void ClientStream::TakeStatus(FieldSection& section, FieldText value) {
  has_status_ = true;
  const int status = base::ParseNumber<int>(value.text).value_or(0);
  // RFC 9113 8.6: there is no 101.
  if (value.text.size() != 3 || status < 100 || status == 101) {
    return section.Fail(Fault::kBrokenRule);
  }
  receiver_->response_head().status = status;
}

void ClientStream::EndSection(FieldSection& section, bool last) {
  if (phase_ == Phase::kHead && !has_status_) section.Fail(Fault::kBrokenRule);
  if (phase_ == Phase::kBody && !last) section.Fail(Fault::kBrokenRule);
  if (section.fault() != Fault::kNone) return Malformed(section.fault());
  if (phase_ == Phase::kHead) return TakeHead(last);
  framer_.counters().trailers.Increment();
  has_response_trailers_ = !receiver_->response_trailers().empty();
  TakeEnd();
}

void ClientStream::TakeHead(bool last) {
  ResponseHead& head = receiver_->response_head();
  if (head.status < 200) {
    if (last) return Malformed(Fault::kBrokenRule);
    if (++informational_ > kMaxInformational) {
      SendReset(NGHTTP2_ENHANCE_YOUR_CALM);
      return Fail(Error(ErrorKind::kLimit, 502, "http2.too_many_informational"));
    }
    is_head_due_ = true;
    return MarkDue();
  }
  phase_ = Phase::kBody;
  is_tunnel_ = (is_upgrade_ || method_ == Method::kConnect) && head.status / 100 == 2;
  if (is_tunnel_) {
    head.switches_protocol = true;
    if (is_upgrade_) head.status = 101;
    head.headers.Remove(HeaderId::kContentLength);
  } else if (head.headers.Has(HeaderId::kContentLength)) {
    const std::optional<uint64_t> length = http1::BodyLength(head.headers);
    if (!length) return Malformed(Fault::kBrokenRule);
    const bool has_none = method_ == Method::kHead || head.status == 304 || head.status == 204;
    if (!has_none) length_left_ = length;
  }
  is_head_due_ = true;
  MarkDue();
  if (last) TakeEnd();
}

void ClientStream::Malformed(Fault fault) {
  if (IsMalformed(fault)) {
    framer_.counters().rx_messaging_error.Increment();
    SendReset(NGHTTP2_PROTOCOL_ERROR);
    return Fail(Error(ErrorKind::kProtocol, 502, DetailOf(fault)));
  }
  framer_.counters().header_overflow.Increment();
  SendReset(NGHTTP2_CANCEL);
  Fail(Error(ErrorKind::kLimit, 502, DetailOf(fault)));
}

void ClientStream::Fail(const StreamError& error) {
  if (!error_) error_ = error;
  DiscardInput();
  DropOutput();
  MarkDue();
  framer_.SendSoon();
}

// --- to the receiver ---------------------------------------------------------------------------

void ClientStream::Deliver() {
  if (receiver_ == nullptr) return;
  const bool is_cut_off = !is_input_ended_ || (is_tunnel_ && is_reset_by_peer_);
  if (is_closed_ && is_cut_off && !error_) Fail(CloseError());
  if (error_) return TakeReceiver()->OnResponseError(*error_);
  if (std::exchange(is_head_due_, false)) {
    if (phase_ == Phase::kHead) return receiver_->OnInformational();
    const bool last = is_end_held_ && held_.empty() && !has_response_trailers_;
    if (!last) {
      receiver_->OnResponseHead(false);
    } else {
      return DeliverLast(nullptr);
    }
  }
  DeliverBody();
  if (receiver_ == nullptr) return;
  const int crossed = CrossedWatermark();
  if (crossed > 0) receiver_->OnOutputHigh();
  if (crossed < 0) receiver_->OnOutputLow();
}

void ClientStream::DeliverBody() {
  if (receiver_ == nullptr || !has_input_to_deliver()) return;
  if (!held_.empty()) {
    base::Buffer piece = TakeHeld();
    if (is_end_held_ && !has_response_trailers_) return DeliverLast(&piece);
    receiver_->OnResponseBody(piece, false);
    // It may have paused or reset.
    if (receiver_ == nullptr || pauses_ > 0) return;
  }
  if (!is_end_held_) return;
  if (!has_response_trailers_) {
    base::Buffer nothing;
    return DeliverLast(&nothing);
  }
  ResponseReceiver* const receiver = TakeReceiver();
  Finish();
  receiver->OnResponseTrailers();
}

void ClientStream::DeliverLast(base::Buffer* piece) {
  is_end_held_ = false;
  is_response_over_ = is_tunnel_ && !is_output_ended_;
  ResponseReceiver* const receiver = is_response_over_ ? receiver_ : TakeReceiver();
  if (!is_tunnel_) Finish();
  if (piece == nullptr) return receiver->OnResponseHead(true);
  receiver->OnResponseBody(*piece, true);
}

// The response is complete: what is left of the request is of no use.
void ClientStream::Finish() {
  is_end_held_ = false;
  if (is_closed_) return;
  DropOutput();
  SendReset(NGHTTP2_NO_ERROR);
}

StreamError ClientStream::CloseError() const {
  if (close_code_ == NGHTTP2_REFUSED_STREAM) {
    return Error(ErrorKind::kRefused, 503, "http2.remote_refuse", true);
  }
  if (is_reset_by_peer_) return Error(ErrorKind::kReset, 503, "http2.remote_reset");
  // Of all our resets only this one leaves someone waiting.
  if (is_reset_by_us_) return Error(ErrorKind::kTimeout, 504, "http2.flush_timeout");
  return Error(ErrorKind::kProtocol, 502, "http2.protocol_error");
}

void ClientStream::OnConnectionLost(std::string_view detail) {
  is_closed_ = true;
  DiscardInput();
  DropOutput();
  if (receiver_ == nullptr) return;
  TakeReceiver()->OnResponseError(
      error_ ? *error_ : Error(ErrorKind::kConnectionClosed, 503, detail, id_ < 0));
}

}  // namespace outrigger::http::http2
