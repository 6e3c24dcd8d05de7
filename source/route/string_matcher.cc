#include "source/route/string_matcher.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "source/http/header_map.h"

namespace outrigger::route {
namespace {

bool EqualFolded(char a, char b) {
  return absl::ascii_tolower(static_cast<unsigned char>(a)) ==
         absl::ascii_tolower(static_cast<unsigned char>(b));
}

bool Equals(std::string_view a, std::string_view b, bool ignore_case) {
  return ignore_case ? http::EqualsIgnoreCase(a, b) : a == b;
}

bool HasPart(std::string_view text, std::string_view part, bool ignore_case) {
  if (!ignore_case) return text.find(part) != std::string_view::npos;
  return part.empty() ||
         std::search(text.begin(), text.end(), part.begin(), part.end(), EqualFolded) != text.end();
}

}  // namespace

bool StringMatcher::Matches(std::string_view text) const {
  switch (kind_) {
    case Kind::kExact:
      return Equals(text, text_, ignore_case_);
    case Kind::kPrefix:
      return Equals(text.substr(0, text_.size()), text_, ignore_case_);
    case Kind::kSuffix:
      return text.size() >= text_.size() &&
             Equals(text.substr(text.size() - text_.size()), text_, ignore_case_);
    case Kind::kContains:
      return HasPart(text, text_, ignore_case_);
    case Kind::kRegex:
      return regex_->FullMatch(text);
  }
  return false;
}

}  // namespace outrigger::route
