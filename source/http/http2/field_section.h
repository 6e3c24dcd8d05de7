#pragma once

#include <cstdint>
#include <string_view>

#include "source/http/header_map.h"
#include "source/http/http2/options.h"

namespace outrigger::http::http2 {

// A name or value as nghttp2 decoded it. Static: it is in the library's own table and needs no
// copy.
struct FieldText {
  std::string_view text;
  bool is_static = false;
};

// What is wrong with a head or trailer section.
enum class Fault : uint8_t {
  kNone,
  kBadField,    // a name or value with bytes that may not be there (RFC 9113 8.2.1)
  kBrokenRule,  // fields that may not be there, or are missing (8.2.2, 8.3, 8.1.1)
  kTooLarge,    // above Options::max_head_bytes
  kTooMany,     // above Options::max_headers
};
// The token for logs, with Envoy's spelling.
std::string_view DetailOf(Fault fault);
inline bool IsMalformed(Fault fault) {
  return fault == Fault::kBadField || fault == Fault::kBrokenRule;
}

// The fields of one section on their way from nghttp2 into a stream's arena, where each byte is
// copied once; names that we know and those of the static table not at all. What HTTP/1 could read
// in another way is refused here, since a request may go on as HTTP/1. Owner: a session; one
// section is read at a time.
class FieldSection {
 public:
  enum class Kind : uint8_t { kHead, kTrailers };

  explicit FieldSection(const Options& options) : options_(options) {}

  void Begin(Kind kind, HeaderMap& to);
  // A regular field is added. True: it is a pseudo-field at a place where one may be (8.3), and up
  // to the caller. After a fault nothing is done.
  [[nodiscard]] bool IsPseudo(FieldText name, FieldText value);
  void Fail(Fault fault) {
    if (fault_ == Fault::kNone) fault_ = fault;
  }
  Fault fault() const { return fault_; }
  // For the caller's pseudo-fields.
  std::string_view Keep(FieldText text) {
    return text.is_static ? text.text : to_->arena().Copy(text.text);
  }

 private:
  void AddRegular(FieldText name, FieldText value);

  const Options& options_;
  HeaderMap* to_ = nullptr;
  size_t bytes_ = 0;
  size_t count_ = 0;
  Kind kind_ = Kind::kHead;
  Fault fault_ = Fault::kNone;
  bool has_regular_ = false;
};

// Whether the bytes may stand in a value: no controls but HTAB, no space at either end.
bool IsValidValue(std::string_view value);

}  // namespace outrigger::http::http2
