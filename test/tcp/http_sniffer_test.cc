#include "source/tcp/http_sniffer.h"

#include "gtest/gtest.h"

namespace outrigger::tcp {
namespace {

using Result = HttpSniffer::Result;

// What the sniffer says, whole and byte by byte; both must agree.
Result Sniff(std::string_view bytes) {
  HttpSniffer whole;
  const Result result = whole.Push(bytes);
  HttpSniffer slow;
  Result slow_result = Result::kNeedsMore;
  for (size_t i = 0; i < bytes.size() && slow_result == Result::kNeedsMore; ++i) {
    slow_result = slow.Push(bytes.substr(i, 1));
  }
  EXPECT_EQ(slow_result, result) << bytes;
  return result;
}

TEST(HttpSniffer, KnowsRequestLinesByTheirVersion) {
  EXPECT_EQ(Sniff("GET / HTTP/1.1\r\n"), Result::kHttp11);
  EXPECT_EQ(Sniff("GET /a?b HTTP/1.0\r\nhost: x"), Result::kHttp10);
  EXPECT_EQ(Sniff("M-SEARCH * HTTP/1.1\n"), Result::kHttp11);
  EXPECT_EQ(Sniff("\r\nPOST http://a/b HTTP/1.1\r\n"), Result::kHttp11);
  EXPECT_EQ(Sniff("PRINT / HTTP/1.1\r\n"), Result::kHttp11);
}

TEST(HttpSniffer, KnowsThePrefaceOfHttp2) {
  EXPECT_EQ(Sniff("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), Result::kHttp2);
  EXPECT_EQ(Sniff("PRI * HTTP/2.0\r\n\r\nSM\r\n\r"), Result::kNeedsMore);
  EXPECT_EQ(Sniff("PRI * HTTP/2.0\r\n\r\nXX"), Result::kNotHttp);
}

TEST(HttpSniffer, WaitsForTheEndOfTheLine) {
  EXPECT_EQ(Sniff(""), Result::kNeedsMore);
  EXPECT_EQ(Sniff("GET"), Result::kNeedsMore);
  EXPECT_EQ(Sniff("GET / HTTP/1.1"), Result::kNeedsMore);
}

TEST(HttpSniffer, TakesNothingElseForHttp) {
  EXPECT_EQ(Sniff("SSH-2.0-OpenSSH\r\n"), Result::kNotHttp);
  EXPECT_EQ(Sniff(" GET / HTTP/1.1\r\n"), Result::kNotHttp);
  EXPECT_EQ(Sniff("GET / HTTP/9.9\r\n"), Result::kNotHttp);
  EXPECT_EQ(Sniff("HTTP/1.1\r\n"), Result::kNotHttp);
  EXPECT_EQ(Sniff("\x16\x03\x01"), Result::kNotHttp);
  EXPECT_EQ(Sniff(std::string_view("GET \0 HTTP/1.1\r\n", 16)), Result::kNotHttp);
  EXPECT_EQ(Sniff(std::string(33, 'A')), Result::kNotHttp);
}

TEST(HttpSniffer, GivesUpOnALineWithoutEnd) {
  EXPECT_EQ(Sniff("GET /" + std::string(HttpSniffer::kMostLineBytes, 'x')), Result::kNotHttp);
}

}  // namespace
}  // namespace outrigger::tcp
