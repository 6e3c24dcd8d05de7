#include "source/route/matchers.h"

#include <gtest/gtest.h>

#include "test/route/request.h"

namespace outrigger::route {
namespace {

TEST(StringMatcher, MatchesByKind) {
  EXPECT_TRUE(StringMatcher::Exact("abc").Matches("abc"));
  EXPECT_FALSE(StringMatcher::Exact("abc").Matches("abcd"));
  EXPECT_TRUE(StringMatcher::Prefix("ab").Matches("abc"));
  EXPECT_FALSE(StringMatcher::Prefix("abc").Matches("ab"));
  EXPECT_TRUE(StringMatcher::Suffix("bc").Matches("abc"));
  EXPECT_FALSE(StringMatcher::Suffix("abc").Matches("bc"));
  EXPECT_TRUE(StringMatcher::Contains("b").Matches("abc"));
  EXPECT_FALSE(StringMatcher::Contains("d").Matches("abc"));
  EXPECT_TRUE(StringMatcher::Matching(*Regex::Compile("a.c")).Matches("abc"));
  EXPECT_FALSE(StringMatcher::Matching(*Regex::Compile("a.c")).Matches("xabc"));
}

TEST(StringMatcher, IgnoresCaseWhereAsked) {
  EXPECT_TRUE(StringMatcher::Exact("aBc", true).Matches("AbC"));
  EXPECT_TRUE(StringMatcher::Prefix("aB", true).Matches("AbC"));
  EXPECT_TRUE(StringMatcher::Suffix("bC", true).Matches("ABc"));
  EXPECT_TRUE(StringMatcher::Contains("bC", true).Matches("aBcD"));
  EXPECT_TRUE(StringMatcher::Contains("", true).Matches(""));
  EXPECT_FALSE(StringMatcher::Exact("abc").Matches("ABC"));
}

TEST(Regex, RefusesBadAndHugePatterns) {
  EXPECT_EQ(Regex::Compile("a(").status().message(),
            "regex: missing ): a(, got \"a(\"; the syntax is RE2's");
  EXPECT_FALSE(Regex::Compile("((a{100}){100}){100}").ok());
}

TEST(RegexSubstitution, ReplacesEveryMatchWithGroups) {
  const auto swap = RegexSubstitution::Compile("(a)(b)", "\\2\\1");
  ASSERT_TRUE(swap.ok());
  EXPECT_EQ(swap->ReplaceAll("ab-ab"), "ba-ba");
  EXPECT_FALSE(RegexSubstitution::Compile("a", "\\1").ok());
}

TEST(HeaderMatcher, JoinsSeveralFieldsOfOneName) {
  const HeaderMatcher matcher("X-A", StringMatcher::Exact("1,2"));
  EXPECT_TRUE(matcher.Matches(Request("/", {{"x-a", "1"}, {"X-A", "2"}}).head));
  EXPECT_FALSE(matcher.Matches(Request("/", {{"x-a", "1"}}).head));
}

TEST(HeaderMatcher, SeesThePseudoHeaders) {
  const Request request("/path?q", {{"host", "h"}});
  EXPECT_TRUE(HeaderMatcher(":method", StringMatcher::Exact("GET")).Matches(request.head));
  EXPECT_TRUE(HeaderMatcher(":path", StringMatcher::Exact("/path?q")).Matches(request.head));
  EXPECT_TRUE(HeaderMatcher(":authority", StringMatcher::Exact("h")).Matches(request.head));
}

TEST(HeaderMatcher, ReadsDecimalRanges) {
  const HeaderMatcher matcher("n", HeaderMatcher::Range{-10, 5});
  EXPECT_TRUE(matcher.MatchesValue("-10"));
  EXPECT_TRUE(matcher.MatchesValue("4"));
  EXPECT_FALSE(matcher.MatchesValue("5"));
  EXPECT_FALSE(matcher.MatchesValue("4x"));
  EXPECT_FALSE(matcher.MatchesValue(""));
}

TEST(HeaderMatcher, AMissingHeaderFailsEvenAnInvertedCondition) {
  const StringMatcher a = StringMatcher::Exact("a");
  EXPECT_FALSE(HeaderMatcher("x", a).MatchesValue(std::nullopt));
  EXPECT_FALSE(HeaderMatcher("x", a, {.invert = true}).MatchesValue(std::nullopt));
  EXPECT_TRUE(
      HeaderMatcher("x", a, {.invert = true, .missing_is_empty = true}).MatchesValue(std::nullopt));
  EXPECT_TRUE(HeaderMatcher("x", a, {.invert = true}).MatchesValue("b"));
}

TEST(HeaderMatcher, TellsPresentFromAbsent) {
  const HeaderMatcher present("x", HeaderMatcher::Present{});
  const HeaderMatcher absent("x", HeaderMatcher::Present{false});
  const HeaderMatcher inverted("x", HeaderMatcher::Present{}, {.invert = true});
  EXPECT_TRUE(present.MatchesValue(""));
  EXPECT_FALSE(present.MatchesValue(std::nullopt));
  EXPECT_TRUE(absent.MatchesValue(std::nullopt));
  EXPECT_FALSE(absent.MatchesValue(""));
  EXPECT_TRUE(inverted.MatchesValue(std::nullopt));
}

TEST(QueryValue, FindsTheFirstOfAName) {
  EXPECT_EQ(QueryValue("a=1&b=2&b=3", "b"), "2");
  EXPECT_EQ(QueryValue("a&b", "b"), "");
  EXPECT_EQ(QueryValue("aa=1", "a"), std::nullopt);
  EXPECT_EQ(QueryValue("", "a"), std::nullopt);
  EXPECT_EQ(QueryValue("&&a==", "a"), "=");
}

TEST(CookieValue, ReadsAllCookieFields) {
  const Request request("/", {{"cookie", "a=1; b=\"two\""}, {"cookie", "c=3;d"}});
  EXPECT_EQ(CookieValue(request.head.headers, "a"), "1");
  EXPECT_EQ(CookieValue(request.head.headers, "b"), "two");
  EXPECT_EQ(CookieValue(request.head.headers, "c"), "3");
  EXPECT_EQ(CookieValue(request.head.headers, "d"), std::nullopt);
}

}  // namespace
}  // namespace outrigger::route
