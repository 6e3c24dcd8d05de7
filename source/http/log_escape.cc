#include "source/http/log_escape.h"

#include <algorithm>
#include <cstdint>

namespace outrigger::http {
namespace {

constexpr char kHex[] = "0123456789abcdef";

bool IsControl(char c) {
  const auto byte = static_cast<uint8_t>(c);
  return byte < 0x20 || byte == 0x7F;
}

bool NeedsJsonCare(char c) {
  return IsControl(c) || c == '"' || c == '\\' || static_cast<uint8_t>(c) >= 0x80;
}

// The length of the UTF-8 sequence that `text` begins with; 0 when that is not well-formed
// (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF).
size_t Utf8Length(std::string_view text) {
  const auto byte = [&](size_t i) {
    return i < text.size() ? static_cast<uint8_t>(text[i]) : uint8_t{0};
  };
  const auto is_tail = [&](size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const uint8_t first = byte(0);
  if (first >= 0xC2 && first <= 0xDF) return is_tail(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool is_overlong = first == 0xE0 && byte(1) < 0xA0;
    const bool is_surrogate = first == 0xED && byte(1) >= 0xA0;
    return is_tail(1) && is_tail(2) && !is_overlong && !is_surrogate ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool is_overlong = first == 0xF0 && byte(1) < 0x90;
    const bool is_too_high = first == 0xF4 && byte(1) >= 0x90;
    return is_tail(1) && is_tail(2) && is_tail(3) && !is_overlong && !is_too_high ? 4 : 0;
  }
  return 0;
}

void AppendHexEscape(std::string_view prefix, char c, std::string& out) {
  const auto byte = static_cast<uint8_t>(c);
  out += prefix;
  out += kHex[byte >> 4];
  out += kHex[byte & 15];
}

// Appends one character, or a whole UTF-8 sequence, of `text`; returns how many bytes it took.
size_t AppendOneForJson(std::string_view text, std::string& out) {
  const char c = text[0];
  if (!NeedsJsonCare(c)) {
    out += c;
    return 1;
  }
  if (const size_t length = Utf8Length(text)) {
    out += text.substr(0, length);
    return length;
  }
  switch (c) {
    case '"':
      out += "\\\"";
      break;
    case '\\':
      out += "\\\\";
      break;
    case '\n':
      out += "\\n";
      break;
    case '\r':
      out += "\\r";
      break;
    case '\t':
      out += "\\t";
      break;
    default:
      AppendHexEscape("\\u00", c, out);
  }
  return 1;
}

}  // namespace

void SanitizeText(std::string& out, size_t begin) {
  const auto first =
      std::find_if(out.begin() + static_cast<ptrdiff_t>(begin), out.end(), IsControl);
  if (first == out.end()) return;
  const size_t at = static_cast<size_t>(first - out.begin());
  const std::string rest = out.substr(at);
  out.resize(at);
  for (const char c : rest) {
    if (IsControl(c)) {
      AppendHexEscape("\\x", c, out);
    } else {
      out += c;
    }
  }
}

void EscapeJson(std::string& out, size_t begin) {
  const auto first =
      std::find_if(out.begin() + static_cast<ptrdiff_t>(begin), out.end(), NeedsJsonCare);
  if (first == out.end()) return;
  const size_t at = static_cast<size_t>(first - out.begin());
  const std::string rest = out.substr(at);
  out.resize(at);
  for (std::string_view left = rest; !left.empty();)
    left.remove_prefix(AppendOneForJson(left, out));
}

void AppendJsonString(std::string_view text, std::string& out) {
  out += '"';
  const size_t begin = out.size();
  out += text;
  EscapeJson(out, begin);
  out += '"';
}

}  // namespace outrigger::http
