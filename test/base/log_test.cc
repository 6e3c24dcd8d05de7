#include "source/base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <sstream>

namespace outrigger::base {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

// Sends the log to a file of its own for the time of one test.
class LogTest : public ::testing::Test {
 protected:
  LogTest() { Open(LogOutput().pattern); }
  ~LogTest() override {
    SetAllLogLevels(LogLevel::kInfo);
    EXPECT_TRUE(OpenLog({}).ok());
    std::remove(path_.c_str());
  }
  void Open(const std::string& pattern) {
    ASSERT_TRUE(OpenLog({.path = path_, .pattern = pattern}).ok());
  }
  std::string Written() const {
    std::stringstream text;
    text << std::ifstream(path_).rdbuf();
    return text.str();
  }

  const std::string path_ = ::testing::TempDir() + "/outrigger_log_test." +
                            ::testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST_F(LogTest, WritesALineInTheUsualPattern) {
  LOG(kWarning, kXds, "type ", std::string_view("cds"), ": ", 3, " refused");
  EXPECT_THAT(Written(), MatchesRegex("\\[[0-9-]+ [0-9:.]+\\]\\[[0-9]+\\]\\[warning\\]\\[xds\\] "
                                      "type cds: 3 refused\n"));
}

TEST_F(LogTest, TakesAnotherPattern) {
  Open("%n|%v");
  LOG(kInfo, kMain, "hello");
  EXPECT_EQ(Written(), "main|hello\n");
}

TEST_F(LogTest, LevelsAreSetByTopic) {
  SetLogLevel(LogTopic::kXds, LogLevel::kDebug);
  LOG(kDebug, kXds, "wanted");
  LOG(kDebug, kMain, "unwanted");
  EXPECT_THAT(Written(), HasSubstr("wanted"));
  EXPECT_THAT(Written(), Not(HasSubstr("unwanted")));
}

TEST_F(LogTest, PiecesOfUnwantedLinesAreNotEvaluated) {
  int evaluated = 0;
  LOG(kDebug, kMain, ++evaluated);
  LOG(kInfo, kMain, ++evaluated);
  EXPECT_EQ(evaluated, 1);
}

TEST_F(LogTest, EscapesWhatCouldForgeALine) {
  Open("%v");
  LOG(kError, kXds, "a\nb\x1b[31m");
  EXPECT_EQ(Written(), "a\\nb\\x1b[31m\n");
}

TEST(Log, NamesAFileThatCannotBeOpened) {
  EXPECT_THAT(std::string(OpenLog({.path = "/nowhere/x.log"}).message()),
              HasSubstr("log: cannot open \"/nowhere/x.log\": No such file"));
}

TEST(Log, ReadsLevelsAndTopics) {
  EXPECT_EQ(ParseLogLevel("warn"), LogLevel::kWarning);
  EXPECT_EQ(ParseLogLevel("off"), LogLevel::kOff);
  EXPECT_EQ(ParseLogLevel("loud"), std::nullopt);
  EXPECT_EQ(ParseLogTopic("upstream"), LogTopic::kUpstream);
  EXPECT_EQ(ParseLogTopic(""), std::nullopt);
}

}  // namespace
}  // namespace outrigger::base
