#include "source/route/string_matcher.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace outrigger::route {
namespace {

bool ContainsIgnoreCase(std::string_view text, std::string_view part) {
  return std::search(text.begin(), text.end(), part.begin(), part.end(), [](char a, char b) {
           return absl::ascii_tolower(static_cast<unsigned char>(a)) ==
                  absl::ascii_tolower(static_cast<unsigned char>(b));
         }) != text.end() ||
         part.empty();
}

}  // namespace

bool StringMatcher::Matches(std::string_view text) const {
  switch (kind_) {
    case Kind::kExact:
      return ignore_case_ ? absl::EqualsIgnoreCase(text, text_) : text == text_;
    case Kind::kPrefix:
      return ignore_case_ ? absl::StartsWithIgnoreCase(text, text_) : absl::StartsWith(text, text_);
    case Kind::kSuffix:
      return ignore_case_ ? absl::EndsWithIgnoreCase(text, text_) : absl::EndsWith(text, text_);
    case Kind::kContains:
      return ignore_case_ ? ContainsIgnoreCase(text, text_) : absl::StrContains(text, text_);
    case Kind::kRegex:
      return regex_->FullMatch(text);
  }
  return false;
}

}  // namespace outrigger::route
