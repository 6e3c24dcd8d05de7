#pragma once

#include <cstdint>
#include <string_view>

#include "absl/container/inlined_vector.h"
#include "source/http/head.h"
#include "source/http/http1/options.h"
#include "source/http/http1/refusal.h"

namespace outrigger::http::http1 {

// A field line, as places in the bytes that were parsed.
struct Field {
  uint32_t name_at;
  uint32_t name_size;
  uint32_t value_at;
  uint32_t value_size : 24;
  HeaderId id : 8;

  std::string_view name(const char* base) const { return {base + name_at, name_size}; }
  std::string_view value(const char* base) const { return {base + value_at, value_size}; }
};

constexpr uint64_t FieldBit(HeaderId id) { return uint64_t{1} << static_cast<int>(id); }

// A head or trailer section taken apart, nothing decided yet. Lives on the stack of one call; the
// views are into the parsed bytes. After a refusal it holds what came before the fault.
struct ParsedHead {
  std::string_view method;  // of a request
  std::string_view target;
  std::string_view reason;  // of a response
  int status = 0;
  Protocol protocol = Protocol::kHttp11;
  uint64_t present = 0;  // a bit for each known field name
  absl::InlinedVector<Field, 32> fields;

  bool Has(HeaderId id) const { return (present & FieldBit(id)) != 0; }
  void Clear() {
    method = target = reason = {};
    present = 0;
    fields.clear();
  }
};

struct ParseResult {
  enum class State : uint8_t { kIncomplete, kComplete, kRefused };
  State state = State::kIncomplete;
  size_t size = 0;                   // of the section with its empty line, when complete
  const Refusal* refusal = nullptr;  // when refused
};

// Parses the section that `bytes` begins with, in one pass over it; what follows is not looked at.
// More than options.max_head_bytes without an end are refused.
ParseResult ParseRequestHead(std::string_view bytes, const Options& options, ParsedHead& head);
ParseResult ParseResponseHead(std::string_view bytes, const Options& options, ParsedHead& head);
// A trailer section; may be empty.
ParseResult ParseTrailers(std::string_view bytes, const Options& options, ParsedHead& trailers);

}  // namespace outrigger::http::http1
