#include <map>
#include <string>

#include "absl/strings/escaping.h"
#include "gmock/gmock.h"
#include "google/rpc/status.pb.h"
#include "test/extensions/http_filters/grpc_json_transcoder/library_chain.h"

namespace outrigger::grpc_json_transcoder {
namespace {

using ::testing::HasSubstr;

library::Shelf Shelf() { return FromText<library::Shelf>(R"(id: 5 theme: "sea")"); }

// The chain with the request for a shelf under way.
std::unique_ptr<LibraryChain> Asking(std::string_view yaml = "{}",
                                     std::string_view line = "GET /v1/shelves/5") {
  auto chain = std::make_unique<LibraryChain>(yaml);
  chain->Send(line);
  return chain;
}

TEST(TranscodedResponse, IsTheMessageAsJson) {
  auto chain = Asking();
  const testing::Reply& reply = chain->Answer(Shelf());
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, R"({"id":"5","theme":"sea"})");
  EXPECT_EQ(reply.Header("content-type"), "application/json");
  EXPECT_EQ(reply.Header("content-length"), "24");
  EXPECT_TRUE(reply.is_complete);
  EXPECT_TRUE(reply.trailers.empty());
}

TEST(TranscodedResponse, ShowsTrailersOfTheServiceAsHeaders) {
  auto chain = Asking();
  const testing::Reply& reply = chain->Answer(Shelf(), {{"grpc-status", "0"},
                                                        {"x-cost", "3"},
                                                        {"grpc-message", ""},
                                                        {"transfer-encoding", "chunked"},
                                                        {"content-length", "7"}});
  EXPECT_EQ(reply.Header("x-cost"), "3");
  EXPECT_EQ(reply.Header("grpc-status"), "");
  EXPECT_EQ(reply.Header("transfer-encoding"), "");
  EXPECT_EQ(reply.Header("content-length"), "24");
  EXPECT_EQ(chain->operator->()->summary().grpc_status, 0);
}

TEST(TranscodedResponse, ObeysThePrintOptions) {
  const std::map<std::string, std::string> table = {
      {"{}", R"({"genre":"CRIME","minScore":0.5})"},
      {"always_print_enums_as_ints: true", R"({"genre":2,"minScore":0.5})"},
      {"preserve_proto_field_names: true", R"({"genre":"CRIME","min_score":0.5})"},
      {"add_whitespace: true", "{\n \"genre\": \"CRIME\",\n \"minScore\": 0.5\n}\n"},
  };
  for (const auto& [options, json] : table) {
    auto chain =
        Asking("print_options: {" + (options == "{}" ? "" : options) + "}", "GET /v1/search");
    EXPECT_EQ(chain->Answer(FromText<library::SearchRequest>("genre: CRIME min_score: 0.5")).body,
              json)
        << options;
  }
  auto chain = Asking("print_options: {always_print_primitive_fields: true}");
  EXPECT_EQ(chain->Answer(library::Shelf()).body, R"({"id":"0","theme":""})");
}

TEST(TranscodedResponse, IsOneFieldWhereTheRuleSaysSo) {
  const auto list = FromText<library::ListBooksResponse>(
      R"(books { title: "a:}" } books { pages: 3 } next_page: "n" total: 7)");
  for (const char* yaml : {"{}", "print_options: {add_whitespace: true}",
                           "print_options: {always_print_primitive_fields: true}"}) {
    auto books = Asking(yaml, "GET /v1/shelves/1/books");
    std::string json = books->Answer(list).body;
    std::erase_if(json, [](char c) { return c == ' ' || c == '\n'; });
    EXPECT_EQ(json, R"([{"title":"a:}"},{"pages":3}])") << yaml;
    auto none = Asking(yaml, "GET /v1/shelves/1/books");
    EXPECT_EQ(none->Answer(library::ListBooksResponse()).body, "[]");
    auto total = Asking(yaml, "GET /v1/shelves/1/books:count");
    EXPECT_EQ(total->Answer(list).body, R"("7")");
    auto zero = Asking(yaml, "GET /v1/shelves/1/books:count");
    EXPECT_EQ(zero->Answer(library::ListBooksResponse()).body, R"("0")");
  }
}

TEST(TranscodedResponse, IsTheBodyOfAnHttpBody) {
  auto chain = Asking("{}", "GET /v1/files/a");
  const testing::Reply& reply =
      chain->Answer(FromText<google::api::HttpBody>(R"(content_type: "image/png" data: "\000x")"));
  EXPECT_EQ(reply.body, std::string("\0x", 2));
  EXPECT_EQ(reply.Header("content-type"), "image/png");
  EXPECT_EQ(reply.Header("content-length"), "2");
}

TEST(TranscodedResponse, TakesNoHeaderFromAnHttpBodyThatCouldBeTwo) {
  auto chain = Asking("{}", "GET /v1/files/a");
  EXPECT_EQ(chain->Answer(FromText<google::api::HttpBody>(R"(content_type: "a\r\nset-cookie: b")"))
                .status,
            502);
}

TEST(TranscodedResponse, HasTheHttpStatusOfAnError) {
  const int statuses[] = {0,   499, 500, 400, 504, 404, 409, 403, 429,
                          400, 409, 400, 501, 500, 503, 500, 401};
  for (int code = 1; code <= 16; ++code) {
    auto chain = Asking();
    const testing::Reply& reply =
        chain->AnswerError({{"grpc-status", std::to_string(code)}, {"grpc-message", "no%20shelf"}});
    EXPECT_EQ(reply.status, statuses[code]) << code;
    EXPECT_EQ(reply.Header("grpc-status"), std::to_string(code));
    EXPECT_EQ(reply.Header("grpc-message"), "no%20shelf");
    EXPECT_EQ(reply.Header("content-length"), "0");
    EXPECT_EQ(reply.Header("content-type"), "");
    EXPECT_EQ(reply.body, "");
    EXPECT_EQ(chain->operator->()->summary().grpc_status, code);
  }
}

TEST(TranscodedResponse, HasTheHttpStatusOfAnErrorBehindAHead) {
  auto chain = Asking("convert_grpc_status: true");
  const testing::Reply& reply =
      chain->Answer(Shelf(), {{"grpc-status", "5"}, {"grpc-message", "gone"}, {"x-why", "fire"}});
  EXPECT_EQ(reply.status, 404);
  EXPECT_EQ(reply.body, R"({"code":5,"message":"gone"})");
  EXPECT_EQ(reply.Header("x-why"), "fire");
}

TEST(TranscodedResponse, MakesAStatusOfAnErrorWhenTold) {
  auto chain = Asking("convert_grpc_status: true");
  const testing::Reply& reply =
      chain->AnswerError({{"grpc-status", "3"}, {"grpc-message", "a%20%22b%22%0A%C3%A4%"}});
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(reply.body, "{\"code\":3,\"message\":\"a \\\"b\\\"\\n\u00e4%\"}");
  EXPECT_EQ(reply.Header("content-type"), "application/json");
  EXPECT_EQ(reply.Header("grpc-message"), "");
  EXPECT_EQ(reply.Header("content-length"), std::to_string(reply.body.size()));
}

std::string Encoded(const google::rpc::Status& status) {
  return absl::Base64Escape(status.SerializeAsString());
}

TEST(TranscodedResponse, PrintsTheDetailsOfAnError) {
  google::rpc::Status status;
  status.set_code(5);
  status.set_message("no shelf");
  status.add_details()->PackFrom(Shelf());
  auto chain = Asking("convert_grpc_status: true");
  const testing::Reply& reply =
      chain->AnswerError({{"grpc-status", "5"}, {"grpc-status-details-bin", Encoded(status)}});
  EXPECT_EQ(reply.body, R"({"code":5,"message":"no shelf","details":[{"@type":)"
                        R"("type.googleapis.com/outrigger.test.library.Shelf",)"
                        R"("id":"5","theme":"sea"}]})");
  EXPECT_EQ(reply.Header("grpc-status-details-bin"), "");

  auto& unknown = *status.add_details();
  unknown.set_type_url("type.googleapis.com/no.Such");
  unknown.set_value("\x01");
  auto again = Asking("convert_grpc_status: true");
  EXPECT_THAT(
      again->AnswerError({{"grpc-status", "5"}, {"grpc-status-details-bin", Encoded(status)}}).body,
      AllOf(HasSubstr(R"("id":"5","theme":"sea")"),
            HasSubstr(R"({"@type":"type.googleapis.com/no.Such","value":"AQ=="})")));
}

TEST(TranscodedResponse, DoesNotBelieveDetailsOfAnotherError) {
  google::rpc::Status status;
  status.set_code(3);
  status.set_message("other");
  for (const std::string& details : {Encoded(status), std::string("!!"), std::string("/w==")}) {
    auto chain = Asking("convert_grpc_status: true");
    EXPECT_EQ(chain
                  ->AnswerError({{"grpc-status", "5"},
                                 {"grpc-message", "gone"},
                                 {"grpc-status-details-bin", details}})
                  .body,
              R"({"code":5,"message":"gone"})");
  }
}

TEST(TranscodedResponse, PassesWhatIsNoGrpc) {
  auto chain = Asking();
  auto endpoint = chain->operator->()->endpoint();
  endpoint.Head(503, {{"content-type", "text/html"}});
  endpoint.Body("<busy>", true);
  const testing::Reply& reply = chain->operator->()->reply();
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.body, "<busy>");
  EXPECT_EQ(reply.Header("content-type"), "text/html");
}

// What an endpoint sends that is no proper answer to a unary call.
void IsBad(std::string_view body, const testing::HeaderList& trailers, std::string_view why) {
  auto chain = Asking();
  auto endpoint = chain->operator->()->endpoint();
  endpoint.Head(200, kGrpcHead);
  if (!body.empty()) endpoint.Body(body, trailers.empty());
  if (!trailers.empty()) endpoint.Trailers(trailers);
  chain->operator->()->Turn();
  const testing::Reply& reply = chain->operator->()->reply();
  EXPECT_EQ(reply.status, 502) << why;
  EXPECT_EQ(reply.detail, "grpc_json_transcode_failure{response}");
  EXPECT_THAT(reply.body, HasSubstr(why));
  EXPECT_EQ(reply.Header("content-type"), "text/plain");
}

TEST(TranscodedResponse, IsBadWhereTheServiceIs) {
  const std::string frame = Framed(Shelf());
  IsBad(frame, {}, "has no grpc-status");
  IsBad(frame, {{"x", "y"}}, "has no grpc-status");
  IsBad("", kOk, "does not hold exactly one message");
  IsBad(frame + frame, kOk, "does not hold exactly one message");
  IsBad(frame.substr(0, 8), kOk, "does not hold exactly one message");
  IsBad(frame.substr(0, 3), kOk, "does not hold exactly one message");
  IsBad(std::string("\0\0\xff\xff\xff", 5), kOk, "over the limit");
  IsBad(std::string("\1\0\0\0\1x", 6), kOk, "message flag 1");
  IsBad(std::string("\0\0\0\0\2\x08\xff", 7), kOk, "the bytes are no");
  IsBad(std::string("\0\0\0\0\3\x12\x01\xff", 8), kOk, "\"theme\" of the");
}

TEST(TranscodedResponse, HasALimit) {
  auto chain = Asking("max_response_body_size: 7");
  EXPECT_EQ(chain->Answer(Shelf()).status, 200);
  auto larger = Asking("max_response_body_size: 6");
  const testing::Reply& reply = larger->Answer(Shelf());
  EXPECT_EQ(reply.status, 500);
  EXPECT_EQ(reply.detail, "response_payload_too_large");
  EXPECT_EQ(reply.Header("content-type"), "text/plain");
}

TEST(TranscodedResponse, SaysItsOwnErrorsInJsonWhenTold) {
  LibraryChain chain("convert_grpc_status: true");
  const testing::Reply& reply = chain.Send("GET /v1/shelves/x");
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(reply.body, R"({"code":3,"message":"shelf: must be int64, got \"x\""})");
  ASSERT_EQ(reply.Header("content-type"), "application/json");
}

}  // namespace
}  // namespace outrigger::grpc_json_transcoder
