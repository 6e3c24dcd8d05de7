#include "source/http/http2/field_section.h"

#include <algorithm>
#include <array>

#include "source/http/http1/scan.h"
#include "source/http/http2/outgoing_fields.h"

namespace outrigger::http::http2 {
namespace {

constexpr size_t kFieldOverhead = 32;  // RFC 9113 6.5.2

// RFC 9113 8.2.1: what field names are made of: tokens in lower case.
constexpr std::array<bool, 256> kNameBytes = [] {
  std::array<bool, 256> allowed{};
  for (const char c : std::string_view("!#$%&'*+-.^_`|~")) allowed[static_cast<uint8_t>(c)] = true;
  for (int c = '0'; c <= '9'; ++c) allowed[c] = true;
  for (int c = 'a'; c <= 'z'; ++c) allowed[c] = true;
  return allowed;
}();

bool IsValidName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(),
                                      [](char c) { return kNameBytes[static_cast<uint8_t>(c)]; });
}

}  // namespace

std::string_view DetailOf(Fault fault) {
  switch (fault) {
    case Fault::kNone:
      return "";
    case Fault::kBadField:
      return "http2.invalid.header.field";
    case Fault::kBrokenRule:
      return "http2.violation.of.messaging.rule";
    case Fault::kTooLarge:
      return "http2.headers_too_large";
    case Fault::kTooMany:
      return "http2.too_many_headers";
  }
  return "";
}

bool IsValidValue(std::string_view value) {
  if (value.empty()) return true;
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  if (is_blank(value.front()) || is_blank(value.back())) return false;
  const char* const end = value.data() + value.size();
  return http1::FindValueEnd(value.data(), end) == end;
}

void FieldSection::Begin(Kind kind, HeaderMap& to) {
  to_ = &to;
  kind_ = kind;
  bytes_ = count_ = 0;
  fault_ = Fault::kNone;
  has_regular_ = false;
}

bool FieldSection::IsPseudo(FieldText name, FieldText value) {
  if (fault_ != Fault::kNone) return false;
  bytes_ += name.text.size() + value.text.size() + kFieldOverhead;
  if (bytes_ > options_.max_head_bytes) {
    Fail(Fault::kTooLarge);
    return false;
  }
  if (!name.text.starts_with(':')) {
    AddRegular(name, value);
    return false;
  }
  if (has_regular_ || kind_ == Kind::kTrailers) Fail(Fault::kBrokenRule);
  if (!value.is_static && !IsValidValue(value.text)) Fail(Fault::kBadField);
  return fault_ == Fault::kNone;
}

void FieldSection::AddRegular(FieldText name, FieldText value) {
  has_regular_ = true;
  if (++count_ > options_.max_headers) return Fail(Fault::kTooMany);
  if (!value.is_static && !IsValidValue(value.text)) return Fail(Fault::kBadField);
  const HeaderId id = FindHeaderId(name.text);
  if (id == HeaderId::kOther) {
    if (!name.is_static && !IsValidName(name.text)) return Fail(Fault::kBadField);
    return to_->Add(id, Keep(name), Keep(value));
  }
  // The known name in another case is not the known name.
  if (name.text != HeaderName(id)) return Fail(Fault::kBadField);
  if (IsForConnection(id, value.text)) return Fail(Fault::kBrokenRule);
  if (kind_ == Kind::kTrailers && !MayStandInTrailers(id)) return;
  to_->Add(id, HeaderName(id), Keep(value));
}

}  // namespace outrigger::http::http2
