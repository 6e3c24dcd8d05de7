#include "source/downstream/path.h"

#include "gtest/gtest.h"

namespace outrigger::downstream {
namespace {

struct Case {
  std::string_view path;
  std::optional<std::string> normal;
};

TEST(NormalizePath, FollowsRfc3986) {
  const Case cases[] = {
      {"/", "/"},         {"/a/b", "/a/b"},     {"/a/./b", "/a/b"},    {"/a/../b", "/b"},
      {"/a/b/..", "/a/"}, {"/a/b/.", "/a/b/"},  {"/a/%2e%2E/b", "/b"}, {"/%7Euser", "/~user"},
      {"/%41%42", "/AB"}, {"/a%2fb", "/a%2Fb"}, {"/a\\b", "/a/b"},     {"/a//b", "/a//b"},
      {"/...", "/..."},   {"/a/..b", "/a/..b"},
  };
  for (const Case& c : cases) EXPECT_EQ(NormalizePath(c.path), c.normal) << c.path;
}

TEST(NormalizePath, RefusesWhatHasNoMeaning) {
  for (const std::string_view path :
       {"", "a", "/..", "/a/../..", "/%", "/%4", "/%zz", "/%00", "/a%2", "/%2e%2e/"}) {
    EXPECT_EQ(NormalizePath(path), std::nullopt) << path;
  }
}

TEST(NormalizePath, IsStableWhenAppliedAgain) {
  for (const std::string_view path : {"/a/%2e/b", "/%25%32%65", "/x%2Fy/../z", "/a/b/../../c/"}) {
    const auto once = NormalizePath(path);
    ASSERT_TRUE(once.has_value()) << path;
    EXPECT_EQ(NormalizePath(*once), once) << path;
  }
}

TEST(NeedsNormalizing, SaysNoOnlyWhenNothingWouldChange) {
  for (const std::string_view path : {"/", "/a/b", "/a.b/c", "/svc-00001/1k", "/a/b/"}) {
    EXPECT_FALSE(NeedsNormalizing(path)) << path;
    EXPECT_EQ(NormalizePath(path), std::string(path));
    EXPECT_EQ(MergeSlashes(path), path);
  }
  for (const std::string_view path : {"/a/./b", "//", "/%41", "/a\\b", "/.a"}) {
    EXPECT_TRUE(NeedsNormalizing(path)) << path;
  }
}

TEST(MergeSlashes, MakesRunsOne) { EXPECT_EQ(MergeSlashes("//a///b/"), "/a/b/"); }

TEST(EscapedSlashes, AreFoundAndDecoded) {
  EXPECT_TRUE(HasEscapedSlashes("/a%2Fb"));
  EXPECT_TRUE(HasEscapedSlashes("/a%5cb"));
  EXPECT_FALSE(HasEscapedSlashes("/a%2eb%2"));
  EXPECT_EQ(UnescapeSlashes("/a%2fb%5Cc%20"), "/a/b\\c%20");
}

}  // namespace
}  // namespace outrigger::downstream
