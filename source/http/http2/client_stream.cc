#include "source/http/http2/client_stream.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "source/base/check.h"
#include "source/base/text.h"

namespace outrigger::http::http2 {
namespace {

constexpr uint32_t kMaxInformational = 16;
constexpr size_t kFieldOverhead = 32;  // RFC 9113 6.5.2

StreamError Error(ErrorKind kind, uint16_t status, std::string_view detail) {
  return {.kind = kind, .source = ErrorSource::kUpstream, .status = status, .detail = detail};
}

// RFC 9113 8.2.2: these belong to a connection; "te" may only say "trailers".
bool IsForConnection(const Header& header) {
  switch (header.id) {
    case HeaderId::kHost:  // goes as :authority
    case HeaderId::kConnection:
    case HeaderId::kKeepAlive:
    case HeaderId::kProxyConnection:
    case HeaderId::kTransferEncoding:
    case HeaderId::kUpgrade:
      return true;
    case HeaderId::kTe:
      return !EqualsIgnoreCase(header.value(), "trailers");
    default:
      return false;
  }
}

ssize_t ReadBody(nghttp2_session* session, int32_t stream_id, uint8_t* to, size_t room,
                 uint32_t* flags, nghttp2_data_source* source, void*) {
  auto& stream = *static_cast<ClientStream*>(source->ptr);
  bool is_end = false;
  const size_t size = stream.GiveBody(reinterpret_cast<char*>(to), room, is_end);
  if (size == 0 && !is_end) return NGHTTP2_ERR_DEFERRED;
  if (is_end) {
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (stream.has_trailers_to_send()) {
      *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      stream.SubmitTrailers();
    }
  }
  return static_cast<ssize_t>(size);
}

template <typename Fields>
std::vector<nghttp2_nv> AsNghttp2(const Fields& fields) {
  std::vector<nghttp2_nv> out;
  out.reserve(fields.size());
  for (const auto& [name, value] : fields) {
    out.push_back({.name = reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())),
                   .value = reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())),
                   .namelen = name.size(),
                   .valuelen = value.size(),
                   .flags = NGHTTP2_NV_FLAG_NONE});
  }
  return out;
}

}  // namespace

ClientStream::Fields ClientStream::FieldsOf(const HeaderMap& headers) {
  Fields out;
  for (const Header& header : headers.entries()) {
    if (IsForConnection(header)) continue;
    std::string name(header.name());
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    out.emplace_back(std::move(name), std::string(header.value()));
  }
  return out;
}

void ClientStream::WriteHead(const RequestHead& head, bool last) {
  Fields fields;
  fields.emplace_back(":method", head.method_text);
  if (head.method != Method::kConnect) {
    fields.emplace_back(":scheme", head.scheme);
    fields.emplace_back(":path", head.target);
  }
  fields.emplace_back(":authority", head.authority());
  for (auto& field : FieldsOf(head.headers)) fields.push_back(std::move(field));
  Submit(fields, last);
}

void ClientStream::Submit(const Fields& fields, bool last) {
  if (session_.is_ended_ || receiver_ == nullptr) return;
  output_ended_ = last;
  nghttp2_data_provider body{};
  body.source.ptr = this;
  body.read_callback = ReadBody;
  const std::vector<nghttp2_nv> values = AsNghttp2(fields);
  id_ = nghttp2_submit_request(session_.session_, nullptr, values.data(), values.size(),
                               last ? nullptr : &body, this);
  // Stream numbers are used up after 2^30 streams, and only a new connection has more.
  if (id_ < 0) session_.Fail(base::StrCat("cannot open a stream: ", nghttp2_strerror(id_)));
  session_.connection_.loop().Defer(session_);
}

void ClientStream::WriteBody(base::Buffer& piece, bool last) {
  output_.Append(std::move(piece));
  output_ended_ = output_ended_ || last;
  if (is_closed_ || id_ < 0) return;
  if (std::exchange(is_deferred_, false)) nghttp2_session_resume_data(session_.session_, id_);
  session_.connection_.loop().Defer(session_);
}

void ClientStream::WriteTrailers(const HeaderMap& trailers) {
  trailers_ = FieldsOf(trailers);
  base::Buffer nothing;
  WriteBody(nothing, true);
}

void ClientStream::SubmitTrailers() {
  const std::vector<nghttp2_nv> values = AsNghttp2(trailers_);
  nghttp2_submit_trailer(session_.session_, id_, values.data(), values.size());
}

void ClientStream::Reset() {
  receiver_ = nullptr;
  held_.Clear();
  output_.Clear();
  Cancel(NGHTTP2_CANCEL);
}

void ClientStream::Cancel(uint32_t error_code) {
  if (id_ >= 0 && !is_closed_ && !session_.is_ended_) {
    nghttp2_submit_rst_stream(session_.session_, NGHTTP2_FLAG_NONE, id_, error_code);
  } else {
    is_closed_ = true;
  }
  session_.connection_.loop().Defer(session_);
}

void ClientStream::ResumeReading() {
  DCHECK(pauses_ > 0);
  if (--pauses_ == 0) session_.connection_.loop().Defer(session_);
}

size_t ClientStream::GiveBody(char* to, size_t room, bool& is_end) {
  size_t size = 0;
  while (size < room && !output_.empty()) {
    const std::string_view piece = output_.Front().substr(0, room - size);
    std::memcpy(to + size, piece.data(), piece.size());
    size += piece.size();
    output_.RemovePrefix(piece.size());
  }
  is_end = output_.empty() && output_ended_;
  is_deferred_ = size == 0 && !is_end;
  return size;
}

void ClientStream::BeginHeaders() {
  head_bytes_ = head_fields_ = 0;
  if (receiver_ == nullptr) return;
  if (phase_ == Phase::kHead) {
    receiver_->response_head().headers.Clear();
    receiver_->response_head().protocol = Protocol::kHttp2;
  } else {
    phase_ = Phase::kTrailers;
  }
}

bool ClientStream::TakeHeader(std::string_view name, std::string_view value) {
  if (receiver_ == nullptr) return true;
  head_bytes_ += name.size() + value.size() + kFieldOverhead;
  if (head_bytes_ > session_.options_.max_head_bytes ||
      ++head_fields_ > session_.options_.max_headers) {
    Fail(Error(ErrorKind::kLimit, 502, "http2_response_head_too_large"));
    return false;
  }
  if (name == ":status") {
    // nghttp2 has checked that it is three digits.
    receiver_->response_head().status = base::ParseNumber<int>(value).value_or(0);
  } else if (phase_ == Phase::kHead) {
    receiver_->response_head().headers.AddCopy(name, value);
  } else {
    receiver_->response_trailers().AddCopy(name, value);
  }
  return true;
}

void ClientStream::EndHeaders(bool last) {
  if (receiver_ == nullptr) return;
  if (phase_ == Phase::kTrailers) {
    has_response_trailers_ = true;
    TakeEnd();
    return;
  }
  if (receiver_->response_head().status < 200) {
    if (++informational_ > kMaxInformational) {
      Fail(Error(ErrorKind::kLimit, 502, "http2_too_many_informational"));
      Cancel(NGHTTP2_ENHANCE_YOUR_CALM);
      return;
    }
    receiver_->OnInformational();
    return;
  }
  phase_ = last ? Phase::kEnded : Phase::kBody;
  if (!last) {
    receiver_->OnResponseHead(false);
    return;
  }
  std::exchange(receiver_, nullptr)->OnResponseHead(true);
  Cancel(NGHTTP2_NO_ERROR);
}

void ClientStream::TakeBody(std::string_view bytes) {
  if (receiver_ != nullptr) held_.Append(bytes);
}

void ClientStream::TakeEnd() {
  phase_ = Phase::kEnded;
  end_held_ = true;
}

void ClientStream::TakeClose(uint32_t error_code) {
  is_closed_ = true;
  if (receiver_ == nullptr || phase_ == Phase::kEnded) return;
  if (error_code == NGHTTP2_REFUSED_STREAM) {
    StreamError refused = Error(ErrorKind::kRefused, 503, "http2_refused_stream");
    refused.is_safe_to_replay = true;
    Fail(refused);
  } else if (error_code == NGHTTP2_PROTOCOL_ERROR) {
    Fail(Error(ErrorKind::kProtocol, 502, "http2_protocol_error"));
  } else {
    Fail(Error(ErrorKind::kReset, 503, "http2_reset"));
  }
}

void ClientStream::Fail(const StreamError& error) {
  held_.Clear();
  output_.Clear();
  if (receiver_ != nullptr) std::exchange(receiver_, nullptr)->OnResponseError(error);
}

void ClientStream::Deliver() {
  if (receiver_ != nullptr && pauses_ == 0 && !held_.empty()) {
    if (!is_closed_) nghttp2_session_consume_stream(session_.session_, id_, held_.size());
    base::Buffer piece = std::move(held_);
    receiver_->OnResponseBody(piece, false);
  }
  // It may have paused or reset meanwhile.
  if (receiver_ != nullptr && pauses_ == 0 && end_held_) {
    ResponseReceiver& receiver = *std::exchange(receiver_, nullptr);
    if (!is_closed_) Cancel(NGHTTP2_NO_ERROR);
    base::Buffer nothing;
    if (has_response_trailers_) {
      receiver.OnResponseTrailers();
    } else {
      receiver.OnResponseBody(nothing, true);
    }
  }
  UpdateWatermark();
}

void ClientStream::UpdateWatermark() {
  if (receiver_ == nullptr) return;
  const size_t high = session_.options_.stream_output_high_bytes;
  if (!is_output_high_ && output_.size() > high) {
    is_output_high_ = true;
    receiver_->OnOutputHigh();
  } else if (is_output_high_ && output_.size() <= high / 2) {
    is_output_high_ = false;
    receiver_->OnOutputLow();
  }
}

}  // namespace outrigger::http::http2
