#include "source/http/http1/length.h"

namespace outrigger::http::http1 {

std::optional<uint64_t> ParseDecimal(std::string_view text) {
  constexpr uint64_t kMax = (uint64_t{1} << 63) - 1;
  if (text.empty()) return std::nullopt;
  uint64_t number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<uint64_t>(c - '0');
    if (number > (kMax - digit) / 10) return std::nullopt;
    number = number * 10 + digit;
  }
  return number;
}

std::optional<uint64_t> BodyLength(const HeaderMap& headers) {
  if (headers.Count(HeaderId::kContentLength) != 1) return std::nullopt;
  return ParseDecimal(*headers.Get(HeaderId::kContentLength));
}

}  // namespace outrigger::http::http1
