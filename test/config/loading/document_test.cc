#include "source/config/loading/document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace outrigger::loading {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
using Kind = Node::Kind;

Node Parse(const std::string& text) {
  absl::StatusOr<Node> root = ParseDocument(text, "f.yaml");
  EXPECT_TRUE(root.ok()) << root.status();
  return root.ok() ? *root : Node();
}

std::string ErrorOf(const std::string& text, const DocumentLimits& limits = {}) {
  const absl::StatusOr<Node> root = ParseDocument(text, "f.yaml", limits);
  return root.ok() ? "no error" : std::string(root.status().message());
}

TEST(Document, TellsNullsBoolsNumbersAndStringsApart) {
  const Node root = Parse("[~, true, 12, -1.5e3, 0x1F, abc, \"12\", 'true', 1.2.3, 10.0.0.1, '']");
  std::vector<Kind> kinds;
  for (const Node& item : root.items()) kinds.push_back(item.kind());
  EXPECT_THAT(kinds,
              testing::ElementsAre(Kind::kNull, Kind::kBool, Kind::kNumber, Kind::kNumber,
                                   Kind::kNumber, Kind::kString, Kind::kString, Kind::kString,
                                   Kind::kString, Kind::kString, Kind::kString));
}

TEST(Document, KeepsTheTextOfANumber) {
  EXPECT_EQ(Parse("version: 1.10").Find("version")->text(), "1.10");
}

TEST(Document, ObeysTheTagThatMakesAString) {
  EXPECT_EQ(Parse("a: !!str 12").Find("a")->kind(), Kind::kString);
}

TEST(Document, KnowsThePlaceOfKeysAndValues) {
  const Node root = Parse("a: 1\nb:\n  - x\n  - {c: y}\n");
  EXPECT_EQ(root.entries()[1].key_position.line, 2);
  EXPECT_EQ(root.entries()[1].key_position.column, 1);
  const Node& inner = root.Find("b")->items()[1];
  EXPECT_EQ(inner.Find("c")->position().line, 4);
  EXPECT_EQ(inner.Find("c")->position().column, 9);
}

TEST(Document, ReadsJsonWithTabsAndEscapes) {
  const Node root = Parse("{\n\t\"a\": \"\\u003c\\/\\ud83d\\ude00\\\\ud83d\",\n\t\"b\":[1,null]}");
  EXPECT_EQ(root.Find("a")->text(), "</\xF0\x9F\x98\x80\\ud83d");
  EXPECT_EQ(root.Find("b")->items()[1].kind(), Kind::kNull);
}

TEST(Document, ReadsEveryDocumentOfAStream) {
  const auto documents = ParseDocuments("a: 1\n---\nb: 2\n", "f.yaml");
  ASSERT_TRUE(documents.ok()) << documents.status();
  ASSERT_EQ(documents->size(), 2);
  EXPECT_EQ((*documents)[1].Find("b")->text(), "2");
}

TEST(Document, TakesEmptyTextAsAnEmptyMap) { EXPECT_EQ(Parse("# nothing\n").kind(), Kind::kMap); }

TEST(Document, CopiesWhatAnAliasStandsFor) {
  const Node root = Parse("a: &x {k: [1, 2]}\nb: *x\n");
  EXPECT_EQ(root.Find("b")->Find("k")->items().size(), 2);
}

TEST(Document, RefusesDuplicateKeysNamingBothLines) {
  EXPECT_EQ(ErrorOf("a: 1\nb: 2\na: 3\n"),
            "f.yaml:3:1: duplicate key \"a\", first given in line 1; remove one");
}

TEST(Document, RefusesASecondDocumentWhereOneIsExpected) {
  EXPECT_THAT(ErrorOf("a: 1\n---\nb: 2\n"), StartsWith("f.yaml:3:1: a second document"));
}

TEST(Document, NamesThePlaceOfASyntaxError) {
  EXPECT_THAT(ErrorOf("a: 1\nb: [1, 2\nc: 3\n"), StartsWith("f.yaml:"));
  EXPECT_THAT(ErrorOf("a: 'x"), HasSubstr("not valid YAML or JSON"));
}

TEST(Document, SaysThatTabsCannotIndent) {
  EXPECT_THAT(ErrorOf("a:\n\tb: 1\n"), HasSubstr("spaces, not tabs"));
}

TEST(Document, RefusesKeysThatAreNoStrings) {
  EXPECT_THAT(ErrorOf("? [a, b]\n: 1\n"), HasSubstr("a key must be a string"));
  EXPECT_THAT(ErrorOf("? &k {a: 1}\n: 1\n"), HasSubstr("a key must be a string"));
  EXPECT_THAT(ErrorOf("~: 1\n"), HasSubstr("a key must be a string, got null"));
}

TEST(Document, RefusesTagsItDoesNotKnow) {
  EXPECT_THAT(ErrorOf("a: !secret x"), HasSubstr("unknown tag \"!secret\""));
}

TEST(Document, RefusesBytesThatAreNotUtf8Text) {
  for (const std::string& bytes :
       {std::string("\0", 1), std::string("\xff"), std::string("\xc0\x80"),
        std::string("\xed\xa0\x80"), std::string("\xf4\x90\x80\x80"), std::string("\xe2\x82")}) {
    EXPECT_EQ(ErrorOf("a: 1\nb: " + bytes + "\n"), "f.yaml:2:1: a byte that is not UTF-8 text");
  }
  EXPECT_EQ(ErrorOf("a: \xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\n"), "no error");
}

TEST(Document, RefusesTextBeyondTheSizeLimit) {
  EXPECT_THAT(ErrorOf("a: 12345", {.bytes = 4}), HasSubstr("larger than 4 bytes, got 8"));
}

TEST(Document, RefusesMoreValuesThanTheLimit) {
  EXPECT_EQ(ErrorOf("[1, 2, 3]", {.nodes = 4}), "no error");
  EXPECT_THAT(ErrorOf("[1, 2, 3, 4]", {.nodes = 4}), HasSubstr("more than 4 values"));
}

TEST(Document, RefusesNestingBeyondTheLimit) {
  EXPECT_EQ(ErrorOf("[[[1]]]", {.depth = 3}), "no error");
  EXPECT_THAT(ErrorOf("[[[[1]]]]", {.depth = 3}), HasSubstr("deeper than 3 levels"));
  EXPECT_THAT(ErrorOf(std::string(100'000, '[')), StartsWith("f.yaml:1:"));
}

TEST(Document, CountsDepthThroughAliases) {
  EXPECT_THAT(ErrorOf("a: &x [[1]]\nb: [[*x]]\n", {.depth = 4}), HasSubstr("deeper than 4"));
}

TEST(Document, RefusesAliasesThatMultiply) {
  std::string bomb = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 10; ++j) bomb += (j == 0 ? "" : ", ") + last;
    bomb += "]\n";
  }
  EXPECT_THAT(ErrorOf(bomb), HasSubstr("counting each use of an alias"));
}

TEST(Document, RefusesAnAliasInsideItsOwnAnchor) {
  EXPECT_THAT(ErrorOf("a: &x [1, *x]"), HasSubstr("inside its own anchor"));
}

}  // namespace
}  // namespace outrigger::loading
