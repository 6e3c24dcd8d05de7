#include "source/http/log_escape.h"

#include <gtest/gtest.h>

namespace outrigger::http {
namespace {

using namespace std::string_literals;

std::string Sanitized(std::string text) {
  SanitizeText(text, 0);
  return text;
}
std::string Json(std::string text) {
  EscapeJson(text, 0);
  return text;
}

TEST(LogEscape, TextKeepsEverythingButControls) {
  EXPECT_EQ(Sanitized("plain \"quoted\" caf\xc3\xa9 \xff"), "plain \"quoted\" caf\xc3\xa9 \xff");
  EXPECT_EQ(Sanitized("a\nb\r\tc\x1b[1m\x7f\0!"s), "a\\x0ab\\x0d\\x09c\\x1b[1m\\x7f\\x00!");
}

TEST(LogEscape, JsonEscapesWhatItMust) {
  EXPECT_EQ(Json("plain"), "plain");
  EXPECT_EQ(Json("\"\\/\n\r\t\b\x7f\0"s), "\\\"\\\\/\\n\\r\\t\\u0008\\u007f\\u0000");
}

TEST(LogEscape, JsonKeepsUtf8AndEscapesWhatIsNot) {
  EXPECT_EQ(Json("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"), "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
  EXPECT_EQ(Json("\xc3"), "\\u00c3");                                   // cut short
  EXPECT_EQ(Json("\xc0\xaf"), "\\u00c0\\u00af");                        // overlong
  EXPECT_EQ(Json("\xe0\x80\xaf"), "\\u00e0\\u0080\\u00af");             // overlong
  EXPECT_EQ(Json("\xed\xa0\x80"), "\\u00ed\\u00a0\\u0080");             // a surrogate
  EXPECT_EQ(Json("\xf4\x90\x80\x80"), "\\u00f4\\u0090\\u0080\\u0080");  // above U+10FFFF
  EXPECT_EQ(Json("\xe2\x82x"), "\\u00e2\\u0082x");
}

TEST(LogEscape, OnlyTheTailIsTouched) {
  std::string text = "\nab\n";
  SanitizeText(text, 1);
  EXPECT_EQ(text, "\nab\\x0a");
  text = "\"ab\"";
  EscapeJson(text, 1);
  EXPECT_EQ(text, "\"ab\\\"");
}

}  // namespace
}  // namespace outrigger::http
