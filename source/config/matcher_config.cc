#include "source/config/matcher_config.h"

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "source/base/text.h"

namespace outrigger::config {
namespace {

using envoy::config::route::v3::CookieMatcher;
using envoy::config::route::v3::HeaderMatcher;
using envoy::config::route::v3::QueryParameterMatcher;
using envoy::type::matcher::v3::RegexMatchAndSubstitute;
using envoy::type::matcher::v3::RegexMatcher;
using envoy::type::matcher::v3::StringMatcher;

constexpr size_t kMaxNameBytes = 1024;

// The message of a status that begins with the field's name itself.
std::string_view Without(std::string_view field, const absl::Status& status) {
  std::string_view message = base::StdView(status.message());
  if (message.starts_with(field)) message.remove_prefix(field.size());
  return message;
}

std::optional<route::StringMatcher> NotEmpty(route::StringMatcher matcher, const std::string& text,
                                             const Place& place) {
  if (!text.empty()) return matcher;
  place.Refuse("must not be empty");
  return std::nullopt;
}

using Condition = route::HeaderMatcher::Condition;

std::optional<Condition> ToCondition(std::optional<route::StringMatcher> matcher) {
  if (!matcher) return std::nullopt;
  return Condition(*std::move(matcher));
}

std::optional<Condition> ReadCondition(const HeaderMatcher& from, const Place& place) {
  switch (from.header_match_specifier_case()) {
    case HeaderMatcher::HEADER_MATCH_SPECIFIER_NOT_SET:
      return Condition(route::HeaderMatcher::Present{});
    case HeaderMatcher::kPresentMatch:
      return Condition(route::HeaderMatcher::Present{from.present_match()});
    case HeaderMatcher::kRangeMatch:
      if (from.range_match().end() <= from.range_match().start()) {
        place.At("range_match.end")
            .Refuse(base::StrCat("must be above start, got ", from.range_match().start(), " to ",
                                 from.range_match().end()));
      }
      return Condition(
          route::HeaderMatcher::Range{from.range_match().start(), from.range_match().end()});
    case HeaderMatcher::kExactMatch:
      return Condition(route::StringMatcher::Exact(from.exact_match()));
    case HeaderMatcher::kPrefixMatch:
      return ToCondition(NotEmpty(route::StringMatcher::Prefix(from.prefix_match()),
                                  from.prefix_match(), place.At("prefix_match")));
    case HeaderMatcher::kSuffixMatch:
      return ToCondition(NotEmpty(route::StringMatcher::Suffix(from.suffix_match()),
                                  from.suffix_match(), place.At("suffix_match")));
    case HeaderMatcher::kContainsMatch:
      return ToCondition(NotEmpty(route::StringMatcher::Contains(from.contains_match()),
                                  from.contains_match(), place.At("contains_match")));
    case HeaderMatcher::kSafeRegexMatch: {
      auto regex = ReadRegex(from.safe_regex_match(), place.At("safe_regex_match"));
      if (!regex) return std::nullopt;
      return Condition(route::StringMatcher::Matching(*std::move(regex)));
    }
    case HeaderMatcher::kStringMatch:
      return ToCondition(ReadStringMatcher(from.string_match(), place.At("string_match")));
  }
  return std::nullopt;
}

}  // namespace

std::optional<route::Regex> ReadRegex(const RegexMatcher& regex, const Place& place) {
  const Place at = place.At("regex");
  if (regex.regex().empty()) {
    at.Refuse("must be given");
    return std::nullopt;
  }
  absl::StatusOr<route::Regex> compiled = route::Regex::Compile(regex.regex());
  if (compiled.ok()) return *std::move(compiled);
  at.Refuse(Without("regex: ", compiled.status()));
  return std::nullopt;
}

std::optional<route::RegexSubstitution> ReadSubstitution(const RegexMatchAndSubstitute& rewrite,
                                                         const Place& place) {
  const Place pattern = place.At("pattern");
  if (!ReadRegex(rewrite.pattern(), pattern)) return std::nullopt;
  auto compiled =
      route::RegexSubstitution::Compile(rewrite.pattern().regex(), rewrite.substitution());
  if (compiled.ok()) return *std::move(compiled);
  place.At("substitution").Refuse(Without("substitution: ", compiled.status()));
  return std::nullopt;
}

std::optional<route::StringMatcher> ReadStringMatcher(const StringMatcher& matcher,
                                                      const Place& place) {
  const bool ignore_case = matcher.ignore_case();
  switch (matcher.match_pattern_case()) {
    case StringMatcher::kExact:
      return route::StringMatcher::Exact(matcher.exact(), ignore_case);
    case StringMatcher::kPrefix:
      return NotEmpty(route::StringMatcher::Prefix(matcher.prefix(), ignore_case), matcher.prefix(),
                      place.At("prefix"));
    case StringMatcher::kSuffix:
      return NotEmpty(route::StringMatcher::Suffix(matcher.suffix(), ignore_case), matcher.suffix(),
                      place.At("suffix"));
    case StringMatcher::kContains:
      return NotEmpty(route::StringMatcher::Contains(matcher.contains(), ignore_case),
                      matcher.contains(), place.At("contains"));
    case StringMatcher::kSafeRegex: {
      if (ignore_case) {
        place.At("ignore_case")
            .Refuse("has no meaning with safe_regex; begin the pattern with (?i)");
      }
      auto regex = ReadRegex(matcher.safe_regex(), place.At("safe_regex"));
      if (!regex) return std::nullopt;
      return route::StringMatcher::Matching(*std::move(regex));
    }
    case StringMatcher::MATCH_PATTERN_NOT_SET:
      break;
  }
  place.Refuse("must hold one of exact, prefix, suffix, safe_regex, contains");
  return std::nullopt;
}

std::optional<route::HeaderMatcher> ReadHeaderMatcher(const HeaderMatcher& matcher,
                                                      const Place& place) {
  if (matcher.name().empty()) place.At("name").Refuse("must be given");
  std::optional<Condition> condition = ReadCondition(matcher, place);
  if (!condition) return std::nullopt;
  return route::HeaderMatcher(matcher.name(), *std::move(condition),
                              {.invert = matcher.invert_match(),
                               .missing_is_empty = matcher.treat_missing_header_as_empty()});
}

std::optional<route::QueryMatcher> ReadQueryMatcher(const QueryParameterMatcher& matcher,
                                                    const Place& place) {
  if (matcher.name().empty() || matcher.name().size() > kMaxNameBytes) {
    place.At("name").Refuse(base::StrCat("must have 1 to 1024 bytes, got ", matcher.name().size()));
  }
  route::QueryMatcher query{.name = matcher.name()};
  if (matcher.has_string_match()) {
    query.value = ReadStringMatcher(matcher.string_match(), place.At("string_match"));
    if (!query.value) return std::nullopt;
  } else if (matcher.query_parameter_match_specifier_case() ==
                 QueryParameterMatcher::kPresentMatch &&
             !matcher.present_match()) {
    place.At("present_match").Refuse("false is not implemented");
  }
  return query;
}

std::optional<route::CookieMatcher> ReadCookieMatcher(const CookieMatcher& matcher,
                                                      const Place& place) {
  if (matcher.name().empty() || matcher.name().size() > kMaxNameBytes) {
    place.At("name").Refuse(base::StrCat("must have 1 to 1024 bytes, got ", matcher.name().size()));
  }
  auto value = ReadStringMatcher(matcher.string_match(), place.At("string_match"));
  if (!value) return std::nullopt;
  return route::CookieMatcher{
      .name = matcher.name(), .value = *std::move(value), .invert = matcher.invert_match()};
}

}  // namespace outrigger::config
