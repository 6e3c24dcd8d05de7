#include "source/extensions/http_filters/router/strict_headers.h"

#include "source/base/text.h"
#include "source/route/retry_policy.h"

namespace outrigger::router {
namespace {

using http::HeaderId;

bool IsNumber(std::string_view value) { return base::ParseNumber<uint64_t>(value).has_value(); }
bool IsRetryOn(std::string_view value) { return route::ParseRetryOn(value).ok(); }

struct StrictHeader {
  HeaderId id;
  bool (*is_valid)(std::string_view value);
};
constexpr StrictHeader kHeaders[] = {
    {HeaderId::kXEnvoyUpstreamRqTimeoutMs, IsNumber},
    {HeaderId::kXEnvoyUpstreamRqPerTryTimeoutMs, IsNumber},
    {HeaderId::kXEnvoyMaxRetries, IsNumber},
    {HeaderId::kXEnvoyRetryOn, IsRetryOn},
    {HeaderId::kXEnvoyRetryGrpcOn, IsRetryOn},
};

}  // namespace

absl::StatusOr<uint32_t> StrictHeaderBit(std::string_view name) {
  std::string known;
  for (size_t i = 0; i < std::size(kHeaders); ++i) {
    const std::string_view candidate = http::HeaderName(kHeaders[i].id);
    if (http::EqualsIgnoreCase(name, candidate)) return 1u << i;
    base::StrAppend(&known, i == 0 ? "" : ", ", candidate);
  }
  return base::InvalidArgument("unknown header \"", name, "\"; known: ", known);
}

std::optional<http::LocalReply> CheckStrictHeaders(uint32_t bits, const http::RequestHead& head) {
  for (size_t i = 0; bits >> i != 0; ++i) {
    if ((bits >> i & 1) == 0) continue;
    const auto value = head.headers.Get(kHeaders[i].id);
    if (!value || kHeaders[i].is_valid(*value)) continue;
    return http::LocalReply{
        .status = 400,
        .detail = "request_headers_failed_strict_check",
        .body = base::StrCat("invalid header '", http::HeaderName(kHeaders[i].id), "' with value '",
                             *value, "'"),
        .flag = http::ResponseFlag::kInvalidRequestHeaders};
  }
  return std::nullopt;
}

}  // namespace outrigger::router
