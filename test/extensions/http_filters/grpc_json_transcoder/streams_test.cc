#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "test/extensions/http_filters/grpc_json_transcoder/library_chain.h"

namespace outrigger::grpc_json_transcoder {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

library::Shelf Shelf(int id) {
  library::Shelf shelf;
  shelf.set_id(id);
  return shelf;
}

// What the client got, each time a message came from the service.
std::vector<std::string> Watched(LibraryChain& chain, int count) {
  chain.Send("GET /v1/shelves/1:watch");
  auto endpoint = chain->endpoint();
  endpoint.Head(200, kGrpcHead);
  std::vector<std::string> seen;
  for (int i = 1; i <= count; ++i) {
    endpoint.Body(Framed(Shelf(i)));
    seen.push_back(chain->reply().body);
  }
  endpoint.Trailers(kOk);
  chain->Turn();
  seen.push_back(chain->reply().body);
  EXPECT_TRUE(chain->reply().is_complete);
  EXPECT_FALSE(chain->reply().was_aborted);
  EXPECT_TRUE(chain->reply().trailers.empty());
  return seen;
}

TEST(ServerStream, IsAJsonArrayThatGrowsWithEachMessage) {
  LibraryChain chain;
  EXPECT_THAT(Watched(chain, 2), ElementsAre(R"([{"id":"1"})", R"([{"id":"1"},{"id":"2"})",
                                             R"([{"id":"1"},{"id":"2"}])"));
  EXPECT_EQ(chain->reply().Header("content-type"), "application/json");
  EXPECT_THAT(Watched(chain, 0), ElementsAre("[]"));
}

TEST(ServerStream, IsLinesWhenTold) {
  LibraryChain chain("print_options: {stream_newline_delimited: true}");
  EXPECT_THAT(Watched(chain, 2), ElementsAre("{\"id\":\"1\"}\n", "{\"id\":\"1\"}\n{\"id\":\"2\"}\n",
                                             "{\"id\":\"1\"}\n{\"id\":\"2\"}\n"));
  EXPECT_EQ(chain->reply().Header("content-type"), "application/x-ndjson");
}

TEST(ServerStream, IsEventsWhenTold) {
  LibraryChain chain("print_options: {stream_sse_style_delimited: true}");
  EXPECT_THAT(Watched(chain, 1),
              ElementsAre("data: {\"id\":\"1\"}\n\n", "data: {\"id\":\"1\"}\n\n"));
  EXPECT_EQ(chain->reply().Header("content-type"), "text/event-stream");
}

TEST(ServerStream, ReadsFramesHoweverTheyAreCut) {
  const std::string frames = Framed(Shelf(1)) + Framed(Shelf(2)) + Framed(library::Shelf());
  for (size_t i = 0; i <= frames.size(); ++i) {
    LibraryChain chain;
    chain.Send("GET /v1/shelves/1:watch");
    auto endpoint = chain->endpoint();
    endpoint.Head(200, kGrpcHead);
    endpoint.Body(std::string_view(frames).substr(0, i));
    endpoint.Body(std::string_view(frames).substr(i));
    endpoint.Trailers(kOk);
    EXPECT_EQ(chain->reply().body, R"([{"id":"1"},{"id":"2"},{}])");
  }
}

TEST(ServerStream, ThatFailsAtOnceHasTheStatusOfTheError) {
  LibraryChain chain("convert_grpc_status: true");
  chain.Send("GET /v1/shelves/1:watch");
  const testing::Reply& reply = chain.AnswerError({{"grpc-status", "5"}, {"grpc-message", "gone"}});
  EXPECT_EQ(reply.status, 404);
  EXPECT_EQ(reply.body, R"({"code":5,"message":"gone"})");
}

TEST(ServerStream, ThatIsTrailersAloneIsEmpty) {
  LibraryChain chain;
  chain.Send("GET /v1/shelves/1:watch");
  EXPECT_EQ(chain.AnswerError(kOk).body, "[]");
  EXPECT_EQ(chain->reply().status, 200);
}

// A head that says 200 is gone: the only way to say "failed" is an end that is none.
TEST(ServerStream, ThatFailsLaterIsBrokenOff) {
  const std::string frame = Framed(Shelf(1));
  struct Row {
    std::string body;
    testing::HeaderList trailers;
  };
  for (const Row& row :
       {Row{frame, {{"grpc-status", "14"}}}, Row{frame, {{"x", "y"}}}, Row{frame.substr(0, 6), kOk},
        Row{frame, {}}, Row{std::string("\1\0\0\0\0", 5), kOk},
        Row{std::string("\0\xff\xff\xff\xff", 5), kOk}}) {
    LibraryChain chain;
    chain.Send("GET /v1/shelves/1:watch");
    auto endpoint = chain->endpoint();
    endpoint.Head(200, kGrpcHead);
    endpoint.Body(row.body, row.trailers.empty());
    if (!row.trailers.empty()) endpoint.Trailers(row.trailers);
    EXPECT_TRUE(chain->reply().was_aborted);
    EXPECT_FALSE(chain->reply().is_complete);
    EXPECT_FALSE(chain->reply().body.ends_with("]"));
  }
}

TEST(ServerStream, OfHttpBodiesIsTheirBytes) {
  LibraryChain chain;
  chain.Send("GET /v1/download/a/b");
  auto endpoint = chain->endpoint();
  endpoint.Head(200, kGrpcHead);
  endpoint.Body(Framed(FromText<google::api::HttpBody>("content_type: 'text/x' data: 'ab'")));
  endpoint.Body(Framed(FromText<google::api::HttpBody>("data: 'cd'")));
  endpoint.Trailers(kOk);
  EXPECT_EQ(chain->reply().body, "abcd");
}

// The messages of Import, sent by a client in these pieces.
std::vector<std::string> Imported(LibraryChain& chain,
                                  const std::vector<std::string_view>& pieces) {
  chain->Begin("POST /v1/shelves/7/books:import");
  for (const std::string_view piece : pieces) chain->Body(piece, false);
  chain->Body("", true);
  return MessagesIn<library::ImportRequest>(chain->forwarded().body);
}

TEST(ClientStream, IsTheItemsOfAnArray) {
  LibraryChain chain;
  EXPECT_THAT(Imported(chain, {R"([{"title":"a"},)", R"( {"ti)", R"(tle":"b"}])"}),
              ElementsAre(R"(shelf: 7 book { title: "a" })", R"(book { title: "b" })"));
  EXPECT_TRUE(chain->forwarded().is_complete);
  EXPECT_EQ(chain->forwarded().target, "/outrigger.test.library.Library/Import");
  EXPECT_THAT(Imported(chain, {"[]"}), ElementsAre());
}

TEST(ClientStream, SendsEachItemAsItComes) {
  LibraryChain chain;
  chain->Begin("POST /v1/chat");
  chain->Body(R"([{"text":"a"})", false);
  EXPECT_THAT(MessagesIn<library::Line>(chain->forwarded().body), ElementsAre(R"(text: "a")"));
  EXPECT_FALSE(chain->forwarded().is_complete);
}

TEST(ClientStream, IsRefusedWhereItIsWrong) {
  const auto refused = [](const std::vector<std::string_view>& pieces, std::string_view yaml) {
    LibraryChain chain(yaml);
    chain->Begin("POST /v1/chat");
    for (const std::string_view piece : pieces) chain->Body(piece, false);
    chain->Body("", true);
    EXPECT_NE(chain->reply().Header("content-type"), "application/grpc");
    return base::StrCat(chain->reply().status, " ", chain->reply().body);
  };
  EXPECT_EQ(refused({"{}"}, "{}"),
            "400 invalid JSON: a stream of messages is an array, '[' is missing");
  EXPECT_EQ(refused({"[{}"}, "{}"), "400 invalid JSON: the array is not closed");
  EXPECT_THAT(refused({"[{\"text\":1},{\"nope\":1}]"}, "{}"), HasSubstr("400 "));
  EXPECT_THAT(refused({"[{\"nope\":1}]"}, "{}"), HasSubstr("nope"));
  EXPECT_EQ(refused({"[\"", "12345", "67890"}, "max_request_body_size: 8"),
            "413 a message of more than 8 bytes");
}

TEST(ClientStream, OfRawBodiesIsItsPieces) {
  LibraryChain chain;
  chain->Begin("POST /v1/files/a", {{"content-type", "text/x"}});
  chain->Body("ab", false);
  chain->Body("cd", true);
  EXPECT_THAT(MessagesIn<library::File>(chain->forwarded().body),
              ElementsAre(R"(name: "a" content { content_type: "text/x" data: "ab" })",
                          R"(content { data: "cd" })"));
}

TEST(ClientStream, OfRawBodiesHasAMessageEvenIfThereIsNoBody) {
  LibraryChain chain;
  EXPECT_EQ(chain.Sent<library::File>("POST /v1/files/a"), R"(name: "a" content { })");
  chain->Begin("POST /v1/files/a");
  chain->Body("", true);
  EXPECT_THAT(MessagesIn<library::File>(chain->forwarded().body),
              ElementsAre(R"(name: "a" content { })"));
  chain->Begin("POST /v1/files/a");
  chain->Trailers({{"x", "y"}});
  EXPECT_THAT(MessagesIn<library::File>(chain->forwarded().body),
              ElementsAre(R"(name: "a" content { })"));
  EXPECT_TRUE(chain->forwarded().is_complete);
}

TEST(BothStreams, RunAtTheSameTime) {
  LibraryChain chain;
  chain->Begin("POST /v1/chat");
  auto endpoint = chain->endpoint();
  endpoint.Head(200, kGrpcHead);
  endpoint.Body(Framed(FromText<library::Line>("text: 'hello'")));
  EXPECT_EQ(chain->reply().body, R"([{"text":"hello"})");
  chain->Body(R"([{"text":"a"},)", false);
  chain->Body(R"({"text":"b"}])", true);
  endpoint.Trailers(kOk);
  EXPECT_EQ(chain->reply().body, R"([{"text":"hello"}])");
  EXPECT_THAT(MessagesIn<library::Line>(chain->forwarded().body),
              ElementsAre(R"(text: "a")", R"(text: "b")"));
}

}  // namespace
}  // namespace outrigger::grpc_json_transcoder
