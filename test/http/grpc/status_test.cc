#include "source/http/grpc/status.h"

#include <gtest/gtest.h>

namespace outrigger::http::grpc {
namespace {

std::optional<Status> Read(std::string_view code, std::string_view message) {
  base::Arena arena;
  HeaderMap fields(arena);
  fields.Add("grpc-status", code);
  fields.Add("grpc-message", message);
  return ReadStatus(fields);
}

TEST(GrpcStatus, ReadsCodeAndDecodesMessage) {
  const auto status = Read("14", "no%20endpoint: 100%25 %zz %4");
  ASSERT_TRUE(status.has_value());
  EXPECT_EQ(status->code, Code::kUnavailable);
  EXPECT_EQ(Describe(*status), "UNAVAILABLE: no endpoint: 100% %zz %4");
}

TEST(GrpcStatus, ACodeThatIsNoneIsUnknown) {
  for (const std::string_view code : {"17", "-1", "", "4294967296", "1x"}) {
    EXPECT_EQ(Read(code, "")->code, Code::kUnknown) << code;
  }
}

TEST(GrpcStatus, IsAbsentWithoutItsField) {
  base::Arena arena;
  EXPECT_FALSE(ReadStatus(HeaderMap(arena)).has_value());
}

TEST(GrpcStatus, UnderstandsServersWithoutGrpc) {
  EXPECT_EQ(CodeOfHttpStatus(503), Code::kUnavailable);
  EXPECT_EQ(CodeOfHttpStatus(404), Code::kUnimplemented);
  EXPECT_EQ(CodeOfHttpStatus(200), Code::kUnknown);
}

TEST(GrpcStatus, IsSpokenOfInHttp) {
  EXPECT_EQ(HttpStatusOf(Code::kOk), 200);
  EXPECT_EQ(HttpStatusOf(Code::kUnavailable), 503);
  EXPECT_EQ(HttpStatusOf(Code::kUnauthenticated), 401);
}

TEST(GrpcStatus, EncodesWhatAFieldCannotCarry) {
  EXPECT_EQ(PercentEncode("100% of\nit: \xc3\xa4"), "100%25 of%0Ait: %C3%A4");
  EXPECT_EQ(PercentEncode(std::string(kMaxMessageBytes + 1, 'x')).size(), kMaxMessageBytes);
}

TEST(GrpcStatus, OfAStreamIsWhatAFilterNotedElseTrailersElseHead) {
  base::Arena arena;
  ResponseHead head(arena);
  HeaderMap trailers(arena);
  StreamSummary summary;
  EXPECT_EQ(StatusNumber(summary), std::nullopt);
  head.headers.Add("grpc-status", "3");
  summary.response = &head;
  EXPECT_EQ(StatusNumber(summary), 3);
  trailers.Add("grpc-status", "99");
  summary.response_trailers = &trailers;
  EXPECT_EQ(StatusNumber(summary), 99);
  summary.grpc_status = 5;
  EXPECT_EQ(StatusNumber(summary), 5);
}

}  // namespace
}  // namespace outrigger::http::grpc
