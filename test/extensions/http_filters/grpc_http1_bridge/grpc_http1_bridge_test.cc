#include "source/extensions/http_filters/grpc_http1_bridge/grpc_http1_bridge.h"

#include "source/http/grpc/message_reader.h"
#include "test/harness/filter_harness.h"
#include "test/harness/filter_surroundings.h"

namespace outrigger::grpc_http1_bridge {
namespace {

using testing::FilterHarness;
using testing::FilterSurroundings;
using testing::HasStatus;
using testing::HeaderList;
using testing::RepliedWith;

std::string Framed(std::string_view message) {
  base::Buffer out;
  http::grpc::AppendMessage(message, out);
  return out.ToString();
}

const HeaderList kGrpc = {{"content-type", "application/grpc"}};
const HeaderList kProtobuf = {{"content-type", "application/x-protobuf"}, {"content-length", "3"}};

class BridgeChain {
 public:
  explicit BridgeChain(std::string_view yaml = "{}")
      : chain_(surroundings_.Make<Config>(Create, yaml)) {}
  FilterHarness* operator->() { return &chain_; }
  const testing::Reply& Call(const HeaderList& headers, std::string_view body,
                             std::string_view path = "/S/M") {
    chain_.Begin(base::StrCat("POST ", path), headers);
    chain_.Body(body, true);
    return chain_.reply();
  }

 private:
  FilterSurroundings surroundings_;
  FilterHarness chain_;
};

TEST(GrpcHttp1Bridge, TellsTheStatusInTheHead) {
  BridgeChain chain;
  chain->Answer(200, Framed("hello"), kGrpc, {{"grpc-status", "0"}, {"grpc-message", "fine"}});
  const testing::Reply& reply = chain.Call(kGrpc, Framed("ask"));
  EXPECT_THAT(reply, HasStatus(200));
  EXPECT_EQ(reply.Header("grpc-status"), "0");
  EXPECT_EQ(reply.Header("grpc-message"), "fine");
  EXPECT_EQ(reply.Header("content-length"), "10");
  EXPECT_EQ(reply.body, Framed("hello"));
  EXPECT_TRUE(reply.trailers.empty());
  EXPECT_EQ(chain->forwarded().body, Framed("ask"));
  EXPECT_EQ(chain->forwarded().Header("te"), "trailers");
}

TEST(GrpcHttp1Bridge, Answers503ToAnyStatusButOk) {
  BridgeChain chain;
  for (const auto status : {"1", "16", "nonsense"}) {
    chain->Answer(200, "", kGrpc, {{"grpc-status", status}});
    EXPECT_THAT(chain.Call(kGrpc, Framed("ask")), HasStatus(503));
    EXPECT_EQ(chain->reply().Header("grpc-status"), status);
    EXPECT_EQ(chain->reply().Header("content-length"), "0");
  }
  chain->Answer(200, "", {{"content-type", "application/grpc"}, {"grpc-status", "14"}});
  EXPECT_THAT(chain.Call(kGrpc, Framed("ask")), HasStatus(503)) << "only a head";
}

TEST(GrpcHttp1Bridge, HoldsTheHeadUntilTheTrailersAreThere) {
  BridgeChain chain;
  chain->AnswerLater();
  chain.Call(kGrpc, Framed("ask"));
  chain->endpoint().Head(200, kGrpc);
  chain->endpoint().Body(Framed("hello"));
  EXPECT_FALSE(chain->reply().has_head);
  chain->endpoint().Trailers({{"grpc-status", "0"}});
  EXPECT_THAT(chain->reply(), HasStatus(200));
}

TEST(GrpcHttp1Bridge, AnswersAResponseThatIsTooLargeWith500) {
  BridgeChain chain;
  chain->Answer(200, std::string(200, 'x'), kGrpc, {{"grpc-status", "0"}});
  const testing::Reply& reply = chain.Call(kGrpc, Framed("ask"));
  EXPECT_EQ(reply.detail, "response_payload_too_large");
  EXPECT_EQ(reply.Header("grpc-status"), "2");
}

TEST(GrpcHttp1Bridge, MakesGrpcOfProtobufAndBack) {
  BridgeChain chain("upgrade_protobuf_to_grpc: true\nignore_query_parameters: true");
  chain->Answer(200, Framed("hello"), kGrpc, {{"grpc-status", "0"}});
  const testing::Reply& reply = chain.Call(kProtobuf, "ask", "/S/M?debug=1");
  EXPECT_EQ(chain->forwarded().body, Framed("ask"));
  EXPECT_EQ(chain->forwarded().target, "/S/M");
  EXPECT_EQ(chain->forwarded().Header("content-type"), "application/grpc");
  EXPECT_EQ(chain->forwarded().Header("content-length"), "");
  EXPECT_EQ(reply.body, "hello");
  EXPECT_EQ(reply.Header("content-type"), "application/x-protobuf");
  EXPECT_EQ(reply.Header("content-length"), "5");
}

TEST(GrpcHttp1Bridge, AnswersAnErrorToProtobufWithoutABody) {
  BridgeChain chain("upgrade_protobuf_to_grpc: true");
  chain->Answer(200, "", kGrpc, {{"grpc-status", "5"}, {"grpc-message", "none"}});
  EXPECT_THAT(chain.Call(kProtobuf, "ask"), HasStatus(503));
  EXPECT_EQ(chain->reply().Header("grpc-message"), "none");
  EXPECT_EQ(chain->reply().body, "");
}

TEST(GrpcHttp1Bridge, RefusesToStripWhatIsNotOneMessage) {
  BridgeChain chain("upgrade_protobuf_to_grpc: true");
  for (const std::string& body :
       {Framed("one") + Framed("two"), std::string("\0\0\0\0\x09short", 10), std::string("abc"),
        std::string("\x01\0\0\0\x01x", 6)}) {
    chain->Answer(200, body, kGrpc, {{"grpc-status", "0"}});
    EXPECT_EQ(chain.Call(kProtobuf, "ask").detail, "grpc_bridge_response_wrong");
    EXPECT_THAT(chain->reply(), HasStatus(502));
  }
}

TEST(GrpcHttp1Bridge, AnswersARequestThatIsTooLargeToCollectWith413) {
  BridgeChain chain("upgrade_protobuf_to_grpc: true");
  EXPECT_THAT(chain.Call(kProtobuf, std::string(101, 'x')),
              RepliedWith(413, "request_payload_too_large"));
}

TEST(GrpcHttp1Bridge, LeavesOtherRequestsAlone) {
  BridgeChain chain;
  chain->Answer(200, "x", kGrpc, {{"grpc-status", "5"}});
  EXPECT_THAT(chain.Call(kProtobuf, "ask"), HasStatus(200)) << "not told to upgrade";
  EXPECT_EQ(chain->forwarded().body, "ask");
  EXPECT_EQ(chain->reply().Trailer("grpc-status"), "5");
  chain->set_protocol(http::Protocol::kHttp2);
  EXPECT_THAT(chain.Call(kGrpc, Framed("ask")), HasStatus(200)) << "HTTP/2 needs no bridge";
  EXPECT_EQ(chain->reply().Trailer("grpc-status"), "5");
}

TEST(GrpcHttp1Bridge, PassesAResponseThatIsNotGrpc) {
  BridgeChain chain;
  chain->Answer(500, "html", {{"content-type", "text/html"}});
  EXPECT_THAT(chain.Call(kGrpc, Framed("ask")), HasStatus(500));
  EXPECT_EQ(chain->reply().body, "html");
}

}  // namespace
}  // namespace outrigger::grpc_http1_bridge
