#include "source/http/header_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace outrigger::http {
namespace {

using testing::ElementsAre;
using testing::Eq;
using testing::Optional;

std::vector<std::string> Lines(const HeaderMap& map) {
  std::vector<std::string> lines;
  for (const Header& header : map.entries()) {
    lines.push_back(std::string(header.name()) + ": " + std::string(header.value()));
  }
  return lines;
}

class HeaderMapTest : public testing::Test {
 protected:
  base::Arena arena_;
  HeaderMap map_{arena_};
};

TEST(HeaderId, EveryKnownNameFindsItselfInAnyCase) {
  for (int i = 1; i < static_cast<int>(HeaderId::kCount); ++i) {
    const auto id = static_cast<HeaderId>(i);
    std::string name(HeaderName(id));
    EXPECT_EQ(FindHeaderId(name), id) << name;
    for (char& c : name) c = static_cast<char>(std::toupper(c));
    EXPECT_EQ(FindHeaderId(name), id) << name;
  }
}

TEST(HeaderId, ANameThatDiffersInOneByteIsAnother) {
  for (int i = 1; i < static_cast<int>(HeaderId::kCount); ++i) {
    const std::string name(HeaderName(static_cast<HeaderId>(i)));
    for (size_t at = 0; at < name.size(); ++at) {
      for (int c = 0; c < 256; ++c) {
        std::string other = name;
        other[at] = static_cast<char>(c);
        if (std::tolower(c) == name[at]) continue;
        const HeaderId found = FindHeaderId(other);
        EXPECT_TRUE(found == HeaderId::kOther || HeaderName(found) == other) << other;
      }
    }
    EXPECT_EQ(FindHeaderId(name + "x"), HeaderId::kOther);
  }
  EXPECT_EQ(FindHeaderId(""), HeaderId::kOther);
  EXPECT_EQ(FindHeaderId("x"), HeaderId::kOther);
}

TEST_F(HeaderMapTest, KeepsOrderAndSpelling) {
  map_.Add("Host", "a");
  map_.Add("X-Two", "2");
  map_.Add("hOsT", "b");
  EXPECT_THAT(Lines(map_), ElementsAre("Host: a", "X-Two: 2", "hOsT: b"));
  EXPECT_EQ(map_.byte_size(), 4 + 1 + 5 + 1 + 4 + 1);
}

TEST_F(HeaderMapTest, FindsTheFirstByIdAndByNameInAnyCase) {
  map_.Add("Host", "a");
  map_.Add("X-Two", "2");
  map_.Add("HOST", "b");
  EXPECT_THAT(map_.Get(HeaderId::kHost), Optional(Eq("a")));
  EXPECT_THAT(map_.Get("host"), Optional(Eq("a")));
  EXPECT_THAT(map_.Get("x-TWO"), Optional(Eq("2")));
  EXPECT_EQ(map_.Get("x-three"), std::nullopt);
  EXPECT_EQ(map_.Get(HeaderId::kVia), std::nullopt);
  EXPECT_EQ(map_.Count(HeaderId::kHost), 2u);
}

TEST_F(HeaderMapTest, JoinsSeveralValuesWithCommas) {
  map_.Add("accept", "a");
  map_.Add("x-o", "1");
  map_.Add("Accept", "");
  map_.Add("ACCEPT", "c");
  map_.Add("X-O", "2");
  EXPECT_THAT(map_.GetJoined("accept"), Optional(Eq("a,,c")));
  EXPECT_THAT(map_.GetJoined("x-o"), Optional(Eq("1,2")));
  EXPECT_EQ(map_.GetJoined("via"), std::nullopt);
  EXPECT_EQ(map_.GetJoined("x-p"), std::nullopt);
}

TEST_F(HeaderMapTest, SetReplacesTheFirstInPlaceAndDropsTheOthers) {
  map_.Add("Via", "a");
  map_.Add("X-Own", "1");
  map_.Add("via", "b");
  map_.Add("x-own", "2");
  map_.Set(HeaderId::kVia, "c");
  map_.SetCopy("X-OWN", "3");
  EXPECT_THAT(Lines(map_), ElementsAre("Via: c", "X-Own: 3"));
}

TEST_F(HeaderMapTest, SetAppendsWhatWasNotThere) {
  map_.Set(HeaderId::kServer, "s");
  map_.SetCopy("X-New", "n");
  EXPECT_THAT(Lines(map_), ElementsAre("server: s", "X-New: n"));
}

TEST_F(HeaderMapTest, CopiesOutliveTheirSource) {
  std::string name = "x-name";
  std::string value = "value";
  map_.AddCopy(name, value);
  name = value = "gone";
  EXPECT_THAT(Lines(map_), ElementsAre("x-name: value"));
}

TEST_F(HeaderMapTest, RemoveForgetsThePresenceToo) {
  map_.Add("via", "a");
  map_.Add("x-a", "1");
  map_.Add("Via", "b");
  map_.Add("x-b", "2");
  EXPECT_EQ(map_.Remove(HeaderId::kVia), 2u);
  EXPECT_FALSE(map_.Has(HeaderId::kVia));
  EXPECT_EQ(map_.Remove(HeaderId::kVia), 0u);
  EXPECT_EQ(map_.Remove("X-A"), 1u);
  EXPECT_THAT(Lines(map_), ElementsAre("x-b: 2"));
}

TEST_F(HeaderMapTest, RemoveIfKeepsTheOrderOfTheRest) {
  for (const char* name : {"a", "b", "c", "d"}) map_.Add(name, name);
  const auto is_b_or_d = [](const Header& header) {
    return header.name() == "b" || header.name() == "d";
  };
  EXPECT_EQ(map_.RemoveIf(is_b_or_d), 2u);
  EXPECT_THAT(Lines(map_), ElementsAre("a: a", "c: c"));
}

TEST_F(HeaderMapTest, GrowsPastAnyFirstRoom) {
  map_.Reserve(2);
  for (int i = 0; i < 200; ++i) map_.AddCopy("n" + std::to_string(i), std::to_string(i));
  EXPECT_EQ(map_.size(), 200u);
  EXPECT_THAT(map_.Get("n0"), Optional(Eq("0")));
  EXPECT_THAT(map_.Get("N199"), Optional(Eq("199")));
}

TEST_F(HeaderMapTest, ClearLeavesNothing) {
  map_.Add("via", "a");
  map_.Clear();
  EXPECT_TRUE(map_.empty());
  EXPECT_EQ(map_.Get(HeaderId::kVia), std::nullopt);
}

TEST(HasToken, FindsMembersOfAList) {
  EXPECT_TRUE(HasToken("close", "close"));
  EXPECT_TRUE(HasToken("keep-alive,\t CLOSE , x", "close"));
  EXPECT_FALSE(HasToken("closed", "close"));
  EXPECT_FALSE(HasToken("not close", "close"));
  EXPECT_FALSE(HasToken("", "close"));
  EXPECT_FALSE(HasToken(",,", "close"));
}

}  // namespace
}  // namespace outrigger::http
