#include "source/extensions/http_filters/grpc_http1_reverse_bridge/grpc_http1_reverse_bridge.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "source/base/text.h"
#include "source/config/place.h"
#include "source/http/grpc/content_type.h"
#include "source/http/grpc/message_reader.h"
#include "source/http/grpc/status.h"

namespace outrigger::grpc_http1_reverse_bridge {
namespace {

using http::HeaderId;
using http::Verdict;
using http::grpc::Code;
using http::grpc::kPrefixBytes;

struct Settings {
  std::string content_type;
  bool withholds_prefix = false;
  std::string size_header;
};

class OfRoute final : public http::RouteFilterConfig {
 public:
  bool is_disabled = false;
};

// A plain 200 is a success here, other than in gRPC's own mapping.
Code CodeOf(int http_status) {
  return http_status == 200 ? Code::kOk : http::grpc::CodeOfHttpStatus(http_status);
}

class ReverseBridge final : public http::HttpFilter {
 public:
  ReverseBridge(const Settings& settings, http::FilterStream& stream)
      : settings_(settings), stream_(stream) {}

  Verdict OnRequestHead(http::RequestHead& head, bool last) override {
    const auto* of_route = dynamic_cast<const OfRoute*>(stream_.route_config());
    const bool is_disabled = of_route != nullptr && of_route->is_disabled;
    if (last || is_disabled || !http::grpc::IsGrpcRequest(head)) return Verdict::Decline();
    grpc_type_ = *head.headers.Get(HeaderId::kContentType);
    head.headers.Set(HeaderId::kContentType, settings_.content_type);
    head.headers.Set(HeaderId::kAccept, settings_.content_type);
    if (settings_.withholds_prefix) ShortenLength(head.headers);
    stream_.stream().ClearRoute();
    return Verdict::Continue();
  }

  Verdict OnRequestBody(base::Buffer& piece, bool last) override {
    if (!settings_.withholds_prefix) return Verdict::Continue();
    while (prefix_.size() < kPrefixBytes && !piece.empty()) {
      const std::string_view front = piece.Front();
      const size_t wanted = std::min(kPrefixBytes - prefix_.size(), front.size());
      prefix_.append(front.substr(0, wanted));
      piece.RemovePrefix(wanted);
    }
    if (prefix_.size() == kPrefixBytes) {
      const auto prefix = http::grpc::ReadPrefix(prefix_);
      if (prefix.flags != 0) return Refuse("grpc_bridge_data_compressed");
      message_bytes_ += piece.size();
      if (message_bytes_ > prefix.length) return Refuse("grpc_bridge_data_too_large");
      if (!last || message_bytes_ == prefix.length) return Verdict::Continue();
    }
    return last ? Refuse("grpc_bridge_data_too_small") : Verdict::Continue();
  }

  Verdict OnResponseHead(http::ResponseHead& head, bool last) override {
    // The request went out: what is answered from here on is answered to the client's own form.
    stream_.stream().request().headers.Set(HeaderId::kContentType, grpc_type_);
    const Code code = CodeOf(head.status);
    const std::string_view type =
        head.headers.Get(HeaderId::kContentType).value_or(std::string_view());
    if (type != settings_.content_type) {
      return Fail(head, code == Code::kOk ? Code::kUnknown : code, "grpc_bridge_content_type_wrong",
                  base::StrCat("the service answered with content-type \"", type, "\", status ",
                               head.status));
    }
    code_ = code;
    if (settings_.withholds_prefix && !settings_.size_header.empty())
      return AnnounceSize(head, last);
    MakeGrpc(head);
    if (settings_.withholds_prefix) return Verdict::Collect();
    if (last) SetStatus(head.headers);
    return Verdict::Continue();
  }

  Verdict OnWholeResponse(http::ResponseHead&, base::Buffer& body,
                          http::HeaderMap& trailers) override {
    AddPrefix(static_cast<uint32_t>(body.size()), body);
    SetStatus(trailers);
    return Verdict::Continue();
  }

  Verdict OnResponseBody(base::Buffer& piece, bool last) override {
    if (!size_) return Verdict::ContinueToTrailers();
    if (!std::exchange(is_prefix_sent_, true)) {
      const uint64_t before = piece.size();
      AddPrefix(*size_, piece);
      size_seen_ = before;
    } else {
      size_seen_ += piece.size();
    }
    if (size_seen_ > *size_ || (last && size_seen_ != *size_)) return WrongSize();
    return Verdict::ContinueToTrailers();
  }

  Verdict OnResponseTrailers(http::HeaderMap& trailers) override {
    if (size_ && size_seen_ != *size_) return WrongSize();
    SetStatus(trailers);
    return Verdict::Continue();
  }

 private:
  static void ShortenLength(http::HeaderMap& headers) {
    const auto text = headers.Get(HeaderId::kContentLength);
    const auto length = text ? base::ParseNumber<uint64_t>(*text) : std::nullopt;
    if (!length || *length < kPrefixBytes) return;  // refused when the body is seen
    headers.Set(HeaderId::kContentLength,
                headers.arena().Copy(base::StrCat(*length - kPrefixBytes)));
  }

  static void AddPrefix(uint32_t length, base::Buffer& body) {
    base::Buffer message = std::exchange(body, base::Buffer());
    http::grpc::AppendPrefix(length, body);
    body.Append(std::move(message));
  }

  void SetStatus(http::HeaderMap& fields) {
    fields.SetCopy("grpc-status", base::StrCat(static_cast<int>(code_)));
  }

  void MakeGrpc(http::ResponseHead& head) {
    head.status = 200;
    head.reason = {};
    head.headers.Set(HeaderId::kContentType, grpc_type_);
    head.headers.Remove(HeaderId::kContentLength);
  }

  // The size that the service announces is that of the message.
  Verdict AnnounceSize(http::ResponseHead& head, bool last) {
    const std::string_view list =
        head.headers.Get(settings_.size_header).value_or(std::string_view());
    size_ = base::ParseNumber<uint32_t>(base::StripSpaces(list.substr(0, list.find(','))));
    if (!size_) {
      return Fail(head, Code::kInternal, "grpc_bridge_content_length_missing",
                  base::StrCat("the service did not tell the size of its response in ",
                               settings_.size_header));
    }
    if (last && *size_ != 0) {
      return Fail(head, Code::kInternal, "grpc_bridge_content_length_wrong",
                  "the service answered with another size than it told");
    }
    MakeGrpc(head);
    // Without a body there is nothing to put the prefix before.
    return *size_ == 0 ? Verdict::Collect(0) : Verdict::Continue();
  }

  // Makes the response a head that tells the failure in gRPC.
  Verdict Fail(http::ResponseHead& head, Code code, std::string_view detail,
               std::string_view message) {
    http::StreamSummary& summary = stream_.stream().summary();
    if (summary.detail == "via_upstream") summary.detail = detail;
    MakeGrpc(head);
    head.headers.Remove(HeaderId::kContentEncoding);
    code_ = code;
    SetStatus(head.headers);
    head.headers.SetCopy("grpc-message", http::grpc::PercentEncode(message));
    return Verdict::EndWith({});
  }

  Verdict Refuse(std::string_view detail) {
    // As it came, so that the answer is gRPC.
    stream_.stream().request().headers.Set(HeaderId::kContentType, grpc_type_);
    return Verdict::Reply({.status = 400,
                           .detail = detail,
                           .body = "the request is not one uncompressed gRPC message",
                           .grpc_status = static_cast<int>(Code::kUnimplemented)});
  }

  static Verdict WrongSize() {
    return Verdict::Reply({.status = 502,
                           .detail = "grpc_bridge_content_length_wrong",
                           .body = "the service answered with another size than it told",
                           .grpc_status = static_cast<int>(Code::kInternal)});
  }

  const Settings& settings_;  // of the factory, which the stream's snapshot keeps
  http::FilterStream& stream_;
  std::string_view grpc_type_;  // the request's content-type as it came; in the stream's arena
  std::string prefix_;          // of the request's message, once it is complete
  uint64_t message_bytes_ = 0;
  Code code_ = Code::kUnknown;
  std::optional<uint32_t> size_;  // of the response's message, when the service told it
  uint64_t size_seen_ = 0;
  bool is_prefix_sent_ = false;
};

}  // namespace

absl::StatusOr<http::HttpFilterFactory> Create(const Config& config, config::FactoryContext&) {
  config::Findings findings;
  const config::Place root(findings);
  if (config.content_type().empty()) root.At("content_type").Refuse("must be given");
  if (!config.response_size_header().empty() && !config.withhold_grpc_frames()) {
    root.At("response_size_header").Refuse("only with withhold_grpc_frames: true");
  }
  if (findings.size() > 0) return findings.ToStatus();
  auto settings = std::make_shared<const Settings>(Settings{
      config.content_type(), config.withhold_grpc_frames(), config.response_size_header()});
  return http::HttpFilterFactory([settings](http::FilterStream& stream) {
    return std::make_unique<ReverseBridge>(*settings, stream);
  });
}

absl::StatusOr<config::RouteFilterConfigPtr> CreateForRoute(const RouteConfig& config,
                                                            config::FactoryContext&) {
  auto of_route = std::make_shared<OfRoute>();
  of_route->is_disabled = config.disabled();
  return config::RouteFilterConfigPtr(std::move(of_route));
}

}  // namespace outrigger::grpc_http1_reverse_bridge
