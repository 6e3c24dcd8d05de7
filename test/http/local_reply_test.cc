#include "source/http/local_reply.h"

#include "gtest/gtest.h"

namespace outrigger::http {
namespace {

struct Asked {
  explicit Asked(std::string_view content_type) : request(arena), head(arena) {
    request.headers.Add("content-type", content_type);
  }
  std::string Fill(LocalReply reply) {
    return FillLocalReply(reply, "text/plain", request, head).ToString();
  }
  base::Arena arena;
  RequestHead request;
  ResponseHead head;
};

TEST(LocalReply, ToGrpcIsAHeadWithStatusAndMessage) {
  Asked asked("application/grpc+proto");
  EXPECT_EQ(asked.Fill({.status = 503,
                        .body = "no healthy\nupstream",
                        .headers = {{"x-extra", "1"}, {"Content-Type", "text/html"}}}),
            "");
  EXPECT_EQ(asked.head.status, 200);
  EXPECT_EQ(asked.head.headers.Get("grpc-status"), "14");
  EXPECT_EQ(asked.head.headers.Get("grpc-message"), "no healthy%0Aupstream");
  EXPECT_EQ(asked.head.headers.GetJoined("content-type"), "application/grpc");
  EXPECT_EQ(asked.head.headers.Get("x-extra"), "1");
  EXPECT_FALSE(asked.head.headers.Has(HeaderId::kContentLength));
}

TEST(LocalReply, ToGrpcHasTheStatusThatItsMakerChose) {
  Asked asked("application/grpc");
  asked.Fill({.status = 429, .grpc_status = 8});
  EXPECT_EQ(asked.head.headers.Get("grpc-status"), "8");
  EXPECT_FALSE(asked.head.headers.Has(HeaderId::kGrpcMessage));
}

TEST(LocalReply, ToOthersIsPlainHttp) {
  Asked asked("application/grpc-web");
  EXPECT_EQ(asked.Fill({.status = 503, .body = "no"}), "no");
  EXPECT_EQ(asked.head.status, 503);
  EXPECT_EQ(asked.head.headers.Get("content-length"), "2");
  EXPECT_FALSE(asked.head.headers.Has(HeaderId::kGrpcStatus));
}

}  // namespace
}  // namespace outrigger::http
