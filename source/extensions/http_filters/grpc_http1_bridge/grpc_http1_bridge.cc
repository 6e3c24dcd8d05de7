#include "source/extensions/http_filters/grpc_http1_bridge/grpc_http1_bridge.h"

#include <memory>
#include <string_view>
#include <utility>

#include "source/base/text.h"
#include "source/http/grpc/content_type.h"
#include "source/http/grpc/message_reader.h"

namespace outrigger::grpc_http1_bridge {
namespace {

using http::HeaderId;
using http::Verdict;

constexpr std::string_view kProtobuf = "application/x-protobuf";

struct Settings {
  bool upgrades_protobuf = false;
  bool ignores_query = false;
};

bool IsProtobuf(const http::RequestHead& head) {
  std::string_view type = head.headers.Get(HeaderId::kContentType).value_or(std::string_view());
  type = base::StripSpaces(type.substr(0, type.find(';')));
  return http::EqualsIgnoreCase(type, kProtobuf);
}

// Takes the prefix off a body that is one uncompressed message; false when it is not one.
[[nodiscard]] bool TakePrefix(base::Buffer& body) {
  if (body.size() < http::grpc::kPrefixBytes) return false;
  const auto prefix = http::grpc::ReadPrefix(body.Linearize(http::grpc::kPrefixBytes));
  body.RemovePrefix(http::grpc::kPrefixBytes);
  return prefix.flags == 0 && prefix.length == body.size();
}

class GrpcHttp1Bridge final : public http::HttpFilter {
 public:
  GrpcHttp1Bridge(const Settings& settings, http::FilterStream& stream)
      : settings_(settings), stream_(stream) {}

  Verdict OnRequestHead(http::RequestHead& head, bool /*last*/) override {
    is_bare_ = settings_.upgrades_protobuf && IsProtobuf(head);
    const bool is_bridged =
        is_bare_ || (head.protocol != http::Protocol::kHttp2 && http::grpc::IsGrpcRequest(head));
    if (!is_bridged) return Verdict::Decline();
    head.headers.Set(HeaderId::kTe, "trailers");
    if (settings_.ignores_query) head.target = head.path();
    return is_bare_ ? Verdict::Collect() : Verdict::Continue();
  }

  Verdict OnWholeRequest(http::RequestHead& head, base::Buffer& body,
                         http::HeaderMap& /*trailers*/) override {
    base::Buffer message = std::exchange(body, base::Buffer());
    http::grpc::AppendPrefix(static_cast<uint32_t>(message.size()), body);
    body.Append(std::move(message));
    head.headers.Set(HeaderId::kContentType, http::grpc::kContentType);
    head.headers.Remove(HeaderId::kContentLength);
    return Verdict::Continue();
  }

  Verdict OnResponseHead(http::ResponseHead& head, bool last) override {
    if (!http::grpc::IsGrpcResponse(head, last)) return Verdict::Continue();
    return Verdict::Collect();
  }

  Verdict OnWholeResponse(http::ResponseHead& head, base::Buffer& body,
                          http::HeaderMap& trailers) override {
    for (const HeaderId id : {HeaderId::kGrpcStatus, HeaderId::kGrpcMessage}) {
      if (const auto value = trailers.Get(id)) head.headers.Set(id, *value);
    }
    const auto status = head.headers.Get(HeaderId::kGrpcStatus);
    if (status && *status != "0") head.status = 503;
    if (is_bare_) {
      const bool is_one_message = TakePrefix(body);
      if (!is_one_message && head.status == 200) {
        return Verdict::Reply({.status = 502,
                               .detail = "grpc_bridge_response_wrong",
                               .body = "the response is not one uncompressed gRPC message"});
      }
      if (!is_one_message) body.Clear();
      head.headers.Set(HeaderId::kContentType, kProtobuf);
    }
    head.headers.Set(HeaderId::kContentLength,
                     stream_.stream().arena().Copy(base::StrCat(body.size())));
    return Verdict::EndWith({});
  }

 private:
  const Settings& settings_;  // of the factory, which the stream's snapshot keeps
  http::FilterStream& stream_;
  bool is_bare_ = false;  // the client's messages have no prefix
};

}  // namespace

absl::StatusOr<http::HttpFilterFactory> Create(const Config& config, config::FactoryContext&) {
  auto settings = std::make_shared<const Settings>(
      Settings{config.upgrade_protobuf_to_grpc(), config.ignore_query_parameters()});
  return http::HttpFilterFactory([settings](http::FilterStream& stream) {
    return std::make_unique<GrpcHttp1Bridge>(*settings, stream);
  });
}

}  // namespace outrigger::grpc_http1_bridge
