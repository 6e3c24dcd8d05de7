#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "source/route/regex.h"

namespace outrigger::route {

// A condition on a text: envoy.type.matcher.v3.StringMatcher. A value; immutable; any thread.
// `ignore_case` folds ASCII letters; patterns are the place to say it for regular expressions.
class StringMatcher {
 public:
  static StringMatcher Exact(std::string_view text, bool ignore_case = false) {
    return StringMatcher(Kind::kExact, text, ignore_case);
  }
  static StringMatcher Prefix(std::string_view text, bool ignore_case = false) {
    return StringMatcher(Kind::kPrefix, text, ignore_case);
  }
  static StringMatcher Suffix(std::string_view text, bool ignore_case = false) {
    return StringMatcher(Kind::kSuffix, text, ignore_case);
  }
  static StringMatcher Contains(std::string_view text, bool ignore_case = false) {
    return StringMatcher(Kind::kContains, text, ignore_case);
  }
  // The whole text must match.
  static StringMatcher Matching(Regex regex) {
    StringMatcher matcher(Kind::kRegex, "", false);
    matcher.regex_ = std::move(regex);
    return matcher;
  }

  bool Matches(std::string_view text) const;

 private:
  enum class Kind : uint8_t { kExact, kPrefix, kSuffix, kContains, kRegex };
  StringMatcher(Kind kind, std::string_view text, bool ignore_case)
      : kind_(kind), ignore_case_(ignore_case), text_(text) {}

  Kind kind_;
  bool ignore_case_;
  std::string text_;
  std::optional<Regex> regex_;
};

}  // namespace outrigger::route
