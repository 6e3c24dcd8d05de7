#include "source/http/head.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outrigger::http {
namespace {

using testing::Eq;
using testing::Optional;

TEST(Method, IsCaseSensitive) {
  for (const char* name :
       {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}) {
    EXPECT_NE(ParseMethod(name), Method::kOther) << name;
  }
  EXPECT_EQ(ParseMethod("get"), Method::kOther);
  EXPECT_EQ(ParseMethod("PURGE"), Method::kOther);
  EXPECT_EQ(ParseMethod(""), Method::kOther);
}

TEST(Method, OnlySomeMayBeRepeated) {
  EXPECT_TRUE(IsIdempotent(Method::kGet));
  EXPECT_TRUE(IsIdempotent(Method::kDelete));
  EXPECT_FALSE(IsIdempotent(Method::kPost));
  EXPECT_FALSE(IsIdempotent(Method::kPatch));
  EXPECT_FALSE(IsIdempotent(Method::kOther));
}

TEST(RequestHead, SplitsItsTarget) {
  base::Arena arena;
  RequestHead head(arena);
  head.target = "/a/b?c=d?e";
  EXPECT_EQ(head.path(), "/a/b");
  EXPECT_EQ(head.query(), "c=d?e");
  head.target = "/a";
  EXPECT_EQ(head.path(), "/a");
  EXPECT_EQ(head.query(), "");
}

TEST(RequestHead, AnswersThePseudoHeadersOfHttp2) {
  base::Arena arena;
  RequestHead head(arena);
  head.method_text = "PUT";
  head.target = "/x";
  head.headers.Add("Host", "h");
  head.headers.Add("X-A", "1");
  EXPECT_THAT(head.Lookup(":method"), Optional(Eq("PUT")));
  EXPECT_THAT(head.Lookup(":path"), Optional(Eq("/x")));
  EXPECT_THAT(head.Lookup(":authority"), Optional(Eq("h")));
  EXPECT_THAT(head.Lookup(":scheme"), Optional(Eq("http")));
  EXPECT_THAT(head.Lookup("x-a"), Optional(Eq("1")));
  EXPECT_EQ(head.Lookup(":unknown"), std::nullopt);
}

TEST(ResponseHead, AnswersItsStatusAsText) {
  base::Arena arena;
  ResponseHead head(arena);
  head.status = 404;
  EXPECT_THAT(head.Lookup(":status"), Optional(Eq("404")));
  head.status = 7;
  EXPECT_THAT(head.Lookup(":status"), Optional(Eq("007")));
}

TEST(ReasonPhrase, KnowsTheRegistry) {
  EXPECT_EQ(ReasonPhrase(200), "OK");
  EXPECT_EQ(ReasonPhrase(431), "Request Header Fields Too Large");
  EXPECT_EQ(ReasonPhrase(511), "Network Authentication Required");
  EXPECT_EQ(ReasonPhrase(299), "Unknown");
  EXPECT_EQ(ReasonPhrase(999), "Unknown");
  EXPECT_EQ(ReasonPhrase(-1), "Unknown");
}

TEST(Protocol, PrintsAsEnvoyDoes) {
  EXPECT_EQ(ToString(Protocol::kHttp10), "HTTP/1.0");
  EXPECT_EQ(ToString(Protocol::kHttp11), "HTTP/1.1");
  EXPECT_EQ(ToString(Protocol::kHttp2), "HTTP/2");
}

}  // namespace
}  // namespace outrigger::http
