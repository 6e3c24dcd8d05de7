// The output side of ServerCodec: responses.
#include <utility>

#include "source/http/http1/length.h"
#include "source/http/http1/server_codec.h"
#include "source/http/http1/writer.h"

namespace outrigger::http::http1 {
void ServerCodec::WriteInformational(const ResponseHead& head) {
  if (is_http10_ || phase_ == Phase::kClosed) return;  // RFC 9110 15.2: not to HTTP/1.0
  if (head.status == 100) awaits_continue_ = false;
  WriteResponseHead(head, {.skip_length = true, .use_proper_case = options_.use_proper_case},
                    connection_.output());
  connection_.FlushSoon();
}

ServerCodec::BodyForm ServerCodec::FrameResponse(const ResponseHead& head, bool last,
                                                 HeadLines& lines) {
  if (head.switches_protocol && phase_ == Phase::kSwitch) {
    lines.skip_length = true;
    return BodyForm::kTunnel;
  }
  const bool looks_like_tunnel = method_ == Method::kConnect && head.status / 100 == 2;
  if (head.status == 204 || looks_like_tunnel) {
    lines.skip_length = true;
    return BodyForm::kNone;
  }
  if (head.status == 304 || method_ == Method::kHead) return BodyForm::kNone;
  const std::optional<uint64_t> length = BodyLength(head.headers);
  if (length && (!last || *length == 0)) {
    response_left_ = *length;
    return BodyForm::kLength;
  }
  lines.skip_length = true;
  if (last) {
    lines.framing = line::kZeroLength[lines.use_proper_case];
    return BodyForm::kNone;
  }
  if (is_http10_) return BodyForm::kUntilClose;
  lines.framing = line::kChunked[lines.use_proper_case];
  return BodyForm::kChunked;
}

void ServerCodec::WriteHead(const ResponseHead& head, bool last) {
  HeadLines lines{.use_proper_case = options_.use_proper_case};
  response_form_ = FrameResponse(head, last, lines);
  has_head_sent_ = true;
  const bool filter_closes = head.headers.Has(HeaderId::kConnection) &&
                             HasToken(*head.headers.Get(HeaderId::kConnection), "close");
  const bool leaves_much_unread =
      last && phase_ == Phase::kLengthBody && request_left_ > options_.max_discarded_bytes;
  // A client that waits for 100 may send its body after this answer or not: no one can tell. One
  // that asked for a tunnel may have sent what only looks like a request, in vain.
  if (filter_closes || leaves_much_unread || awaits_continue_ || phase_ == Phase::kSwitch ||
      response_form_ == BodyForm::kUntilClose) {
    close_ = true;
  }
  if (response_form_ == BodyForm::kTunnel) {
    BeginTunnel(head, lines);
  } else if (close_) {
    lines.connection = line::kClose[lines.use_proper_case];
  } else if (keep_alive_asked_) {
    lines.connection = line::kKeepAlive[lines.use_proper_case];
  }
  WriteResponseHead(head, lines, connection_.output());
  connection_.FlushSoon();
  if (last) EndResponse();
}

// From here on bytes pass both ways; the connection ends with them.
void ServerCodec::BeginTunnel(const ResponseHead& head, HeadLines& lines) {
  phase_ = Phase::kTunnel;
  is_tunnel_output_over_ = false;
  if (head.status == 101) {
    lines.connection = line::kConnectionUpgrade[lines.use_proper_case];
    lines.upgrade = receiver_->request_head().upgrade;
  }
  ReleaseInput();
}

void ServerCodec::WriteBody(base::Buffer& piece, bool last) {
  base::Buffer& out = connection_.output();
  bool is_short = false;
  switch (response_form_) {
    case BodyForm::kNone:
      piece.Clear();
      break;
    case BodyForm::kLength:
      // More or less than announced would be read as the next response: that ends here.
      if (piece.size() > response_left_) {
        out.AppendPrefixOf(piece, static_cast<size_t>(response_left_));
        response_left_ = 0;
        close_ = true;
        piece.Clear();
      } else {
        response_left_ -= piece.size();
        out.Append(std::move(piece));
      }
      is_short = last && response_left_ > 0;
      break;
    case BodyForm::kChunked:
      WriteChunk(piece, out);
      if (last) WriteLastChunk(out);
      break;
    case BodyForm::kUntilClose:
    case BodyForm::kTunnel:
      out.Append(std::move(piece));
      break;
  }
  connection_.FlushSoon();
  if (is_short) close_ = true;
  if (last) EndResponse();
}

void ServerCodec::WriteTrailers(const HeaderMap& trailers) {
  if (response_form_ == BodyForm::kLength && response_left_ > 0) close_ = true;
  if (response_form_ == BodyForm::kChunked) {
    if (options_.enable_trailers && !trailers.empty()) {
      WriteTrailerSection(trailers, options_.use_proper_case, connection_.output());
    } else {
      WriteLastChunk(connection_.output());
    }
    connection_.FlushSoon();
  }
  EndResponse();
}

}  // namespace outrigger::http::http1
