#include "source/extensions/http_filters/grpc_web/grpc_web.h"

#include "absl/strings/escaping.h"
#include "source/extensions/http_filters/cors/cors.h"
#include "source/http/grpc/message_reader.h"
#include "test/harness/filter_harness.h"
#include "test/harness/filter_surroundings.h"

namespace outrigger::grpc_web {
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

std::string Base64(std::string_view bytes) { return absl::Base64Escape(base::AbslView(bytes)); }

// The trailers' frame of a body.
std::string TrailersFrame(std::string_view block) {
  std::string frame = Framed(block);
  frame[0] = static_cast<char>(0x80);
  return frame;
}

const HeaderList kBinary = {{"content-type", "application/grpc-web+proto"},
                            {"content-length", "9"}};
const HeaderList kText = {{"content-type", "application/grpc-web-text"},
                          {"accept", "application/grpc-web-text, */*"}};
const HeaderList kGrpc = {{"content-type", "application/grpc"}, {"content-length", "10"}};

class WebChain {
 public:
  WebChain() : chain_(surroundings_.Make<Config>(Create, "{}")) { chain_.set_cluster("backend"); }
  FilterHarness* operator->() { return &chain_; }
  FilterSurroundings& surroundings() { return surroundings_; }
  const testing::Reply& Call(const HeaderList& headers, std::string_view body) {
    chain_.Begin("POST /S/M", headers);
    chain_.Body(body, true);
    return chain_.reply();
  }

 private:
  FilterSurroundings surroundings_;
  FilterHarness chain_;
};

TEST(GrpcWeb, MakesAGrpcRequestOfABinaryOne) {
  WebChain chain;
  chain.Call(kBinary, Framed("ask"));
  const testing::Forwarded& seen = chain->forwarded();
  EXPECT_EQ(seen.Header("content-type"), "application/grpc");
  EXPECT_EQ(seen.Header("te"), "trailers");
  EXPECT_EQ(seen.Header("grpc-accept-encoding"), "identity");
  EXPECT_EQ(seen.Header("content-length"), "");
  EXPECT_EQ(seen.body, Framed("ask"));
}

TEST(GrpcWeb, KeepsTheMessageFormat) {
  WebChain chain;
  chain->Answer(200, "", {{"content-type", "application/grpc+json"}, {"grpc-status", "0"}});
  chain.Call({{"content-type", "Application/gRPC-Web+json; charset=x"}}, Framed("{}"));
  EXPECT_EQ(chain->forwarded().Header("content-type"), "application/grpc+json");
  EXPECT_EQ(chain->reply().Header("content-type"), "application/grpc-web+json");
}

TEST(GrpcWeb, PutsTrailersIntoTheBody) {
  WebChain chain;
  chain->Answer(200, Framed("hello"), kGrpc, {{"Grpc-Status", "5"}, {"grpc-message", "none"}});
  const testing::Reply& reply = chain.Call(kBinary, Framed("ask"));
  EXPECT_THAT(reply, HasStatus(200));
  EXPECT_EQ(reply.Header("content-type"), "application/grpc-web+proto");
  EXPECT_EQ(reply.Header("content-length"), "");
  EXPECT_EQ(reply.body, Framed("hello") + TrailersFrame("grpc-status:5\r\ngrpc-message:none\r\n"));
  EXPECT_TRUE(reply.trailers.empty());
  EXPECT_EQ(chain->summary().grpc_status, 5u) << "access logs go by it";
}

TEST(GrpcWeb, SpeaksTextWhereverItIsCut) {
  const std::string ask = Framed("question"), text = Base64(ask);
  for (size_t size = 1; size <= text.size(); ++size) {
    WebChain chain;
    chain->AnswerLater();
    chain->Begin("POST /S/M", kText);
    for (size_t at = 0; at < text.size(); at += size) {
      chain->Body(std::string_view(text).substr(at, size), at + size >= text.size());
    }
    EXPECT_EQ(chain->forwarded().body, ask) << size;
    EXPECT_TRUE(chain->forwarded().is_complete);
    chain->endpoint().Head(200, kGrpc);
    const std::string answer = Framed("hello");
    for (size_t at = 0; at < answer.size(); at += size) {
      chain->endpoint().Body(std::string_view(answer).substr(at, size));
    }
    EXPECT_EQ(chain->reply().body, Base64(answer)) << "a whole message does not wait, " << size;
    chain->endpoint().Trailers({{"grpc-status", "0"}});
    EXPECT_EQ(chain->reply().body, Base64(answer) + Base64(TrailersFrame("grpc-status:0\r\n")));
    EXPECT_EQ(chain->reply().Header("content-type"), "application/grpc-web-text+proto");
  }
}

TEST(GrpcWeb, AnswersBinaryToATextRequestThatDoesNotAcceptText) {
  WebChain chain;
  chain->Answer(200, Framed("hello"), kGrpc, {{"grpc-status", "0"}});
  const auto& reply =
      chain.Call({{"content-type", "application/grpc-web-text+proto"}}, Base64(Framed("ask")));
  EXPECT_EQ(chain->forwarded().body, Framed("ask"));
  EXPECT_EQ(reply.body, Framed("hello") + TrailersFrame("grpc-status:0\r\n"));
}

TEST(GrpcWeb, RefusesTextThatIsNotBase64) {
  WebChain chain;
  EXPECT_THAT(chain.Call(kText, "AAAA!AAA"), RepliedWith(400, "grpc_base_64_decode_failed"));
  EXPECT_EQ(chain->reply().body, "Bad gRPC-web request, invalid base64 data.");
  EXPECT_THAT(chain.Call(kText, "AAAA=AAA"), RepliedWith(400, "grpc_base_64_decode_failed"));
  EXPECT_THAT(chain.Call(kText, "AAAAAA"), RepliedWith(400, "grpc_base_64_decode_failed_bad_size"));
  chain->Begin("POST /S/M", kText);
  chain->Body("AAAAAA", false);
  chain->Trailers({{"x-a", "b"}});
  EXPECT_THAT(chain->reply(), RepliedWith(400, "grpc_base_64_decode_failed_bad_size"));
}

TEST(GrpcWeb, PassesLengthsThatLieWithoutHoldingAnything) {
  WebChain chain;
  chain->AnswerLater();
  chain->Begin("POST /S/M", kBinary);
  const std::string lie(
      "\0\xff\xff\xff\xff"
      "abc",
      8);
  chain->Body(lie, false);
  EXPECT_EQ(chain->forwarded().body, lie);
  chain->endpoint().Head(200, kGrpc);
  chain->endpoint().Body(lie);
  EXPECT_EQ(chain->reply().body, lie);
  EXPECT_EQ(chain->pauses(), 0);
}

TEST(GrpcWeb, EndsTextWithTheTrailersWhenTheLastMessageIsCutShort) {
  WebChain chain;
  const std::string lie(
      "\0\0\0\0\x09"
      "abc",
      8);
  chain->Answer(200, lie, kGrpc, {{"grpc-status", "0"}});
  const auto& reply = chain.Call(kText, Base64(Framed("ask")));
  EXPECT_EQ(reply.body, Base64(lie + TrailersFrame("grpc-status:0\r\n")));
}

TEST(GrpcWeb, PassesAnAnswerThatIsOnlyAHead) {
  WebChain chain;
  chain->Answer(200, "", {{"content-type", "application/grpc"}, {"grpc-status", "12"}});
  const testing::Reply& reply = chain.Call(kBinary, Framed("ask"));
  EXPECT_EQ(reply.Header("grpc-status"), "12");
  EXPECT_EQ(reply.Header("content-type"), "application/grpc-web+proto");
  EXPECT_EQ(reply.body, "");
}

TEST(GrpcWeb, ToldByAFilterBehindItAnswersInTheSameWay) {
  WebChain chain;
  chain->AddFilter("denying", [](http::FilterStream&) {
    class Denying final : public http::HttpFilter {
      http::Verdict OnRequestHead(http::RequestHead&, bool) override {
        return http::Verdict::Reply({.status = 403, .detail = "denied", .body = "no"});
      }
    };
    return std::make_unique<Denying>();
  });
  const testing::Reply& reply = chain.Call(kBinary, Framed("ask"));
  EXPECT_THAT(reply, RepliedWith(200, "denied"));
  EXPECT_EQ(reply.Header("grpc-status"), "7");
  EXPECT_EQ(reply.Header("grpc-message"), "no");
  EXPECT_EQ(reply.Header("content-type"), "application/grpc-web+proto");
}

TEST(GrpcWeb, TellsAResponseThatIsNotGrpcAsAStatus) {
  WebChain chain;
  chain->Answer(503, "over 100%", {{"content-type", "text/html"}, {"content-length", "9"}});
  const testing::Reply& reply = chain.Call(kBinary, Framed("ask"));
  EXPECT_THAT(reply, HasStatus(503));
  EXPECT_EQ(reply.Header("grpc-status"), "14");
  EXPECT_EQ(reply.Header("grpc-message"), "over 100%25");
  EXPECT_EQ(reply.Header("content-length"), "0");
  EXPECT_EQ(reply.body, "");
}

TEST(GrpcWeb, DoesNotCollectALongResponseThatIsNotGrpc) {
  WebChain chain;
  chain->AnswerLater();
  chain.Call(kBinary, Framed("ask"));
  chain->endpoint().Head(200, {{"content-type", "text/html"}});
  EXPECT_THAT(chain->reply(), HasStatus(200));
  EXPECT_EQ(chain->reply().Header("grpc-status"), "2");
  EXPECT_EQ(chain->reply().Header("grpc-message"), "HTTP status 200");
}

TEST(GrpcWeb, LeavesOtherRequestsAlone) {
  WebChain chain;
  for (const auto type : {"application/grpc", "application/json", "application/grpc-webx", ""}) {
    chain->Answer(200, "x", {{"content-type", type}}, {{"grpc-status", "0"}});
    const auto& reply = chain.Call({{"content-type", type}}, "AAAA!");
    EXPECT_EQ(chain->forwarded().Header("content-type"), type);
    EXPECT_EQ(chain->forwarded().body, "AAAA!");
    EXPECT_EQ(reply.Trailer("grpc-status"), "0");
  }
}

TEST(GrpcWeb, CountsCalls) {
  WebChain chain;
  chain->Answer(200, Framed("hello"), kGrpc, {{"grpc-status", "0"}});
  chain.Call(kBinary, Framed("ask"));
  chain->Answer(503, "");
  chain.Call(kBinary, Framed("ask"));
  EXPECT_EQ(chain.surroundings().Counter("cluster.backend.grpc-web.S.M.success"), 1u);
  EXPECT_EQ(chain.surroundings().Counter("cluster.backend.grpc-web.S.M.total"), 1u);
}

TEST(GrpcWeb, WorksBehindCors) {
  FilterSurroundings surroundings;
  const auto policy = surroundings.Make<cors::RouteConfig>(
      cors::CreateForRoute,
      "allow_origin_string_match: [{exact: https://a.test}]\nallow_methods: POST\n"
      "allow_headers: content-type,x-grpc-web\nexpose_headers: grpc-status,grpc-message");
  FilterHarness chain(surroundings.Make<cors::Config>(cors::Create, "{}"));
  chain.AddFilter("grpc_web", surroundings.Make<Config>(Create, "{}"));
  chain.set_route_config(policy.get());
  const testing::Reply& preflight =
      chain.Request("OPTIONS /S/M", {{"origin", "https://a.test"},
                                     {"access-control-request-method", "POST"},
                                     {"access-control-request-headers", "content-type"}});
  EXPECT_THAT(preflight, RepliedWith(200, "cors_response"));
  EXPECT_EQ(preflight.Header("access-control-allow-headers"), "content-type,x-grpc-web");
  chain.Answer(200, Framed("hello"), kGrpc, {{"grpc-status", "0"}});
  HeaderList headers = kBinary;
  headers.emplace_back("origin", "https://a.test");
  chain.Begin("POST /S/M", headers);
  chain.Body(Framed("ask"), true);
  EXPECT_EQ(chain.reply().Header("access-control-allow-origin"), "https://a.test");
  EXPECT_EQ(chain.reply().body, Framed("hello") + TrailersFrame("grpc-status:0\r\n"));
}

}  // namespace
}  // namespace outrigger::grpc_web
