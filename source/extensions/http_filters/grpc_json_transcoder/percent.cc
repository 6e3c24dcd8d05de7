#include "source/extensions/http_filters/grpc_json_transcoder/percent.h"

namespace outrigger::grpc_json_transcoder {
namespace {

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool StaysEncoded(char c, Unescape unescape) {
  switch (unescape) {
    case Unescape::kAll:
      return false;
    case Unescape::kAllButSlash:
      return c == '/';
    case Unescape::kAllButReserved:  // RFC 6570 1.5
      return c != '\0' && std::string_view(":/?#[]@!$&'()*+,;=").find(c) != std::string_view::npos;
  }
  return false;
}

}  // namespace

std::optional<std::string> PercentDecode(std::string_view text, Unescape unescape,
                                         bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out.push_back(' ');
    } else if (text[i] != '%') {
      out.push_back(text[i]);
    } else {
      if (text.size() - i < 3) return std::nullopt;
      const int high = HexValue(text[i + 1]), low = HexValue(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      const char decoded = static_cast<char>(high * 16 + low);
      if (StaysEncoded(decoded, unescape)) {
        out.append(text.substr(i, 3));
      } else {
        out.push_back(decoded);
      }
      i += 2;
    }
  }
  return out;
}

}  // namespace outrigger::grpc_json_transcoder
