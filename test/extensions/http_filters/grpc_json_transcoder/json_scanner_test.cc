#include "source/extensions/http_filters/grpc_json_transcoder/json_scanner.h"

#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "source/base/text.h"

namespace outrigger::grpc_json_transcoder {
namespace {

// What a splitter makes of the pieces: items in '|', then the error.
std::string Split(const std::vector<std::string_view>& pieces, size_t max_item_bytes = 1000) {
  JsonArraySplitter splitter(max_item_bytes);
  std::string out;
  for (std::string_view piece : pieces) {
    while (splitter.Take(piece) == JsonArraySplitter::Outcome::kItem) {
      base::StrAppend(&out, "|", splitter.item());
    }
  }
  const absl::Status status = splitter.End();
  if (!status.ok()) base::StrAppend(&out, "!", base::StdView(status.message()));
  return out;
}

TEST(CheckJson, AcceptsEveryKindOfValue) {
  for (const char* text : {"{}", "[]", "0", "-1.5e+3", "true", "null", R"("")", R"("\"\\\u00e4")",
                           R"( {"a": [1, {"b": []}, "}"], "c": null} )", "\t[ ]\r\n"}) {
    EXPECT_TRUE(CheckJson(text).ok()) << text << ": " << CheckJson(text).message();
  }
}

TEST(CheckJson, RefusesWhatIsNotExactlyOneValue) {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"", "at byte 0: the text ends inside a value"},
      {"{", "at byte 1: the text ends inside a value"},
      {"\"a", "at byte 2: the text ends inside a value"},
      {"{}{}", ": text behind the value"},
      {"1,\"b\":2", ": text behind the value"},
      {"{a:1}", "at byte 1: a key must be a string"},
      {"{'a':1}", "at byte 1: a key must be a string"},
      {"['a']", "at byte 1: a value is missing"},
      {"[1,]", "at byte 3: a value is missing"},
      {R"({"a":1,})", "at byte 7: a key must be a string"},
      {R"({"a" 1})", "at byte 5: ':' is missing behind a key"},
      {"[1 2]", "at byte 3: ',' or a closing bracket is missing"},
      {"[1}", "at byte 3: a closing bracket does not match"},
      {"\"a\nb\"", "at byte 2: a control character in a string"},
  };
  for (const auto& [text, error] : table) {
    const absl::Status status = CheckJson(text);
    ASSERT_FALSE(status.ok()) << text;
    EXPECT_NE(base::StdView(status.message()).find(error), std::string_view::npos)
        << text << ": " << status.message();
  }
}

TEST(CheckJson, EndsAt100Levels) {
  EXPECT_TRUE(CheckJson(std::string(100, '[') + std::string(100, ']')).ok());
  EXPECT_FALSE(CheckJson(std::string(101, '[') + std::string(101, ']')).ok());
  EXPECT_FALSE(CheckJson(std::string(1'000'000, '[')).ok());
}

TEST(JsonArraySplitter, GivesItemsAsTheyAre) {
  EXPECT_EQ(Split({"[]"}), "");
  EXPECT_EQ(Split({R"( [ {"a": "],["}, 1 ,"x" , null,[2,3] ] )"}),
            R"(|{"a": "],["}|1|"x"|null|[2,3])");
}

TEST(JsonArraySplitter, GivesTheSameWhereverTheTextIsCut) {
  const std::string_view text = R"([{"a":"\"]"},12,["x",{}],true])";
  const std::string whole = Split({text});
  EXPECT_EQ(whole, R"(|{"a":"\"]"}|12|["x",{}]|true)");
  for (size_t i = 0; i <= text.size(); ++i) {
    for (size_t j = i; j <= text.size(); ++j) {
      EXPECT_EQ(Split({text.substr(0, i), text.substr(i, j - i), text.substr(j)}), whole);
    }
  }
}

TEST(JsonArraySplitter, RefusesWhatIsNoArray) {
  EXPECT_EQ(Split({"{}"}), "!invalid JSON: a stream of messages is an array, '[' is missing");
  EXPECT_EQ(Split({""}), "!invalid JSON: the array is not closed");
  EXPECT_EQ(Split({"[{}"}), "|{}!invalid JSON: the array is not closed");
  EXPECT_EQ(Split({"[{} {}]"}), "|{}!invalid JSON: ',' or ']' is missing in the array");
  EXPECT_EQ(Split({"[{}]x"}), "|{}!invalid JSON: text behind the array");
  EXPECT_EQ(Split({"[{},]"}), "|{}!invalid JSON: a value is missing");
  EXPECT_EQ(Split({"[,]"}), "!invalid JSON: a value is missing");
}

TEST(JsonArraySplitter, EndsAtTheLimitOfAnItem) {
  EXPECT_EQ(Split({"[\"123456\"]"}, 8), "|\"123456\"");
  EXPECT_EQ(Split({"[\"1234567\"]"}, 8), "!a message of more than 8 bytes");
  EXPECT_EQ(Split({"[1", "2", "3", "4,1]"}, 3), "!a message of more than 3 bytes");
  EXPECT_EQ(Split({"[", std::string(99, '['), std::string(99, ']'), "]"}).size(), 199);
  EXPECT_NE(Split({"[", std::string(100, '[')}).find("100 levels"), std::string::npos);
}

}  // namespace
}  // namespace outrigger::grpc_json_transcoder
