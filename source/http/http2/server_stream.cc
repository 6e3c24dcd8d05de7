#include "source/http/http2/server_stream.h"

#include <nghttp2/nghttp2.h>

#include <utility>

#include "source/http/http2/framer.h"

namespace outrigger::http::http2 {
namespace {

StreamError Error(ErrorKind kind, uint16_t status, std::string_view detail) {
  return {.kind = kind, .source = ErrorSource::kDownstream, .status = status, .detail = detail};
}

uint32_t CodeOf(const StreamError& error) {
  switch (error.kind) {
    case ErrorKind::kProtocol:
      return NGHTTP2_PROTOCOL_ERROR;
    case ErrorKind::kRefused:
      return NGHTTP2_REFUSED_STREAM;
    case ErrorKind::kReset:
    case ErrorKind::kTimeout:
    case ErrorKind::kLocal:
      return NGHTTP2_CANCEL;
    case ErrorKind::kLimit:
    case ErrorKind::kOverflow:
      return NGHTTP2_ENHANCE_YOUR_CALM;
    case ErrorKind::kConnectionFailed:
    case ErrorKind::kConnectionClosed:
      break;
  }
  return NGHTTP2_INTERNAL_ERROR;
}

}  // namespace

ServerStream::ServerStream(Framer& framer, int32_t id, ServerStreams& streams)
    : Stream(framer), receiver_(nullptr) {
  id_ = id;
  receiver_ = &streams.NewStream(*this);
}

// --- the request -------------------------------------------------------------------------------

void ServerStream::TakeHead(Fault fault, std::optional<uint64_t> length, bool last) {
  has_head_ = true;
  is_input_ended_ = last;
  if (receiver_ != nullptr) method_ = receiver_->request_head().method;
  if (fault != Fault::kNone) return Malformed(fault);
  length_left_ = length;
  is_head_due_ = true;
  is_end_held_ = last;
  MarkDue();
}

void ServerStream::TakeTrailers(Fault fault, bool last) {
  if (fault == Fault::kNone && !last) fault = Fault::kBrokenRule;
  if (fault != Fault::kNone) return Malformed(fault);
  framer_.counters().trailers.Increment();
  has_request_trailers_ = receiver_ != nullptr && !receiver_->request_trailers().empty();
  TakeEnd();
}

void ServerStream::Malformed(Fault fault) {
  if (fault_ != Fault::kNone) return;
  fault_ = fault;
  is_fault_due_ = true;
  MarkDue();
  if (!IsMalformed(fault)) {
    framer_.counters().header_overflow.Increment();
    return;
  }
  framer_.counters().rx_messaging_error.Increment();
  // RFC 9113 8.1.1: a stream error; there may be an answer before it.
  abort_code_ = NGHTTP2_PROTOCOL_ERROR;
  if (const Failure* failure = framer_.rates.OnWastedStream()) framer_.Fail(*failure);
}

void ServerStream::Deliver() {
  if (receiver_ == nullptr) return;
  const bool ended_in_order = is_tunnel_ && is_response_over_ && !is_reset_by_peer_;
  if (is_closed_ && !is_user_done_ && !ended_in_order) return ReportReset();
  if (is_fault_due_) return ReportFault();
  if (std::exchange(is_head_due_, false)) {
    const bool last = is_end_held_ && held_.empty() && !has_request_trailers_;
    if (last) {
      is_end_held_ = false;
      is_request_over_ = true;
    }
    receiver_->OnRequestHead(last);
  }
  DeliverBody();
  if (receiver_ == nullptr) return;
  const int crossed = CrossedWatermark();
  if (crossed > 0) receiver_->OnOutputHigh();
  if (crossed < 0) receiver_->OnOutputLow();
}

void ServerStream::DeliverBody() {
  if (receiver_ == nullptr || !has_input_to_deliver()) return;
  const bool ends = is_end_held_;
  if (!held_.empty()) {
    base::Buffer piece = TakeHeld();
    const bool last = ends && !has_request_trailers_;
    if (last) return DeliverLast(piece);
    receiver_->OnRequestBody(piece, false);
    // It may have paused, ended or reset.
    if (receiver_ == nullptr || pauses_ > 0) return;
  }
  if (!std::exchange(is_end_held_, false)) return;
  if (has_request_trailers_) return receiver_->OnRequestTrailers();
  base::Buffer nothing;
  DeliverLast(nothing);
}

void ServerStream::DeliverLast(base::Buffer& piece) {
  is_end_held_ = false;
  is_request_over_ = true;
  RequestReceiver* const receiver = receiver_;
  if (is_response_over_) {
    is_user_done_ = true;
    Finish();
  }
  receiver->OnRequestBody(piece, true);
}

void ServerStream::ReportFault() {
  is_fault_due_ = is_head_due_ = false;
  DiscardInput();
  const bool is_malformed = IsMalformed(fault_);
  const StreamError error = Error(is_malformed ? ErrorKind::kProtocol : ErrorKind::kLimit,
                                  is_malformed ? 400 : 431, DetailOf(fault_));
  TakeReceiver()->OnRequestError(error);
}

// The stream is closed, and not by the end of both messages.
void ServerStream::ReportReset() {
  DiscardInput();
  is_user_done_ = true;
  const std::string_view detail = is_reset_by_peer_ ? "http2.remote_reset" : "http2.protocol_error";
  TakeReceiver()->OnRequestError(Error(ErrorKind::kReset, 400, detail));
}

void ServerStream::OnConnectionLost(std::string_view detail) {
  is_closed_ = true;
  DiscardInput();
  DropOutput();
  if (receiver_ == nullptr) return;
  is_user_done_ = true;
  TakeReceiver()->OnRequestError(Error(ErrorKind::kConnectionClosed, 400, detail));
}

// --- the response ------------------------------------------------------------------------------

void ServerStream::WriteInformational(const ResponseHead& head) {
  if (is_closed_) return;
  FieldList fields;
  AppendField(":status", head.Lookup(":status").value_or("100"), fields);
  AppendHeaders(head.headers, fields);
  nghttp2_submit_headers(framer_.session(), NGHTTP2_FLAG_NONE, id_, nullptr, fields.data(),
                         fields.size(), nullptr);
  framer_.SendHeads();
}

void ServerStream::EndResponse() {
  if (is_tunnel_ && !is_request_over_) {
    is_response_over_ = true;
    return;
  }
  is_user_done_ = true;
  Finish();
  DiscardInput();
}

void ServerStream::WriteHead(const ResponseHead& head, bool last) {
  is_tunnel_ = head.switches_protocol;
  if (last) EndResponse();
  if (is_closed_) return;
  FieldList fields;
  // RFC 8441 5: HTTP/2 has no 101.
  const bool is_upgrade = head.switches_protocol && head.status == 101;
  AppendField(":status", is_upgrade ? "200" : head.Lookup(":status").value_or("500"), fields);
  AppendHeaders(head.headers, fields);
  drops_body_ = method_ == Method::kHead || head.status == 204 || head.status == 304;
  const nghttp2_data_provider body = BodySource();
  const bool ends_here = last && abort_code_ == 0;
  is_output_ended_ = last;
  nghttp2_submit_response(framer_.session(), id_, fields.data(), fields.size(),
                          ends_here ? nullptr : &body);
  framer_.SendHeads();
  framer_.SendSoon();
}

void ServerStream::WriteBody(base::Buffer& piece, bool last) {
  if (last) EndResponse();
  if (drops_body_) piece.Clear();
  QueueBody(piece, last);
}

void ServerStream::WriteTrailers(const HeaderMap& trailers) {
  is_user_done_ = true;
  Finish();
  DiscardInput();
  QueueTrailers(trailers);
}

void ServerStream::Reset(const StreamError& error) {
  is_user_done_ = true;
  Finish();
  DiscardInput();
  DropOutput();
  SendReset(abort_code_ != 0 ? abort_code_ : CodeOf(error));
}

// RFC 9113 8.1: a client may still be sending what no one wants.
void ServerStream::OnEndSent() {
  Stream::OnEndSent();
  if (!is_input_ended_ && !is_tunnel_) SendReset(NGHTTP2_NO_ERROR);
}

}  // namespace outrigger::http::http2
