#pragma once

#include <cstdint>

#include "source/http/http1/head_parser.h"
#include "source/http/http1/refusal.h"

namespace outrigger::http::http1 {

// Where the body behind a head ends (RFC 9112 6.3).
struct Framing {
  enum class Kind : uint8_t { kNone, kLength, kChunked, kUntilClose };
  Kind kind = Kind::kNone;
  uint64_t length = 0;               // kLength; not 0
  const Refusal* refusal = nullptr;  // set: the head is ambiguous or wrong
};

// Everything that request smuggling lives on is refused, even where the RFC offers a repair:
// Content-Length with Transfer-Encoding, several lengths (equal ones too), lists and signs in them,
// any coding but exactly "chunked", codings in HTTP/1.0. `base` is where the head was parsed.
Framing DecideRequestFraming(const ParsedHead& head, const char* base);
// `method` of the request that is answered.
Framing DecideResponseFraming(const ParsedHead& head, const char* base, Method method);

}  // namespace outrigger::http::http1
