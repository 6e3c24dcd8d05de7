#include "source/extensions/http_filters/grpc_json_transcoder/path_trie.h"

#include <map>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "source/base/text.h"

namespace outrigger::grpc_json_transcoder {
namespace {

// Templates under the methods they are for; finds `template: variable=raw text, ...`.
class Trie {
 public:
  explicit Trie(const std::vector<std::pair<std::string, std::string>>& rules) {
    for (const auto& [method, text] : rules) {
      auto path = PathTemplate::Parse(text);
      EXPECT_TRUE(path.ok()) << text << ": " << path.status().message();
      EXPECT_EQ(trie_.Add(method, *path, paths_.size()), std::nullopt) << text;
      paths_.push_back(*std::move(path));
      texts_.push_back(text);
    }
  }
  std::string Find(std::string_view method, std::string_view path, bool knows_verbs_only = true) {
    const auto match = trie_.Find(method, path, knows_verbs_only);
    if (!match) return "none";
    std::string out = texts_[match->rule];
    const PathTemplate& found = paths_[match->rule];
    for (const PathTemplate::Variable& variable : found.variables) {
      std::string name;
      for (const std::string& step : variable.field_path) {
        base::StrAppend(&name, name.empty() ? "" : ".", step);
      }
      base::StrAppend(&out, " ", name, "=", match->Value(found, variable));
    }
    return out;
  }

 private:
  PathTrie trie_;
  std::vector<PathTemplate> paths_;
  std::vector<std::string> texts_;
};

TEST(PathTemplate, RefusesWhatIsNoTemplate) {
  const std::map<std::string, std::string> table = {
      {"", "at 0: a template begins with '/'"},
      {"v1", "at 0: a template begins with '/'"},
      {"/a//b", "at 3: a segment is empty or has a character that must be encoded"},
      {"/a/", "at 3: a segment is empty or has a character that must be encoded"},
      {"/a b", "at 2: unexpected character"},
      {"/{a", "at 3: '}' is missing"},
      {"/{a=}", "at 4: a segment is empty or has a character that must be encoded"},
      {"/{}", "at 2: a field name is missing"},
      {"/{a.}", "at 4: a field name is missing"},
      {"/{1a}", "at 2: a field name is missing"},
      {"/{a={b}}", "at 4: a variable inside a variable"},
      {"/{a}/{a}", "at 8: a field is bound twice"},
      {"/***", "at 3: unexpected character"},
      {"/a:", "at 3: a verb is missing behind ':'"},
      {"/**/{a}", "only literals may follow \"**\""},
      {"/**/**", "only literals may follow \"**\""},
      {"/{a}b", "at 4: unexpected character"},
      {"/a?b", "at 2: unexpected character"},
      {std::string("/a\0b", 4), "at 2: unexpected character"},
      {"/" + std::string(5000, 'a'), "at 0: longer than 4096 bytes"},
  };
  for (const auto& [text, error] : table) {
    const auto path = PathTemplate::Parse(text);
    EXPECT_EQ(path.ok() ? "accepted" : path.status().message(), error) << text;
  }
}

TEST(PathTemplate, RefusesMoreThan64Segments) {
  std::string text;
  for (int i = 0; i < 64; ++i) text += "/a";
  EXPECT_TRUE(PathTemplate::Parse(text).ok());
  EXPECT_FALSE(PathTemplate::Parse(text + "/a").ok());
}

// The templates of google/api/http.proto and its documentation, with what they say about them.
TEST(PathTrie, MatchesAsTheDocumentationOfGoogleApiHttpSays) {
  struct Row {
    std::string path_template, path, found;
  };
  const std::vector<Row> table = {
      {"/v1/{name=messages/*}", "/v1/messages/123456", " name=messages/123456"},
      {"/v1/messages/{message_id}", "/v1/messages/123456", " message_id=123456"},
      {"/v1/users/{user_id}/messages/{message_id}", "/v1/users/me/messages/123456",
       " user_id=me message_id=123456"},
      {"/v1/{name=**}", "/v1/a/b/c", " name=a/b/c"},
      {"/v1/{name=shelves/*/books/*}", "/v1/shelves/1/books/2", " name=shelves/1/books/2"},
      {"/v1/{name=projects/*/documents/**}:commit", "/v1/projects/p/documents/a/b:commit",
       " name=projects/p/documents/a/b"},
      {"/v1/{parent=rooms/*}/blurbs", "/v1/rooms/1/blurbs", " parent=rooms/1"},
      {"/v1/{book.name=shelves/*}", "/v1/shelves/1", " book.name=shelves/1"},
      {"/v1/{var=*}", "/v1/a", " var=a"},
      {"/v1/**", "/v1", ""},
      {"/v1/{name=**}", "/v1", " name="},
      {"/v1/{name=**}/end", "/v1/a/b/end", " name=a/b"},
      {"/v1/{name=**}/end", "/v1/end", " name="},
      {"/", "/", ""},
      {"/**", "/", ""},
      {"/{a}:x", "/b:c:x", " a=b:c"},
      {"/a:b/c", "/a:b/c", ""},
  };
  for (const Row& row : table) {
    Trie trie({{"GET", row.path_template}});
    EXPECT_EQ(trie.Find("GET", row.path), row.path_template + row.found) << row.path;
  }
}

TEST(PathTrie, FindsNothingWhereNoTemplateMatches) {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"/v1/*", "/v1"},        {"/v1/*", "/v1/a/b"},    {"/v1/*", "/v1//b"},
      {"/v1/*/b", "/v1//b"},   {"/v1/a", "/v1/A"},      {"/v1/a", "/v1/%61"},
      {"/v1/**/b", "/v1/a"},   {"/v1/**/b/c", "/v1/b"}, {"/v1/a", "v1/a"},
      {"/v1/a", ""},           {"/v1/{a}:x", "/v1/a"},  {"/v1/{a}:x", "/v1/a:y"},
      {"/v1/{a}:x", "/v1/a:"}, {"/v1/x/**/x", "/v1/x"},
  };
  for (const auto& [text, path] : table) {
    Trie trie({{"GET", text}});
    EXPECT_EQ(trie.Find("GET", path), "none") << text << " " << path;
  }
}

TEST(PathTrie, PrefersLiteralsThenOneSegmentThenMany) {
  Trie trie({{"GET", "/a/**"},
             {"GET", "/a/*"},
             {"GET", "/a/b"},
             {"GET", "/a/*/c"},
             {"GET", "/a/b/d"},
             {"GET", "/**/e"},
             {"GET", "/a/**/f/g"},
             {"GET", "/a/**/g"}});
  EXPECT_EQ(trie.Find("GET", "/a/b"), "/a/b");
  EXPECT_EQ(trie.Find("GET", "/a/x"), "/a/*");
  EXPECT_EQ(trie.Find("GET", "/a/b/c"), "/a/*/c");  // goes back from the literal b
  EXPECT_EQ(trie.Find("GET", "/a/b/d"), "/a/b/d");
  EXPECT_EQ(trie.Find("GET", "/a/b/e"), "/a/**");
  EXPECT_EQ(trie.Find("GET", "/x/y/e"), "/**/e");
  EXPECT_EQ(trie.Find("GET", "/a/x/y/f/g"), "/a/**/f/g");
  EXPECT_EQ(trie.Find("GET", "/a/x/y/g"), "/a/**/g");
}

TEST(PathTrie, TellsMethodsApart) {
  Trie trie({{"GET", "/a"}, {"*", "/a"}, {"LOCK", "/b"}, {"POST", "/*"}});
  EXPECT_EQ(trie.Find("GET", "/a"), "/a");
  EXPECT_EQ(trie.Find("BREW", "/a"), "/a");
  EXPECT_EQ(trie.Find("LOCK", "/b"), "/b");
  EXPECT_EQ(trie.Find("GET", "/b"), "none");
  EXPECT_EQ(trie.Find("POST", "/b"), "/*");  // goes on to the template that has the method
}

TEST(PathTrie, TakesAVerbOnlyWhereOneIsRegistered) {
  Trie trie({{"GET", "/a/{x}"}, {"GET", "/a/{x}:sell"}});
  EXPECT_EQ(trie.Find("GET", "/a/1:sell"), "/a/{x}:sell x=1");
  EXPECT_EQ(trie.Find("GET", "/a/1:buy"), "/a/{x} x=1:buy");
  EXPECT_EQ(trie.Find("GET", "/a/1:buy", false), "none");
  EXPECT_EQ(trie.Find("GET", "/a:sell/1"), "none");
}

TEST(PathTrie, IgnoresSlashesAtTheEnd) {
  Trie trie({{"GET", "/a/{x}"}, {"GET", "/b/{y=**}"}});
  EXPECT_EQ(trie.Find("GET", "/a/1//"), "/a/{x} x=1");
  EXPECT_EQ(trie.Find("GET", "/b/1//2/"), "/b/{y=**} y=1//2");
}

TEST(PathTrie, SaysWhichRuleMatchesTheSameRequests) {
  PathTrie trie;
  const auto add = [&](std::string_view method, std::string_view text, uint32_t rule) {
    return trie.Add(method, *PathTemplate::Parse(text), rule);
  };
  EXPECT_EQ(add("GET", "/a/{x}", 7), std::nullopt);
  EXPECT_EQ(add("GET", "/a/{y}", 8), 7);
  EXPECT_EQ(add("GET", "/a/*", 8), 7);
  EXPECT_EQ(add("GET", "/a/{x}:v", 8), std::nullopt);
  EXPECT_EQ(add("PUT", "/a/{x}", 9), std::nullopt);
}

TEST(PathTrie, WalksLongPathsOnce) {
  Trie trie({{"GET", "/**/a"}, {"GET", "/*/**/b"}, {"GET", "/*/*/*/*/*/c"}});
  std::string path;
  for (int i = 0; i < 20'000; ++i) path += "/a";
  EXPECT_EQ(trie.Find("GET", path), "/**/a");
  EXPECT_EQ(trie.Find("GET", path + "/d"), "none");
}

}  // namespace
}  // namespace outrigger::grpc_json_transcoder
