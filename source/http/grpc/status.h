#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "source/http/header_map.h"
#include "source/http/stream_summary.h"

namespace outrigger::http::grpc {

// In gRPC's numbers.
enum class Code : uint8_t {
  kOk = 0,
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};

// "UNAVAILABLE"
std::string_view ToString(Code code);
// How a server that speaks no gRPC is understood (gRPC's HTTP status mapping).
Code CodeOfHttpStatus(int status);
// The other way, for those who know HTTP only: 503 for UNAVAILABLE, 200 for OK.
int HttpStatusOf(Code code);
// A number from 0 to 16, as grpc-status has it.
std::optional<Code> ParseCode(std::string_view text);

struct Status {
  Code code = Code::kUnknown;
  std::string message;  // decoded
};

// What grpc-status and grpc-message say in trailers, or in a head without body. Nothing when there
// is no grpc-status; one that is no number from 0 to 16 is kUnknown.
std::optional<Status> ReadStatus(const HeaderMap& fields);

// The number that a stream ended with, which need not be one of the codes: what a filter noted
// before it translated the response, else the trailers, else the head.
std::optional<uint32_t> StatusNumber(const StreamSummary& summary);

// `message` as grpc-message carries it: what is not printable ASCII, and '%', as %XX. Cut to
// kMaxMessageBytes of it.
inline constexpr size_t kMaxMessageBytes = 4096;
std::string PercentEncode(std::string_view message);

// "UNAVAILABLE: no healthy upstream"
std::string Describe(const Status& status);

}  // namespace outrigger::http::grpc
