#include "source/extensions/http_filters/grpc_json_transcoder/transcoder_stream.h"

#include "absl/strings/escaping.h"
#include "source/base/text.h"
#include "source/http/grpc/content_type.h"

namespace outrigger::grpc_json_transcoder {
namespace {

using http::HeaderId;
using http::Verdict;

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kDetails = "grpc-status-details-bin";

// gRPC-Web included: either is a client that needs no JSON.
bool IsGrpc(const http::HeaderMap& headers) {
  return headers.Get(HeaderId::kContentType).value_or("").starts_with(http::grpc::kContentType);
}

bool HasOtherEncoding(const http::HeaderMap& headers) {
  const auto encoding = headers.Get(HeaderId::kContentEncoding);
  return encoding && !http::EqualsIgnoreCase(*encoding, "identity");
}

std::string_view View(const absl::Status& status) { return base::StdView(status.message()); }

}  // namespace

// --- the request -------------------------------------------------------------------------------

Verdict TranscoderStream::OnRequestHead(http::RequestHead& head, bool last) {
  // A route may carry another filter's configuration under our name: that leaves ours in force.
  const auto* of_route = dynamic_cast<const Transcoding*>(stream_.route_config());
  if (of_route != nullptr) in_force_ = of_route;
  if (IsGrpc(head.headers) || !head.upgrade.empty() || head.method == http::Method::kConnect) {
    return Verdict::Decline();
  }
  auto call = in_force_->Understand(head);
  if (!call.ok()) return Refuse(call.status());
  if (call->rule == nullptr) return Verdict::Decline();
  call_ = *std::move(call);
  const Rule& rule = *call_.rule;
  if (HasOtherEncoding(head.headers) && !last) {
    return Verdict::Reply({.status = 415,
                           .detail = "grpc_json_transcode_failure{content_encoding}",
                           .body = "content-encoding: only identity can be transcoded"});
  }
  if (rule.client_streams && rule.body != Rule::Body::kNone && !(last && rule.takes_raw_body)) {
    content_type_ = RawContentType(head);
    if (!rule.takes_raw_body) splitter_.emplace(in_force_->max_request_bytes());
    RewriteHead(head);
    return Verdict::Continue();
  }
  if (!last) return Verdict::Collect(in_force_->max_request_bytes());
  auto message = in_force_->ToMessage(rule, &call_, RawContentType(head), {});
  if (!message.ok()) return Refuse(message.status());
  RewriteHead(head);
  base::Buffer frame;
  http::grpc::AppendMessage(*message, frame);
  return Verdict::EndWith(std::move(frame));
}

Verdict TranscoderStream::OnWholeRequest(http::RequestHead& head, base::Buffer& body,
                                         http::HeaderMap& trailers) {
  auto message =
      in_force_->ToMessage(*call_.rule, &call_, RawContentType(head), body.Linearize(body.size()));
  if (!message.ok()) return Refuse(message.status());
  RewriteHead(head);
  trailers.Clear();  // gRPC has none in requests
  body.Clear();
  http::grpc::AppendMessage(*message, body);
  return Verdict::Continue();
}

Verdict TranscoderStream::OnRequestBody(base::Buffer& piece, bool last) {
  const absl::Status status = splitter_ ? TranslateItems(piece, last) : TranslateRaw(piece, last);
  return status.ok() ? Verdict::Continue() : Refuse(status);
}

Verdict TranscoderStream::OnRequestTrailers(http::HeaderMap& trailers) {
  trailers.Clear();
  base::Buffer rest;
  const absl::Status status = splitter_ ? EndItems() : TranslateRaw(rest, true);
  return status.ok() ? Verdict::EndWith(std::move(rest)) : Refuse(status);
}

absl::Status TranscoderStream::TranslateItems(base::Buffer& piece, bool last) {
  base::Buffer out;
  for (size_t i = 0; i < piece.slice_count(); ++i) {
    std::string_view text = piece.slice(i).view();
    while (splitter_->Take(text) == JsonArraySplitter::Outcome::kItem) {
      auto message = in_force_->ToMessage(*call_.rule, has_sent_first_ ? nullptr : &call_, {},
                                          splitter_->item());
      if (!message.ok()) return message.status();
      has_sent_first_ = true;
      http::grpc::AppendMessage(*message, out);
    }
    if (!splitter_->status().ok()) return splitter_->status();
  }
  piece = std::move(out);
  return last ? EndItems() : absl::OkStatus();
}

absl::Status TranscoderStream::EndItems() {
  return splitter_ ? splitter_->End() : absl::OkStatus();
}

absl::Status TranscoderStream::TranslateRaw(base::Buffer& piece, bool last) {
  // What path and query say goes with the first message: there is one even to an empty body.
  if (piece.empty() && (has_sent_first_ || !last)) return absl::OkStatus();
  auto message = in_force_->ToMessage(*call_.rule, has_sent_first_ ? nullptr : &call_,
                                      has_sent_first_ ? std::string_view() : content_type_,
                                      piece.Linearize(piece.size()));
  if (!message.ok()) return message.status();
  has_sent_first_ = true;
  piece.Clear();
  http::grpc::AppendMessage(*message, piece);
  return absl::OkStatus();
}

void TranscoderStream::RewriteHead(http::RequestHead& head) {
  http::HeaderMap& headers = head.headers;
  headers.Set(HeaderId::kXEnvoyOriginalPath, head.target);
  headers.SetCopy("x-envoy-original-method", head.method_text);
  head.method_text = "POST";
  head.method = http::Method::kPost;
  head.target = call_.rule->grpc_path;  // kept by the stream's snapshot
  headers.Set(HeaderId::kContentType, http::grpc::kContentType);
  headers.Set(HeaderId::kTe, "trailers");
  headers.SetCopy("grpc-accept-encoding", "identity");
  headers.Remove("grpc-encoding");
  headers.Remove(HeaderId::kContentLength);
  headers.Remove(HeaderId::kContentEncoding);
  headers.Remove(HeaderId::kTrailer);
  if (!in_force_->keeps_route()) stream_.stream().ClearRoute();
}

std::string_view TranscoderStream::RawContentType(const http::RequestHead& head) const {
  if (!call_.rule->takes_raw_body) return {};
  return head.headers.Get(HeaderId::kContentType).value_or("");
}

Verdict TranscoderStream::Refuse(const absl::Status& status) {
  // The client speaks no gRPC, whatever the head says by now.
  http::HeaderMap& headers = stream_.stream().request().headers;
  if (IsGrpc(headers)) headers.Set(HeaderId::kContentType, kJson);
  http::LocalReply reply{.status = 400, .detail = "grpc_json_transcode_failure{request}"};
  http::grpc::Code code = http::grpc::Code::kInvalidArgument;
  if (absl::IsNotFound(status)) {
    reply.status = 404;
    reply.detail = "grpc_json_transcode_failure{unknown_method}";
    code = http::grpc::Code::kNotFound;
  } else if (absl::IsResourceExhausted(status)) {
    reply.status = 413;
    reply.detail = "request_payload_too_large";
    code = http::grpc::Code::kResourceExhausted;
  }
  if (!in_force_->answers_errors_in_json()) {
    reply.body = View(status);
    return Verdict::Reply(std::move(reply));
  }
  reply.body = in_force_->codec().PrintStatus(static_cast<int>(code), View(status), {},
                                              in_force_->printing());
  reply.headers = {{"content-type", std::string(kJson)}};
  return Verdict::Reply(std::move(reply));
}

// --- the response ------------------------------------------------------------------------------

Verdict TranscoderStream::OnResponseHead(http::ResponseHead& head, bool last) {
  // From here on no one sends the request again, and what the proxy may still have to say goes to
  // a client that speaks no gRPC.
  stream_.stream().request().headers.Set(HeaderId::kContentType, kJson);
  if (head.status != 200 || !IsGrpc(head.headers)) return Verdict::Decline();
  const Rule& rule = *call_.rule;
  head.headers.Remove("grpc-accept-encoding");
  head.headers.Remove("grpc-encoding");
  if (!rule.server_streams) {
    // The frame's prefix comes on top.
    return Verdict::Collect(in_force_->max_response_bytes() + http::grpc::kPrefixBytes);
  }
  head.headers.Remove(HeaderId::kContentLength);
  if (last) {
    const auto status = http::grpc::ReadStatus(head.headers);
    if (!status) return BadResponse("the gRPC response has no grpc-status");
    NoteStatus(*status);
    if (status->code != http::grpc::Code::kOk) {
      return Verdict::EndWith(FillError(head, *status, head.headers));
    }
  }
  head.headers.Set(HeaderId::kContentType,
                   rule.gives_raw_body ? std::string_view("application/octet-stream")
                   : in_force_->stream_form() == Transcoding::StreamForm::kArray ? kJson
                   : in_force_->stream_form() == Transcoding::StreamForm::kLines
                       ? std::string_view("application/x-ndjson")
                       : std::string_view("text/event-stream"));
  if (last) return Verdict::EndWith(StreamEnd());
  reader_.emplace(in_force_->max_response_bytes());
  return Verdict::Continue();
}

Verdict TranscoderStream::OnResponseBody(base::Buffer& piece, bool last) {
  base::Buffer out;
  reader_->Append(piece);
  while (true) {
    auto message = reader_->Next();
    if (!message.ok()) return BadResponse(View(message.status()));
    if (!*message) break;
    std::string content_type;
    auto text = in_force_->FromMessage(*call_.rule, **message, content_type);
    if (!text.ok()) return BadResponse(View(text.status()));
    AppendStreamed(*text, out);
  }
  if (last) return BadResponse("the gRPC response has no trailers");
  piece = std::move(out);
  return Verdict::Continue();
}

Verdict TranscoderStream::OnResponseTrailers(http::HeaderMap& trailers) {
  const auto status = http::grpc::ReadStatus(trailers);
  if (!status) return BadResponse("the gRPC response has no grpc-status");
  NoteStatus(*status);
  if (status->code != http::grpc::Code::kOk) {
    // The client has a head that says 200: only an end that is none tells it that this failed.
    return BadResponse(http::grpc::Describe(*status));
  }
  if (reader_->pending_bytes() > 0) return BadResponse("the last gRPC message is incomplete");
  return Verdict::EndWith(StreamEnd());
}

void TranscoderStream::AppendStreamed(std::string_view text, base::Buffer& out) {
  const bool is_first = !std::exchange(has_answered_first_, true);
  if (call_.rule->gives_raw_body) return out.Append(text);
  switch (in_force_->stream_form()) {
    case Transcoding::StreamForm::kArray:
      out.Append(std::string_view(is_first ? "[" : ","));
      return out.Append(text);
    case Transcoding::StreamForm::kLines:
      out.Append(text);
      return out.Append(std::string_view("\n"));
    case Transcoding::StreamForm::kEvents:
      out.Append(std::string_view("data: "));
      out.Append(text);
      return out.Append(std::string_view("\n\n"));
  }
}

base::Buffer TranscoderStream::StreamEnd() {
  base::Buffer end;
  if (call_.rule->gives_raw_body || in_force_->stream_form() != Transcoding::StreamForm::kArray) {
    return end;
  }
  end.Append(std::string_view(has_answered_first_ ? "]" : "[]"));
  return end;
}

Verdict TranscoderStream::OnWholeResponse(http::ResponseHead& head, base::Buffer& body,
                                          http::HeaderMap& trailers) {
  // Trailers alone come as a head.
  const http::HeaderMap& ending = trailers.empty() ? head.headers : trailers;
  const auto status = http::grpc::ReadStatus(ending);
  if (!status) return BadResponse("the gRPC response has no grpc-status");
  NoteStatus(*status);
  base::Arena& arena = head.headers.arena();
  if (status->code != http::grpc::Code::kOk) {
    body = FillError(head, *status, ending);
  } else {
    http::grpc::MessageReader reader(in_force_->max_response_bytes());
    reader.Append(body);
    auto message = reader.Next();
    if (!message.ok()) return BadResponse(View(message.status()));
    if (!*message || reader.pending_bytes() > 0) {
      return BadResponse("the gRPC response does not hold exactly one message");
    }
    std::string content_type(kJson);
    auto text = in_force_->FromMessage(*call_.rule, **message, content_type);
    if (!text.ok()) return BadResponse(View(text.status()));
    body.Append(*text);
    head.headers.Set(HeaderId::kContentType, arena.Copy(content_type));
  }
  for (const http::Header& trailer : trailers.entries()) {
    // What the service says of its own, no field that means something to HTTP.
    if (trailer.id != HeaderId::kOther || trailer.name() == kDetails) continue;
    head.headers.Add(trailer.name(), trailer.value());
  }
  trailers.Clear();
  head.headers.Set(HeaderId::kContentLength, arena.Copy(base::StrCat(body.size())));
  return Verdict::Continue();
}

base::Buffer TranscoderStream::FillError(http::ResponseHead& head, const http::grpc::Status& status,
                                         const http::HeaderMap& trailers) {
  base::Buffer body;
  base::Arena& arena = head.headers.arena();
  std::string details;
  if (const auto encoded = trailers.Get(kDetails)) {
    if (!absl::Base64Unescape(base::AbslView(*encoded), &details)) details.clear();
  }
  const std::string_view message = trailers.Get(HeaderId::kGrpcMessage).value_or("");
  head.reason = {};
  head.status = http::grpc::HttpStatusOf(status.code);
  head.headers.Set(HeaderId::kGrpcStatus, arena.Copy(base::StrCat(static_cast<int>(status.code))));
  head.headers.Remove(kDetails);
  if (in_force_->answers_errors_in_json()) {
    body.Append(in_force_->codec().PrintStatus(static_cast<int>(status.code), status.message,
                                               details, in_force_->printing()));
    head.headers.Set(HeaderId::kContentType, kJson);
    head.headers.Remove(HeaderId::kGrpcMessage);
  } else {
    head.headers.Remove(HeaderId::kContentType);
    if (!message.empty()) head.headers.Set(HeaderId::kGrpcMessage, message);
  }
  head.headers.Set(HeaderId::kContentLength, arena.Copy(base::StrCat(body.size())));
  return body;
}

void TranscoderStream::NoteStatus(const http::grpc::Status& status) {
  stream_.stream().summary().grpc_status = static_cast<uint32_t>(status.code);
}

// Before the response began: 502. After: the chain breaks it off.
Verdict TranscoderStream::BadResponse(std::string_view why) {
  return Verdict::Reply(
      {.status = 502, .detail = "grpc_json_transcode_failure{response}", .body = std::string(why)});
}

}  // namespace outrigger::grpc_json_transcoder
