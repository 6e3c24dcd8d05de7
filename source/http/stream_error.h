#pragma once

#include <cstdint>
#include <string_view>

namespace outrigger::http {

enum class ErrorKind : uint8_t {
  kProtocol,          // the peer broke the rules of its protocol
  kLimit,             // a configured limit was passed
  kConnectionFailed,  // no connection to the peer came about
  kConnectionClosed,  // the connection ended before the message did
  kRefused,           // the peer said it did not process the stream (REFUSED_STREAM, GOAWAY)
  kReset,             // the peer reset the stream
  kTimeout,
  kLocal,     // we gave the stream up
  kOverflow,  // a circuit breaker or a queue limit
};

enum class ErrorSource : uint8_t { kDownstream, kUpstream, kInternal };

// What ended a message early: what, whose fault, may it be sent again, and a static token for logs.
struct StreamError {
  ErrorKind kind = ErrorKind::kLocal;
  ErrorSource source = ErrorSource::kInternal;
  // No byte of the request can have been acted upon: it may go to another connection as it is.
  bool is_safe_to_replay = false;
  // The status a server answers with when nothing was sent yet.
  uint16_t status = 400;
  // snake_case, of static storage; also %RESPONSE_CODE_DETAILS%.
  std::string_view detail;
};

}  // namespace outrigger::http
