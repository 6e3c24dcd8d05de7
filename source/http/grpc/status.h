#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "source/http/header_map.h"

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

struct Status {
  Code code = Code::kUnknown;
  std::string message;  // decoded
};

// What grpc-status and grpc-message say in trailers, or in a head without body. Nothing when there
// is no grpc-status; one that is no number from 0 to 16 is kUnknown.
std::optional<Status> ReadStatus(const HeaderMap& fields);

// "UNAVAILABLE: no healthy upstream"
std::string Describe(const Status& status);

}  // namespace outrigger::http::grpc
