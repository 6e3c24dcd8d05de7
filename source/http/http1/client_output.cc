// The output side of ClientCodec: requests.
#include <utility>

#include "source/http/http1/client_codec.h"
#include "source/http/http1/length.h"
#include "source/http/http1/writer.h"

namespace outrigger::http::http1 {
namespace {

// RFC 9110 8.6: methods that are expected to have content say when they have none.
bool AnticipatesContent(Method method) {
  return method == Method::kPost || method == Method::kPut || method == Method::kPatch;
}

}  // namespace

void ClientCodec::WriteHead(const RequestHead& head, bool last) {
  if (receiver_ == nullptr) return;
  method_ = head.method;
  const bool is_proper = options_.use_proper_case;
  HeadLines lines{.use_proper_case = is_proper};
  const std::optional<uint64_t> length = BodyLength(head.headers);
  if (last) {
    const bool says_so = length == 0u;
    lines.skip_length = !says_so;
    const bool has_length_field = head.headers.Has(HeaderId::kContentLength);
    if (!says_so && (has_length_field || AnticipatesContent(method_))) {
      lines.framing = line::kZeroLength[is_proper];
    }
  } else if (length) {
    request_left_ = *length;
  } else {
    lines.skip_length = true;
    lines.framing = line::kChunked[is_proper];
    is_request_chunked_ = true;
  }
  // RFC 9110 10.1.4: TE is for the next hop, and says so.
  if (head.headers.Has(HeaderId::kTe)) lines.connection = line::kConnectionTe[is_proper];
  WriteRequestHead(head, lines, connection_.output());
  connection_.FlushSoon();
  if (last) EndRequest();
}

void ClientCodec::WriteBody(base::Buffer& piece, bool last) {
  if (receiver_ == nullptr) return piece.Clear();
  base::Buffer& out = connection_.output();
  if (is_request_chunked_) {
    WriteChunk(piece, out);
    if (last) WriteLastChunk(out);
  } else if (piece.size() > request_left_) {
    // A filter made the body longer than its announced length: what is too much would be read as
    // another request.
    keep_alive_ = false;
    out.AppendPrefixOf(piece, static_cast<size_t>(std::exchange(request_left_, 0)));
    piece.Clear();
  } else {
    request_left_ -= piece.size();
    out.Append(std::move(piece));
  }
  connection_.FlushSoon();
  if (last) EndRequest();
}

void ClientCodec::WriteTrailers(const HeaderMap& trailers) {
  if (receiver_ == nullptr) return;
  if (is_request_chunked_) {
    if (options_.enable_trailers && !trailers.empty()) {
      WriteTrailerSection(trailers, options_.use_proper_case, connection_.output());
    } else {
      WriteLastChunk(connection_.output());
    }
    connection_.FlushSoon();
  }
  EndRequest();
}

void ClientCodec::EndRequest() {
  is_request_complete_ = true;
  // Shorter than announced: the upstream would wait for the rest. OnClosed tells the receiver.
  if (!is_request_chunked_ && request_left_ > 0) connection_.Close(net::CloseMode::kFlush);
}

}  // namespace outrigger::http::http1
