#include "source/http/local_reply.h"

#include "gtest/gtest.h"

namespace outrigger::http {
namespace {

struct Asked {
  explicit Asked(ReplyForm form) : form(form), request(arena), head(arena) {}
  std::string Fill(LocalReply reply) {
    return FillLocalReply(reply, "text/plain", form, request, head).ToString();
  }
  const ReplyForm form;
  base::Arena arena;
  RequestHead request;
  ResponseHead head;
};

TEST(LocalReply, ToGrpcIsAHeadWithStatusAndMessage) {
  Asked asked(ReplyForm::kGrpc);
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
  Asked asked(ReplyForm::kGrpc);
  asked.Fill({.status = 429, .grpc_status = 8});
  EXPECT_EQ(asked.head.headers.Get("grpc-status"), "8");
  EXPECT_FALSE(asked.head.headers.Has(HeaderId::kGrpcMessage));
}

TEST(LocalReply, ToOthersIsPlainHttp) {
  Asked asked(ReplyForm::kHttp);
  EXPECT_EQ(asked.Fill({.status = 503, .body = "no"}), "no");
  EXPECT_EQ(asked.head.status, 503);
  EXPECT_EQ(asked.head.headers.Get("content-length"), "2");
  EXPECT_FALSE(asked.head.headers.Has(HeaderId::kGrpcStatus));
}

}  // namespace
}  // namespace outrigger::http
