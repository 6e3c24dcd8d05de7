#include "source/http/certificate_text.h"

#include "absl/strings/ascii.h"

namespace outrigger::http {
namespace {

void AppendPercent(char byte, std::string& out) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  const auto value = static_cast<unsigned char>(byte);
  out += '%';
  out += kHex[value >> 4];
  out += kHex[value & 15];
}

bool IsPlain(char byte) {
  return absl::ascii_isalnum(static_cast<unsigned char>(byte)) || byte == '-' || byte == '.' ||
         byte == '_';
}

}  // namespace

// Headers and logs have lines of 64 bytes between their dashes: most bytes are plain.
void AppendEncodedPem(std::string_view pem, std::string& out) {
  out.reserve(out.size() + pem.size() + pem.size() / 8);
  for (const char byte : pem) {
    if (IsPlain(byte)) {
      out += byte;
    } else {
      AppendPercent(byte, out);
    }
  }
}

void AppendQuoted(std::string_view value, std::string& out) {
  out += '"';
  bool is_escaped = false;  // by the backslash just before
  for (const char byte : value) {
    if (absl::ascii_iscntrl(static_cast<unsigned char>(byte))) {
      if (is_escaped) out += '\\';
      is_escaped = false;
      AppendPercent(byte, out);
      continue;
    }
    if (byte == '"' && !is_escaped) out += '\\';
    out += byte;
    is_escaped = byte == '\\' && !is_escaped;
  }
  if (is_escaped) out += '\\';
  out += '"';
}

}  // namespace outrigger::http
