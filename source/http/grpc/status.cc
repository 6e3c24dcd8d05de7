#include "source/http/grpc/status.h"

#include <array>

#include "source/base/text.h"

namespace outrigger::http::grpc {
namespace {

constexpr std::array<std::string_view, 17> kNames = {
    "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED"};

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// What is no valid escape stays as it is: a message is for people.
std::string PercentDecode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const bool is_escape = text[i] == '%' && i + 2 < text.size() && HexValue(text[i + 1]) >= 0 &&
                           HexValue(text[i + 2]) >= 0;
    if (!is_escape) {
      out += text[i];
      continue;
    }
    out += static_cast<char>(HexValue(text[i + 1]) * 16 + HexValue(text[i + 2]));
    i += 2;
  }
  return out;
}

}  // namespace

std::string_view ToString(Code code) { return kNames[static_cast<size_t>(code)]; }

Code CodeOfHttpStatus(int status) {
  switch (status) {
    case 400:
      return Code::kInternal;
    case 401:
      return Code::kUnauthenticated;
    case 403:
      return Code::kPermissionDenied;
    case 404:
      return Code::kUnimplemented;
    case 429:
    case 502:
    case 503:
    case 504:
      return Code::kUnavailable;
    default:
      return Code::kUnknown;
  }
}

int HttpStatusOf(Code code) {
  static constexpr std::array<int, kNames.size()> kStatus = {
      200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401};
  return kStatus[static_cast<size_t>(code)];
}

std::optional<Code> ParseCode(std::string_view text) {
  const auto number = base::ParseNumber<uint32_t>(text);
  if (!number || *number >= kNames.size()) return std::nullopt;
  return static_cast<Code>(*number);
}

std::optional<Status> ReadStatus(const HeaderMap& fields) {
  const auto code = fields.Get(HeaderId::kGrpcStatus);
  if (!code.has_value()) return std::nullopt;
  Status out;
  out.code = ParseCode(*code).value_or(Code::kUnknown);
  out.message = PercentDecode(fields.Get(HeaderId::kGrpcMessage).value_or(""));
  return out;
}

std::optional<uint32_t> StatusNumber(const StreamSummary& summary) {
  if (summary.grpc_status) return summary.grpc_status;
  std::optional<std::string_view> text;
  if (summary.response_trailers != nullptr) {
    text = summary.response_trailers->Get(HeaderId::kGrpcStatus);
  }
  if (!text && summary.response != nullptr) {
    text = summary.response->headers.Get(HeaderId::kGrpcStatus);
  }
  return text ? base::ParseNumber<uint32_t>(*text) : std::nullopt;
}

std::string PercentEncode(std::string_view message) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : message.substr(0, kMaxMessageBytes)) {
    if (c >= ' ' && c <= '~' && c != '%') {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  return out;
}

std::string Describe(const Status& status) {
  if (status.message.empty()) return std::string(ToString(status.code));
  return base::StrCat(ToString(status.code), ": ", status.message);
}

}  // namespace outrigger::http::grpc
