#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "test/extensions/http_filters/grpc_json_transcoder/library_chain.h"

namespace outrigger::grpc_json_transcoder {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using UnknownQueryParams =
    envoy::extensions::filters::http::grpc_json_transcoder::v3::UnknownQueryParams;

TEST(TranscodedRequest, HasTheHeadOfAGrpcCall) {
  LibraryChain chain;
  chain.Send("POST /v1/shelves?request_id=r", R"({"theme":"sea"})",
             {{"content-type", "application/json"}, {"content-length", "15"}, {"x-mine", "kept"}});
  const testing::Forwarded& sent = chain->forwarded();
  EXPECT_EQ(sent.method, "POST");
  EXPECT_EQ(sent.target, "/outrigger.test.library.Library/CreateShelf");
  EXPECT_EQ(sent.Header("content-type"), "application/grpc");
  EXPECT_EQ(sent.Header("te"), "trailers");
  EXPECT_EQ(sent.Header("grpc-accept-encoding"), "identity");
  EXPECT_EQ(sent.Header("content-length"), "");
  EXPECT_EQ(sent.Header("x-envoy-original-path"), "/v1/shelves?request_id=r");
  EXPECT_EQ(sent.Header("x-envoy-original-method"), "POST");
  EXPECT_EQ(sent.Header("x-mine"), "kept");
}

TEST(TranscodedRequest, TakesFieldsFromPathQueryAndBody) {
  LibraryChain chain;
  EXPECT_EQ(chain.Sent<library::GetShelfRequest>("GET /v1/shelves/7"), "shelf: 7");
  EXPECT_EQ(chain.Sent<library::GetShelfRequest>("GET /v1/shelves/7?withBooks=true"),
            "shelf: 7 with_books: true");
  EXPECT_EQ(chain.Sent<library::GetShelfRequest>("HEAD /v1/shelves/7"), "shelf: 7");
  EXPECT_EQ(chain.Sent<library::GetShelfRequest>("DELETE /v1/shelves/-9223372036854775808"),
            "shelf: -9223372036854775808");
  EXPECT_EQ(chain.Sent<library::CreateShelfRequest>("POST /v1/shelves?request_id=r",
                                                    R"({"id":"5","theme":"sea"})"),
            R"(shelf { id: 5 theme: "sea" } request_id: "r")");
  EXPECT_EQ(chain.Sent<library::UpdateBookRequest>(
                "PATCH /v1/shelves/1/books/2?update_mask=title,book.pages", R"({"title":"T"})"),
            R"(book { name: "shelves/1/books/2" title: "T" } )"
            R"(update_mask { paths: "title" paths: "book.pages" })");
  EXPECT_EQ(chain.Sent<library::SellRequest>("POST /v1/shelves/1:sell", R"({"cents":"250"})"),
            R"(name: "shelves/1" cents: 250)");
  EXPECT_EQ(chain.Sent<library::SellRequest>("POST /v1/shelves/1:sell"), R"(name: "shelves/1")");
  EXPECT_EQ(chain.Sent<library::ListBooksRequest>("GET /v1/shelves/3/books?page_size=10"),
            R"(parent: "shelves/3" page_size: 10)");
}

TEST(TranscodedRequest, ReadsEveryKindOfQueryParameter) {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"text=a%20b%C3%A4", R"(text: "a b\303\244")"},
      {"text=", R"(text: "")"},
      {"text", R"(text: "")"},
      {"tags=a&tags=b&&tags=", R"(tags: "a" tags: "b" tags: "")"},
      {"pages.from=1&pages.to=-2", "pages { from: 1 to: -2 }"},
      {"genre=CRIME", "genre: CRIME"},
      {"genre=2", "genre: CRIME"},
      {"genre=77", "genre: 77"},
      {"genres=CRIME&genres=1", "genres: CRIME genres: POETRY"},
      {"exact=true", "exact: true"},
      {"min_score=1e-3", "min_score: 0.001"},
      {"minScore=-Infinity", "min_score: -inf"},
      {"min_score=NaN", "min_score: nan"},
      {"weight=0.5", "weight: 0.5"},
      {"offset=-3", "offset: -3"},
      {"big_offset=-9223372036854775808", "big_offset: -9223372036854775808"},
      {"crc=4294967295", "crc: 4294967295"},
      {"hash=18446744073709551615", "hash: 18446744073709551615"},
      {"low=-1", "low: -1"},
      {"high=-1", "high: -1"},
      {"limit=4294967295", "limit: 4294967295"},
      {"big_limit=18446744073709551615", "big_limit: 18446744073709551615"},
      {"key=AP8%3D", R"(key: "\000\377")"},
      {"key=-_8", R"(key: "\373\377")"},
      {"since=1970-01-01T00:00:01.5Z", "since { seconds: 1 nanos: 500000000 }"},
      {"within=1.5s", "within { seconds: 1 nanos: 500000000 }"},
      {"mask=text,minScore", R"(mask { paths: "text" paths: "min_score" })"},
      {"stars=0", "stars { value: 0 }"},
      {"author=x", R"(author { value: "x" })"},
      {"nested.nested.text=deep", R"(nested { nested { text: "deep" } })"},
      {"odd=1&odd_name=2", R"(odd_name: "2")"},
      {"text=a&text=b", R"(text: "b")"},
  };
  LibraryChain chain;
  for (const auto& [query, message] : table) {
    std::string expected = message;
    if (expected == R"(text: "")") expected = "";
    if (expected == "stars { value: 0 }") expected = "stars { }";
    EXPECT_EQ(chain.Sent<library::SearchRequest>("GET /v1/search?" + query), expected) << query;
  }
}

TEST(TranscodedRequest, RefusesValuesThatAreNone) {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"limit=4294967296", R"(limit: must be uint32, got "4294967296")"},
      {"limit=-1", R"(limit: must be uint32, got "-1")"},
      {"limit=", R"(limit: must be uint32, got "")"},
      {"limit=1x", R"(limit: must be uint32, got "1x")"},
      {"limit=%201", R"(limit: must be uint32, got " 1")"},
      {"offset=2147483648", R"(offset: must be sint32, got "2147483648")"},
      {"low=99999999999", R"(low: must be sfixed32, got "99999999999")"},
      {"min_score=1e999", R"(min_score: must be double, got "1e999")"},
      {"min_score=0x1p3", R"(min_score: must be double, got "0x1p3")"},
      {"weight=1e39", R"(weight: must be float, got "1e39")"},
      {"exact=1", R"(exact: must be bool, got "1")"},
      {"genre=crime", R"(genre: must be a value of outrigger.test.library.Genre, got "crime")"},
      {"key=!!", R"(key: must be base64, got "!!")"},
      {"since=yesterday", R"(since: must be google.protobuf.Timestamp, got "yesterday")"},
      {"stars=many", R"(stars: must be google.protobuf.Int32Value, got "many")"},
      {"text=%FF", R"(text: must be string in UTF-8, got "\ufffd")"},
      {"pages.from=x", R"(pages.from: must be int32, got "x")"},
      {"text=%2", R"(query: '%' without two hexadecimal digits in "text=%2")"},
      {"text=%GG", R"(query: '%' without two hexadecimal digits in "text=%GG")"},
  };
  LibraryChain chain;
  for (const auto& [query, error] : table) {
    EXPECT_EQ(chain.Sent<library::SearchRequest>("GET /v1/search?" + query), "400 " + error)
        << query;
    EXPECT_EQ(chain->reply().detail, "grpc_json_transcode_failure{request}");
  }
  EXPECT_EQ(chain.Sent<library::GetShelfRequest>("GET /v1/shelves/9223372036854775808"),
            R"(400 shelf: must be int64, got "9223372036854775808")");
  EXPECT_EQ(chain.Sent<library::GetShelfRequest>("GET /v1/shelves/%"),
            R"(400 shelf: '%' without two hexadecimal digits in "%")");
}

TEST(TranscodedRequest, NamesTheFieldThatIsWrongInTheBody) {
  LibraryChain chain;
  const auto sent = [&](std::string_view body) {
    return chain.Sent<library::SearchRequest>("POST /v1/search", body);
  };
  EXPECT_THAT(sent(R"({"pages":{"from":"x"}})"),
              AllOf(StartsWith("400 "), HasSubstr("pages.from")));
  EXPECT_THAT(sent(R"({"pages":{"from":2147483648}})"), HasSubstr("pages.from"));
  EXPECT_THAT(sent(R"({"nope":1})"), AllOf(StartsWith("400 "), HasSubstr("nope")));
  EXPECT_THAT(sent(R"({"genre":"WESTERN"})"), AllOf(StartsWith("400 "), HasSubstr("WESTERN")));
  EXPECT_THAT(sent("{\"text\":\"\xff\"}"), StartsWith("400 "));
  EXPECT_THAT(sent(R"({"any":{"@type":"type.googleapis.com/no.Such"}})"), HasSubstr("no.Such"));
  EXPECT_THAT(sent("[]"), StartsWith("400 "));
  EXPECT_THAT(sent(R"({"text":)"),
              StartsWith("400 invalid JSON at byte 8: the text ends inside a value"));
  EXPECT_THAT(sent(R"({"text":"a"} x)"), StartsWith("400 invalid JSON: text behind the value"));
}

TEST(TranscodedRequest, RefusesABodyThatIsTooDeep) {
  LibraryChain chain;
  std::string body = "{}";
  for (int i = 0; i < 101; ++i) body = R"({"nested":)" + body + "}";
  EXPECT_THAT(chain.Sent<library::SearchRequest>("POST /v1/search", body), HasSubstr("100 levels"));
  EXPECT_THAT(chain.Sent<library::CreateShelfRequest>("POST /v1/shelves", std::string(1000, '[')),
              HasSubstr("100 levels"));
}

TEST(TranscodedRequest, RefusesABodyAboveItsLimit) {
  LibraryChain chain("max_request_body_size: 19");
  EXPECT_EQ(chain.Sent<library::SellRequest>("POST /v1/shelves/1:sell", R"({"cents":  "12345"})"),
            R"(name: "shelves/1" cents: 12345)");
  EXPECT_EQ(chain.Send("POST /v1/shelves/1:sell", R"({"cents":   "12345"})").status, 413);
  EXPECT_EQ(chain->reply().detail, "request_payload_too_large");
  EXPECT_FALSE(chain->forwarded().has_head);
}

TEST(TranscodedRequest, CannotPutASecondFieldIntoABodyOfOne) {
  LibraryChain chain;
  EXPECT_THAT(
      chain.Sent<library::CreateShelfRequest>("POST /v1/shelves", R"({},"request_id":"forged")"),
      StartsWith("400 "));
  EXPECT_THAT(
      chain.Sent<library::CreateShelfRequest>("POST /v1/shelves", R"({}},{"request_id":"forged")"),
      StartsWith("400 "));
}

TEST(TranscodedRequest, RefusesABodyWhereNoneIsTaken) {
  LibraryChain chain;
  EXPECT_EQ(chain.Sent<library::GetShelfRequest>("GET /v1/shelves/1", " \n"), "shelf: 1");
  EXPECT_EQ(chain.Sent<library::GetShelfRequest>("DELETE /v1/shelves/1", "{}"),
            "400 this method and path take no body");
}

TEST(TranscodedRequest, RefusesABodyThatIsEncoded) {
  LibraryChain chain;
  EXPECT_EQ(chain.Send("POST /v1/search", "{}", {{"content-encoding", "gzip"}}).status, 415);
  EXPECT_EQ(chain->reply().detail, "grpc_json_transcode_failure{content_encoding}");
  EXPECT_EQ(chain.Sent<library::SearchRequest>("POST /v1/search", "{}",
                                               {{"content-encoding", "identity"}}),
            "");
}

TEST(TranscodedRequest, TakesTheValueOfTheBodyWhereBothHaveOne) {
  LibraryChain chain;
  EXPECT_EQ(chain.Sent<library::SearchRequest>("PUT /v1/search/path?tags=q",
                                               R"({"text":"body","tags":["b"]})"),
            R"(text: "body" tags: "q" tags: "b")");
  EXPECT_EQ(chain.Sent<library::SearchRequest>("PUT /v1/search/path?text=query"),
            R"(text: "path")");
}

TEST(TranscodedRequest, RefusesCollisionsWhenTold) {
  LibraryChain chain("request_validation_options: {reject_binding_body_field_collisions: true}");
  const auto sent = [&](std::string_view target, std::string_view body) {
    return chain.Sent<library::SearchRequest>(base::StrCat("PUT /v1/search/", target), body);
  };
  EXPECT_EQ(sent("a", R"({"text":"b"})"),
            "400 text: the body has another value than the path or query");
  EXPECT_EQ(sent("a", R"({"text":"a"})"), R"(text: "a")");
  EXPECT_EQ(sent("a?tags=x", R"({"tags":["y"]})"), R"(text: "a" tags: "x" tags: "y")");
  EXPECT_EQ(sent("a?pages.from=1", R"({"pages":{"from":2}})"),
            "400 pages.from: the body has another value than the path or query");
  EXPECT_EQ(sent("a?since=1970-01-01T00:00:01Z", R"({"since":"1970-01-01T00:00:02Z"})"),
            "400 since: the body has another value than the path or query");
  EXPECT_EQ(sent("a?pages.from=1", R"({"pages":{"to":2}})"),
            R"(text: "a" pages { from: 1 to: 2 })");
}

TEST(TranscodedRequest, DecodesVariablesAsTheSpecSays) {
  const std::string one = "PUT /v1/search/a%2Fb%20c";
  const std::string many = "GET /v1/files/a%2Fb%20c%3A/d+e";
  LibraryChain reserved, slash("url_unescape_spec: ALL_CHARACTERS_EXCEPT_SLASH"),
      all("url_unescape_spec: ALL_CHARACTERS");
  EXPECT_EQ(reserved.Sent<library::SearchRequest>(one), R"(text: "a/b c")");
  EXPECT_EQ(reserved.Sent<library::File>(many), R"(name: "a%2Fb c%3A/d+e")");
  EXPECT_EQ(slash.Sent<library::File>(many), R"(name: "a%2Fb c:/d+e")");
  EXPECT_EQ(all.Sent<library::File>(many), R"(name: "a/b c:/d+e")");
}

TEST(TranscodedRequest, ReadsPlusAsASpaceWhenTold) {
  LibraryChain chain, told("query_param_unescape_plus: true");
  EXPECT_EQ(chain.Sent<library::SearchRequest>("GET /v1/search?text=a+b"), R"(text: "a+b")");
  EXPECT_EQ(told.Sent<library::SearchRequest>("GET /v1/search?text=a+b%2B"), R"(text: "a b+")");
}

TEST(TranscodedRequest, ReadsEnumsInAnyCaseWhenTold) {
  LibraryChain chain("case_insensitive_enum_parsing: true");
  EXPECT_EQ(chain.Sent<library::SearchRequest>("GET /v1/search?genre=crime"), "genre: CRIME");
  EXPECT_EQ(chain.Sent<library::SearchRequest>("POST /v1/search", R"({"genre":"crime"})"),
            "genre: CRIME");
}

TEST(TranscodedRequest, TakesRawBodies) {
  LibraryChain chain;
  EXPECT_EQ(chain.Sent<library::File>("PUT /v1/files/a/b.txt", "{not json",
                                      {{"content-type", "text/plain"}}),
            R"(name: "a/b.txt" content { content_type: "text/plain" data: "{not json" })");
}

TEST(TranscodedRequest, CapturesUnknownQueryParametersBesideARawBody) {
  LibraryChain chain("capture_unknown_query_parameters: true");
  chain.Send("PUT /v1/files/a?x=1&x=2&y=%20", "data");
  base::Buffer body;
  body.Append(chain->forwarded().body);
  http::grpc::MessageReader reader;
  reader.Append(body);
  library::File file;
  ASSERT_TRUE(file.ParseFromString(**reader.Next()));
  ASSERT_EQ(file.content().extensions_size(), 1);
  UnknownQueryParams params;
  ASSERT_TRUE(file.content().extensions(0).UnpackTo(&params));
  EXPECT_EQ(params.key().at("x").values_size(), 2);
  EXPECT_EQ(params.key().at("x").values(1), "2");
  EXPECT_EQ(params.key().at("y").values(0), " ");
  EXPECT_EQ(chain.Sent<library::SearchRequest>("GET /v1/search?x=1"), "passed");
  EXPECT_THAT(chain.Sent<library::File>("PUT /v1/files/a?x=%FF", "data"), StartsWith("400 "));
}

TEST(TranscodedRequest, PassesWhatIsNoneOfItsBusiness) {
  LibraryChain chain;
  const auto passes = [&](std::string_view line, const testing::HeaderList& headers = {}) {
    chain.Send(line, {}, headers);
    return chain->forwarded().has_head &&
           chain->forwarded().target == line.substr(line.find('/')) &&
           chain->forwarded().Header("te").empty();
  };
  EXPECT_TRUE(passes("GET /v2/shelves/1"));
  EXPECT_TRUE(passes("PUT /v1/shelves/1"));
  EXPECT_TRUE(passes("GET /v1/shelves/1?unknown=1"));
  EXPECT_TRUE(passes("GET /v1/search?labels=1"));
  EXPECT_TRUE(passes("GET /v1/search?books.name=1"));
  EXPECT_TRUE(passes("GET /v1/search?pages=1"));
  EXPECT_TRUE(passes("POST /outrigger.test.library.Library/Plain"));
  EXPECT_TRUE(passes("GET /v1/shelves/1", {{"content-type", "application/grpc+proto"}}));
  EXPECT_TRUE(passes("GET /v1/shelves/1", {{"content-type", "application/grpc-web"}}));
}

TEST(TranscodedRequest, IsRefusedInsteadWhenTold) {
  LibraryChain chain(
      "request_validation_options: {reject_unknown_method: true, "
      "reject_unknown_query_parameters: true}");
  EXPECT_EQ(chain.Send("GET /v2/shelves/1").status, 404);
  EXPECT_EQ(chain->reply().detail, "grpc_json_transcode_failure{unknown_method}");
  EXPECT_EQ(chain.Send("GET /v2/x", {}, {{"content-type", "application/grpc"}}).status, 0);
  EXPECT_EQ(chain.Sent<library::GetShelfRequest>("GET /v1/shelves/1?u%22=1"),
            "400 query parameter \"u\\\"\" is no field of "
            "outrigger.test.library.GetShelfRequest that text can be given for");
}

TEST(TranscodedRequest, RefusesMoreThan500QueryParameters) {
  LibraryChain chain;
  std::string target = "GET /v1/search?text=a";
  for (int i = 1; i < 500; ++i) target += "&text=b";
  EXPECT_EQ(chain.Sent<library::SearchRequest>(target), R"(text: "b")");
  EXPECT_EQ(chain.Sent<library::SearchRequest>(target + "&text=c"),
            "400 more than 500 query parameters");
}

TEST(TranscodedRequest, DropsQueryParametersWhenTold) {
  LibraryChain some("ignored_query_parameters: [key]");
  EXPECT_EQ(some.Sent<library::GetShelfRequest>("GET /v1/shelves/1?key=1"), "shelf: 1");
  EXPECT_EQ(some.Sent<library::GetShelfRequest>("GET /v1/shelves/1?other=1"), "passed");
  LibraryChain all("ignore_unknown_query_parameters: true");
  EXPECT_EQ(all.Sent<library::GetShelfRequest>("GET /v1/shelves/1?other=1"), "shelf: 1");
}

TEST(TranscodedRequest, MapsMethodsWithoutARuleWhenTold) {
  LibraryChain chain("auto_mapping: true");
  EXPECT_EQ(
      chain.Sent<library::Line>("POST /outrigger.test.library.Library/Plain", R"({"text":"t"})"),
      R"(text: "t")");
  EXPECT_EQ(chain->forwarded().target, "/outrigger.test.library.Library/Plain");
}

TEST(TranscodedRequest, KeepsToTheConfigurationOfItsRoute) {
  LibraryChain chain;
  const auto off = chain.OfRoute(Config());
  chain->set_route_config(off.get());
  EXPECT_EQ(chain.Sent<library::GetShelfRequest>("GET /v1/shelves/1"), "passed");
  const auto strict =
      chain.OfRoute(LibraryConfig("request_validation_options: {reject_unknown_method: true}"));
  chain->set_route_config(strict.get());
  EXPECT_EQ(chain.Send("GET /nowhere").status, 404);
  EXPECT_EQ(chain.Sent<library::GetShelfRequest>("GET /v1/shelves/1"), "shelf: 1");
}

TEST(TranscodedRequest, TakesAnUnknownVerbForOneWhenTold) {
  LibraryChain chain, told("match_unregistered_custom_verb: true");
  EXPECT_THAT(chain.Sent<library::GetShelfRequest>("GET /v1/shelves/1:burn"), StartsWith("400 "));
  EXPECT_EQ(told.Sent<library::GetShelfRequest>("GET /v1/shelves/1:burn"), "passed");
}

}  // namespace
}  // namespace outrigger::grpc_json_transcoder
