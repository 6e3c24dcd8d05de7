#include "source/extensions/http_filters/grpc_http1_reverse_bridge/grpc_http1_reverse_bridge.h"

#include "source/http/grpc/message_reader.h"
#include "test/harness/filter_harness.h"
#include "test/harness/filter_surroundings.h"

namespace outrigger::grpc_http1_reverse_bridge {
namespace {

using testing::FilterHarness;
using testing::FilterSurroundings;
using testing::HasStatus;
using testing::HeaderList;
using testing::RepliedWith;

constexpr std::string_view kPlain = "content_type: application/x-protobuf\n";
constexpr std::string_view kWithheld =
    "content_type: application/x-protobuf\nwithhold_grpc_frames: true\n";
constexpr std::string_view kSized =
    "content_type: application/x-protobuf\nwithhold_grpc_frames: true\n"
    "response_size_header: x-size\n";

std::string Framed(std::string_view message) {
  base::Buffer out;
  http::grpc::AppendMessage(message, out);
  return out.ToString();
}

const HeaderList kGrpc = {{"content-type", "application/grpc+proto"}, {"content-length", "8"}};
const HeaderList kProtobuf = {{"content-type", "application/x-protobuf"}, {"content-length", "5"}};

class BridgeChain {
 public:
  explicit BridgeChain(std::string_view yaml) : chain_(surroundings_.Make<Config>(Create, yaml)) {}
  FilterHarness* operator->() { return &chain_; }
  FilterSurroundings& surroundings() { return surroundings_; }
  const testing::Reply& Call(std::string_view body) {
    chain_.Begin("POST /S/M", kGrpc);
    chain_.Body(body, true);
    return chain_.reply();
  }

 private:
  FilterSurroundings surroundings_;
  FilterHarness chain_;
};

TEST(ReverseBridge, PassesMessagesUnderAnotherContentType) {
  BridgeChain chain(kPlain);
  chain->Answer(200, Framed("hello"), kProtobuf);
  const testing::Reply& reply = chain.Call(Framed("ask"));
  EXPECT_EQ(chain->forwarded().Header("content-type"), "application/x-protobuf");
  EXPECT_EQ(chain->forwarded().Header("accept"), "application/x-protobuf");
  EXPECT_EQ(chain->forwarded().body, Framed("ask"));
  EXPECT_EQ(reply.Header("content-type"), "application/grpc+proto");
  EXPECT_EQ(reply.body, Framed("hello"));
  EXPECT_EQ(reply.Trailer("grpc-status"), "0");
}

TEST(ReverseBridge, WithholdsPrefixesHoweverTheBodyIsCut) {
  for (const size_t size : {1, 2, 4, 5, 6, 8}) {
    BridgeChain chain(kWithheld);
    chain->Answer(200, "hello", kProtobuf);
    chain->Begin("POST /S/M", kGrpc);
    const std::string ask = Framed("ask");
    for (size_t at = 0; at < ask.size(); at += size) {
      chain->Body(std::string_view(ask).substr(at, size), at + size >= ask.size());
    }
    EXPECT_EQ(chain->forwarded().body, "ask") << size;
    EXPECT_EQ(chain->forwarded().Header("content-length"), "3");
    EXPECT_EQ(chain->reply().body, Framed("hello"));
    EXPECT_EQ(chain->reply().Trailer("grpc-status"), "0");
    EXPECT_EQ(chain->reply().Header("content-length"), "");
  }
}

TEST(ReverseBridge, AnswersAnEmptyMessageToAHeadAlone) {
  BridgeChain chain(kWithheld);
  chain->Answer(200, "", kProtobuf);
  chain.Call(Framed("ask"));
  EXPECT_EQ(chain->reply().body, Framed(""));
  EXPECT_EQ(chain->reply().Trailer("grpc-status"), "0");
}

TEST(ReverseBridge, MapsTheStatus) {
  BridgeChain chain(kWithheld);
  for (const auto& [http, grpc] : {std::pair(403, "7"), std::pair(503, "14")}) {
    chain->Answer(http, "", kProtobuf);
    EXPECT_THAT(chain.Call(Framed("ask")), HasStatus(200));
    EXPECT_EQ(chain->reply().Trailer("grpc-status"), grpc);
  }
}

TEST(ReverseBridge, TellsAResponseOfAnotherTypeAsAStatus) {
  BridgeChain chain(kPlain);
  chain->Answer(200, "<html>", {{"content-type", "text/html"}});
  EXPECT_THAT(chain.Call(Framed("ask")), RepliedWith(200, "grpc_bridge_content_type_wrong"));
  EXPECT_EQ(chain->reply().Header("grpc-status"), "2");
  EXPECT_EQ(chain->reply().Header("grpc-message"),
            "the service answered with content-type \"text/html\", status 200");
  EXPECT_EQ(chain->reply().Header("content-type"), "application/grpc+proto");
  EXPECT_EQ(chain->reply().body, "");
  chain->Answer(503, "");
  chain.Call(Framed("ask"));
  EXPECT_EQ(chain->reply().Header("grpc-status"), "14");
}

TEST(ReverseBridge, StreamsAResponseWhoseSizeIsTold) {
  BridgeChain chain(kSized);
  chain->AnswerLater();
  chain.Call(Framed("ask"));
  HeaderList headers = kProtobuf;
  headers.emplace_back("x-size", "5");
  chain->endpoint().Head(200, headers);
  chain->endpoint().Body("he");
  EXPECT_EQ(chain->reply().body, Framed("hello").substr(0, 7));
  chain->endpoint().Body("llo", true);
  EXPECT_EQ(chain->reply().body, Framed("hello"));
  EXPECT_EQ(chain->reply().Trailer("grpc-status"), "0");
}

TEST(ReverseBridge, BreaksOffAResponseOfAnotherSizeThanTold) {
  BridgeChain chain(kSized);
  for (const auto size : {"4", "6"}) {
    HeaderList headers = kProtobuf;
    headers.emplace_back("x-size", size);
    chain->Answer(200, "hello", headers);
    chain.Call(Framed("ask"));
    EXPECT_TRUE(chain->reply().was_aborted);
    EXPECT_EQ(chain->reply().detail, "grpc_bridge_content_length_wrong");
  }
}

TEST(ReverseBridge, FailsAResponseThatDoesNotTellItsSize) {
  BridgeChain chain(kSized);
  chain->Answer(200, "hello", kProtobuf);
  EXPECT_THAT(chain.Call(Framed("ask")), RepliedWith(200, "grpc_bridge_content_length_missing"));
  EXPECT_EQ(chain->reply().Header("grpc-status"), "13");
}

TEST(ReverseBridge, TakesASizeOfNothing) {
  BridgeChain chain(kSized);
  HeaderList headers = kProtobuf;
  headers.emplace_back("x-size", "0");
  chain->Answer(200, "", headers);
  chain.Call(Framed("ask"));
  EXPECT_EQ(chain->reply().body, Framed(""));
  EXPECT_EQ(chain->reply().Trailer("grpc-status"), "0");
}

TEST(ReverseBridge, RefusesRequestsThatAreNotOneMessage) {
  BridgeChain chain(kWithheld);
  const auto refusal = [&](std::string_view body) {
    const testing::Reply& reply = chain.Call(body);
    EXPECT_EQ(reply.Header("grpc-status"), "12");
    return reply.detail;
  };
  EXPECT_EQ(refusal("abc"), "grpc_bridge_data_too_small");
  EXPECT_EQ(refusal(std::string("\0\0\0\0\x09short", 10)), "grpc_bridge_data_too_small");
  EXPECT_EQ(refusal(Framed("one") + Framed("two")), "grpc_bridge_data_too_large");
  EXPECT_EQ(refusal(std::string("\x01\0\0\0\x01x", 6)), "grpc_bridge_data_compressed");
}

TEST(ReverseBridge, AnswersInGrpcWhatIsTooLargeToCollect) {
  BridgeChain chain(kWithheld);
  chain->Answer(200, std::string(101, 'x'), kProtobuf);
  EXPECT_THAT(chain.Call(Framed("ask")), RepliedWith(200, "response_payload_too_large"));
  EXPECT_EQ(chain->reply().Header("grpc-status"), "2");
}

TEST(ReverseBridge, LeavesOtherRequestsAlone) {
  BridgeChain chain(kWithheld);
  chain->Answer(200, "hello", {{"content-type", "text/plain"}});
  EXPECT_THAT(chain->Request("GET /", {{"content-type", "application/grpc"}}), HasStatus(200))
      << "no body";
  EXPECT_EQ(chain->reply().Header("grpc-status"), "");
  const auto off = chain.surroundings().Make<RouteConfig>(CreateForRoute, "disabled: true");
  chain->set_route_config(off.get());
  chain.Call(Framed("ask"));
  EXPECT_EQ(chain->forwarded().body, Framed("ask"));
  EXPECT_EQ(chain->reply().body, "hello");
}

TEST(ReverseBridge, RefusesToGoWithoutAContentType) {
  FilterSurroundings surroundings;
  EXPECT_EQ(surroundings.Refusal<Config>(Create, "response_size_header: x-size"),
            "content_type: must be given\n"
            "response_size_header: only with withhold_grpc_frames: true");
}

}  // namespace
}  // namespace outrigger::grpc_http1_reverse_bridge
