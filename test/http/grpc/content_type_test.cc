#include "source/http/grpc/content_type.h"

#include <gtest/gtest.h>

namespace outrigger::http::grpc {
namespace {

TEST(GrpcContentType, IsGrpcWithAnyMessageFormatAndNothingElse) {
  for (const auto type : {"application/grpc", "application/grpc+proto", "application/grpc;v=1"}) {
    EXPECT_TRUE(IsGrpcContentType(type)) << type;
  }
  for (const auto type : {"application/grpc-web", "application/grpcx", "application/json", ""}) {
    EXPECT_FALSE(IsGrpcContentType(type)) << type;
  }
}

TEST(GrpcContentType, MakesAResponseGrpcWhenItsStatusIs200) {
  base::Arena arena;
  ResponseHead head(arena);
  head.headers.Add("content-type", "application/grpc");
  EXPECT_TRUE(IsGrpcResponse(head, false));
  EXPECT_FALSE(IsGrpcResponse(head, true)) << "no grpc-status anywhere";
  head.status = 503;
  EXPECT_FALSE(IsGrpcResponse(head, false));
  head.headers.Add("grpc-status", "14");
  EXPECT_TRUE(IsGrpcResponse(head, true));
}

}  // namespace
}  // namespace outrigger::http::grpc
