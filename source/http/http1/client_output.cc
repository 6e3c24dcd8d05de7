// The output side of ClientCodec: requests.
#include <string>
#include <utility>

#include "source/base/check.h"
#include "source/base/text.h"
#include "source/http/http1/client_codec.h"
#include "source/http/http1/length.h"
#include "source/http/http1/writer.h"
#include "source/http/websocket.h"

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
  if (head.asks_for_tunnel()) return WriteTunnelRequest(head, lines);
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

// The request itself ends with its head: it is complete unless a tunnel begins.
void ClientCodec::WriteTunnelRequest(const RequestHead& head, HeadLines& lines) {
  tunnel_ = std::make_unique<Tunnel>();
  tunnel_->upgrade = head.upgrade;
  is_request_complete_ = true;
  lines.skip_length = true;
  std::string key_line;
  if (!head.upgrade.empty()) {
    lines.connection = line::kConnectionUpgrade[lines.use_proper_case];
    lines.upgrade = head.upgrade;
    // From HTTP/2 there is no key (RFC 8441 5).
    if (IsWebSocket(head.upgrade) && !head.headers.Get(kWebSocketKey)) {
      const std::string key = NewWebSocketKey();
      tunnel_->accept = WebSocketAccept(key);
      key_line = base::StrCat(
          lines.use_proper_case ? "Sec-WebSocket-Key: " : "sec-websocket-key: ", key, "\r\n");
      lines.framing = key_line;
    }
  }
  WriteRequestHead(head, lines, connection_.output());
  connection_.FlushSoon();
}

void ClientCodec::WriteBody(base::Buffer& piece, bool last) {
  if (receiver_ == nullptr) return piece.Clear();
  base::Buffer& out = connection_.output();
  if (tunnel_ != nullptr) {
    if (phase_ == Phase::kTunnel || phase_ == Phase::kTunnelEnd) {
      out.Append(std::move(piece));
    } else {
      DCHECK(piece.empty());  // see codec.h
      piece.Clear();
    }
  } else if (is_request_chunked_) {
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
  if (phase_ == Phase::kTunnel) return connection_.FinishOutput();
  if (phase_ == Phase::kTunnelEnd) {
    TakeReceiver();
    return EndTunnel();
  }
  // Shorter than announced: the upstream would wait for the rest. OnClosed tells the receiver.
  if (!is_request_chunked_ && request_left_ > 0) connection_.Close(net::CloseMode::kFlush);
}

}  // namespace outrigger::http::http1
