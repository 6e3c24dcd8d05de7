#include "source/extensions/http_filters/grpc_web/grpc_web.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "source/base/text.h"
#include "source/extensions/http_filters/grpc_web/base64_stream.h"
#include "source/http/grpc/content_type.h"
#include "source/http/grpc/message_scanner.h"
#include "source/http/grpc/method_counters.h"
#include "source/http/grpc/status.h"

namespace outrigger::grpc_web {
namespace {

using http::HeaderId;
using http::Verdict;

constexpr std::string_view kWeb = "application/grpc-web";
constexpr std::string_view kText = "-text";
constexpr char kTrailersFlag = static_cast<char>(0x80);
// The body of a response that is not gRPC is told as grpc-message up to this size.
constexpr size_t kMaxErrorBytes = 4096;

struct WebType {
  bool is_text = false;
  std::string_view format;  // "+proto" or empty
};

// A content-type of gRPC-Web, parameters aside.
std::optional<WebType> ReadType(std::string_view type) {
  type = base::StripSpaces(type.substr(0, type.find(';')));
  if (type.size() < kWeb.size() || !http::EqualsIgnoreCase(type.substr(0, kWeb.size()), kWeb)) {
    return std::nullopt;
  }
  type.remove_prefix(kWeb.size());
  WebType found;
  found.is_text =
      type.size() >= kText.size() && http::EqualsIgnoreCase(type.substr(0, kText.size()), kText);
  if (found.is_text) type.remove_prefix(kText.size());
  if (!type.empty() && type.front() != '+') return std::nullopt;
  found.format = type;
  return found;
}

bool AcceptsText(std::string_view accept) {
  while (!accept.empty()) {
    const size_t comma = std::min(accept.find(','), accept.size());
    const auto type = ReadType(accept.substr(0, comma));
    if (type && type->is_text) return true;
    accept.remove_prefix(std::min(comma + 1, accept.size()));
  }
  return false;
}

// The trailers as the frame of the body that ends it.
void AppendTrailersFrame(const http::HeaderMap& trailers, base::Buffer& out) {
  std::string block;
  for (const http::Header& field : trailers.entries()) {
    for (const char c : field.name()) {
      block += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    base::StrAppend(&block, ":", field.value(), "\r\n");
  }
  const auto size = static_cast<uint32_t>(block.size());
  const char prefix[] = {kTrailersFlag, static_cast<char>(size >> 24),
                         static_cast<char>(size >> 16), static_cast<char>(size >> 8),
                         static_cast<char>(size)};
  out.Append(std::string_view(prefix, sizeof prefix));
  out.Append(block);
}

class GrpcWeb final : public http::HttpFilter {
 public:
  GrpcWeb(const http::grpc::MethodCounters& counters, http::FilterStream& stream)
      : counters_(counters), stream_(stream) {}

  Verdict OnRequestHead(http::RequestHead& head, bool /*last*/) override {
    const auto type = head.headers.Get(HeaderId::kContentType);
    const auto web = type ? ReadType(*type) : std::nullopt;
    if (!web) return Verdict::Decline();
    web_type_ = *type;
    is_text_request_ = web->is_text;
    is_text_response_ =
        AcceptsText(head.headers.Get(HeaderId::kAccept).value_or(std::string_view()));
    head.headers.Remove(HeaderId::kContentLength);  // of the body as it is now
    head.headers.Set(HeaderId::kContentType, GrpcType(web->format));
    head.headers.Set(HeaderId::kTe, "trailers");
    if (!head.headers.Get("grpc-accept-encoding")) {
      head.headers.Add("grpc-accept-encoding", "identity");
    }
    return Verdict::Continue();
  }

  Verdict OnRequestBody(base::Buffer& piece, bool last) override {
    if (!is_text_request_) return Verdict::Continue();
    base::Buffer text = std::exchange(piece, base::Buffer());
    return Decoded(decoder_.Decode(text, last, piece));
  }

  Verdict OnRequestTrailers(http::HeaderMap& /*trailers*/) override {
    if (!is_text_request_) return Verdict::Continue();
    base::Buffer none, nothing;
    return Decoded(decoder_.Decode(none, true, nothing));
  }

  Verdict OnResponseHead(http::ResponseHead& head, bool last) override {
    const bool is_grpc = http::grpc::IsGrpcResponse(head, last);
    const auto type = head.headers.Get(HeaderId::kContentType);
    const auto length = base::ParseNumber<uint64_t>(
        head.headers.Get(HeaderId::kContentLength).value_or(std::string_view()));
    if (head.headers.Has(HeaderId::kGrpcStatus)) CountEnd(head.headers);
    if (!last && !is_grpc && IsWeb(head, type)) {  // the service speaks gRPC-Web itself
      passes_response_ = true;
      return Verdict::Continue();
    }
    head.headers.Remove(HeaderId::kContentLength);
    head.headers.Set(HeaderId::kContentType, WebTypeOf(is_grpc && type ? *type : ""));
    if (is_grpc) return Verdict::Continue();
    if (last || !length || *length > kMaxErrorBytes) {
      SayWhatCame(head, base::StrCat("HTTP status ", head.status));
      return Verdict::EndWith({});
    }
    return Verdict::Collect(kMaxErrorBytes);
  }

  Verdict OnWholeResponse(http::ResponseHead& head, base::Buffer& body,
                          http::HeaderMap& /*trailers*/) override {
    SayWhatCame(head, body.ToString());
    body.Clear();
    return Verdict::EndWith({});
  }

  Verdict OnResponseBody(base::Buffer& piece, bool last) override {
    if (!is_text_response_ || passes_response_) return Verdict::Continue();
    messages_.Scan(piece);
    base::Buffer bytes = std::exchange(piece, base::Buffer());
    // A message that is complete is not to wait for the next one.
    encoder_.Encode(bytes, last || !messages_.is_inside(), piece);
    return Verdict::Continue();
  }

  Verdict OnResponseTrailers(http::HeaderMap& trailers) override {
    if (passes_response_) return Verdict::Continue();
    CountEnd(trailers);
    base::Buffer frame;
    AppendTrailersFrame(trailers, frame);
    if (!is_text_response_) return Verdict::EndWith(std::move(frame));
    base::Buffer text;
    encoder_.Encode(frame, true, text);
    return Verdict::EndWith(std::move(text));
  }

 private:
  std::string_view GrpcType(std::string_view format) {
    if (format.empty() || http::EqualsIgnoreCase(format, "+proto")) {
      return http::grpc::kContentType;
    }
    return stream_.stream().arena().Copy(base::StrCat(http::grpc::kContentType, format));
  }

  // Of the response to a client of gRPC-Web, when the service said `type`.
  std::string_view WebTypeOf(std::string_view type) {
    type = type.substr(0, type.find(';'));
    const size_t plus = type.find('+');
    if (plus == std::string_view::npos || type.substr(plus) == "+proto") {
      return is_text_response_ ? "application/grpc-web-text+proto" : "application/grpc-web+proto";
    }
    return stream_.stream().arena().Copy(
        base::StrCat(kWeb, is_text_response_ ? kText : "", type.substr(plus)));
  }

  static bool IsWeb(const http::ResponseHead& head, std::optional<std::string_view> type) {
    return head.status == 200 && type && ReadType(*type);
  }

  Verdict Decoded(Base64Error error) {
    if (error == Base64Error::kNone) return Verdict::Continue();
    // As it came, so that the answer is plain HTTP.
    stream_.stream().request().headers.Set(HeaderId::kContentType, web_type_);
    return Verdict::Reply({.status = 400,
                           .detail = error == Base64Error::kCutShort
                                         ? "grpc_base_64_decode_failed_bad_size"
                                         : "grpc_base_64_decode_failed",
                           .body = "Bad gRPC-web request, invalid base64 data."});
  }

  // Makes the head of a response that is not gRPC one that says so in gRPC.
  void SayWhatCame(http::ResponseHead& head, std::string_view message) {
    base::Arena& arena = stream_.stream().arena();
    const auto code = static_cast<int>(http::grpc::CodeOfHttpStatus(head.status));
    head.headers.Set(HeaderId::kGrpcStatus, arena.Copy(base::StrCat(code)));
    head.headers.Set(HeaderId::kGrpcMessage, arena.Copy(http::grpc::PercentEncode(message)));
    head.headers.Set(HeaderId::kContentLength, "0");
  }

  void CountEnd(const http::HeaderMap& fields) {
    http::StreamSummary& summary = stream_.stream().summary();
    const auto text = fields.Get(HeaderId::kGrpcStatus);
    const auto status = text ? base::ParseNumber<uint32_t>(*text) : std::nullopt;
    if (!text || summary.grpc_status) return;
    summary.grpc_status = status;
    const auto name = http::grpc::ParseMethodPath(stream_.stream().request().target);
    if (!name || summary.cluster_name.empty()) return;
    const http::grpc::MethodTally* tally = counters_.Find(summary.cluster_name, *name);
    if (tally != nullptr) tally->CountEnd(status.value_or(UINT32_MAX));
  }

  const http::grpc::MethodCounters& counters_;  // of the factory
  http::FilterStream& stream_;
  std::string_view web_type_;  // the request's content-type as it came; in the stream's arena
  bool is_text_request_ = false;
  bool is_text_response_ = false;
  bool passes_response_ = false;
  Base64Decoder decoder_;
  Base64Encoder encoder_;
  http::grpc::MessageScanner messages_;
};

}  // namespace

absl::StatusOr<http::HttpFilterFactory> Create(const Config&, config::FactoryContext& context) {
  auto counters = std::make_shared<http::grpc::MethodCounters>(context.stats(), "grpc-web");
  return http::HttpFilterFactory([counters](http::FilterStream& stream) {
    return std::make_unique<GrpcWeb>(*counters, stream);
  });
}

}  // namespace outrigger::grpc_web
