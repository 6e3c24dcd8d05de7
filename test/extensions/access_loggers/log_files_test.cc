#include "source/extensions/access_loggers/log_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace outrigger::access_loggers {
namespace {

using testing::HasSubstr;

// A directory of its own for each test.
class LogFilesTest : public testing::Test {
 protected:
  LogFilesTest() {
    std::string pattern = testing::TempDir() + "/log_files.XXXXXX";
    directory_ = mkdtemp(pattern.data());
  }

  // Files that are flushed only when asked.
  static LogFiles::Options ByHand() { return {.flush_interval = base::Milliseconds(3'600'000)}; }

  std::string Path(std::string_view name) const { return directory_ + "/" + std::string(name); }
  std::string Content(std::string_view name) const {
    std::ostringstream content;
    content << std::ifstream(Path(name)).rdbuf();
    return content.str();
  }

  std::string directory_;
  stats::Store store_;
  const LogFileCounters counters_ = LogFileCounters::Declare(store_);
};

TEST_F(LogFilesTest, WritesLinesWhenFlushed) {
  LogFiles files(ByHand(), counters_);
  const auto file = files.Open(Path("log"));
  ASSERT_TRUE(file.ok()) << file.status();
  (*file)->Append("one\n");
  (*file)->Append("two\n");
  EXPECT_EQ(counters_.write_total_buffered.Value(), 8u);
  files.Flush();
  EXPECT_EQ(Content("log"), "one\ntwo\n");
  EXPECT_EQ(counters_.write_buffered.Value(), 2u);
  EXPECT_EQ(counters_.write_completed.Value(), 1u);
  EXPECT_EQ(counters_.write_total_buffered.Value(), 0u);
  EXPECT_EQ(store_.Value("filesystem.write_buffered"), 2u);
}

TEST_F(LogFilesTest, AppendsToWhatIsThere) {
  std::ofstream(Path("log")) << "before\n";
  LogFiles files(ByHand(), counters_);
  (*files.Open(Path("log")))->Append("after\n");
  files.Flush();
  EXPECT_EQ(Content("log"), "before\nafter\n");
}

TEST_F(LogFilesTest, WritesTheRestAtItsEnd) {
  {
    LogFiles files(ByHand(), counters_);
    (*files.Open(Path("log")))->Append("last words\n");
  }
  EXPECT_EQ(Content("log"), "last words\n");
}

TEST_F(LogFilesTest, KeepsEveryLineOfEveryThreadWhole) {
  {
    LogFiles files({.flush_interval = base::Milliseconds(1), .flush_min_bytes = 1'000}, counters_);
    const auto file = *files.Open(Path("log"));
    std::vector<std::thread> workers;
    for (char name : {'a', 'b', 'c', 'd'}) {
      workers.emplace_back([&file, name] {
        for (int i = 0; i < 5'000; ++i) file->Append(std::string(50, name) + "\n");
      });
    }
    for (std::thread& worker : workers) worker.join();
  }
  std::ifstream log(Path("log"));
  std::array<int, 4> lines = {};
  for (std::string line; std::getline(log, line);) {
    ASSERT_EQ(line, std::string(50, line[0]));
    ++lines[static_cast<size_t>(line[0] - 'a')];
  }
  EXPECT_THAT(lines, testing::Each(5'000));
}

TEST_F(LogFilesTest, SharesOneFileBetweenLoggersOfTheSamePath) {
  LogFiles files(ByHand(), counters_);
  const auto a = *files.Open(Path("log"));
  EXPECT_EQ(a, *files.Open(Path("log")));
  EXPECT_NE(a, *files.Open(Path("other")));
}

TEST_F(LogFilesTest, WritesOutAndClosesAFileThatNobodyHolds) {
  LogFiles files(ByHand(), counters_);
  auto file = *files.Open(Path("log"));
  const std::weak_ptr<LogFile> watched = file;
  file->Append("bye\n");
  file.reset();
  EXPECT_FALSE(watched.expired());
  files.Flush();
  EXPECT_TRUE(watched.expired());
  EXPECT_EQ(Content("log"), "bye\n");
  (*files.Open(Path("log")))->Append("again\n");
  files.Flush();
  EXPECT_EQ(Content("log"), "bye\nagain\n");
}

TEST_F(LogFilesTest, FollowsTheNameAfterRotation) {
  LogFiles files(ByHand(), counters_);
  const auto file = *files.Open(Path("log"));
  file->Append("before\n");
  ASSERT_EQ(rename(Path("log").c_str(), Path("log.1").c_str()), 0);
  file->Append("still before\n");
  files.Reopen();
  files.Flush();
  file->Append("after\n");
  files.Flush();
  EXPECT_EQ(Content("log.1"), "before\nstill before\n");
  EXPECT_EQ(Content("log"), "after\n");
}

TEST_F(LogFilesTest, StaysOnTheOldFileUntilTheNewOneCanBeOpened) {
  ASSERT_EQ(mkdir(Path("dir").c_str(), 0755), 0);
  LogFiles files(ByHand(), counters_);
  const auto file = *files.Open(Path("dir/log"));
  ASSERT_EQ(rename(Path("dir").c_str(), Path("gone").c_str()), 0);
  files.Reopen();
  files.Flush();
  EXPECT_GE(counters_.reopen_failed.Value(), 1u);
  file->Append("to the old one\n");
  files.Flush();
  EXPECT_EQ(Content("gone/log"), "to the old one\n");
  ASSERT_EQ(mkdir(Path("dir").c_str(), 0755), 0);
  files.Flush();
  file->Append("to the new one\n");
  files.Flush();
  EXPECT_EQ(Content("dir/log"), "to the new one\n");
}

TEST_F(LogFilesTest, RefusesAPathThatCannotBeOpened) {
  LogFiles files(ByHand(), counters_);
  const auto file = files.Open(Path("no/such/dir/log"));
  EXPECT_EQ(file.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(file.status().message()), HasSubstr("no/such/dir/log: cannot open"));
}

TEST_F(LogFilesTest, DropsAndCountsLinesOverTheLimit) {
  LogFiles::Options options = ByHand();
  options.max_unwritten_bytes = 10;
  LogFiles files(options, counters_);
  const auto file = *files.Open(Path("log"));
  for (int i = 0; i < 4; ++i) file->Append("12345");
  EXPECT_EQ(counters_.write_dropped.Value(), 2u);
  files.Flush();
  file->Append("again");
  files.Flush();
  EXPECT_EQ(Content("log"), "1234512345again");
}

TEST_F(LogFilesTest, CountsWritesThatFail) {
  LogFiles files(ByHand(), counters_);
  (*files.Open("/dev/full"))->Append("lost\n");
  files.Flush();
  EXPECT_EQ(counters_.write_failed.Value(), 1u);
  EXPECT_EQ(counters_.write_total_buffered.Value(), 0u);
}

TEST_F(LogFilesTest, FlushesByTheTimer) {
  LogFiles files({.flush_interval = base::Milliseconds(1)}, counters_);
  (*files.Open(Path("log")))->Append("soon\n");
  while (counters_.flushed_by_timer.Value() == 0) std::this_thread::yield();
  EXPECT_EQ(Content("log"), "soon\n");
}

TEST_F(LogFilesTest, FlushesSoonerWhenEnoughGathered) {
  LogFiles::Options options = ByHand();
  options.flush_min_bytes = 10;
  LogFiles files(options, counters_);
  (*files.Open(Path("log")))->Append("0123456789\n");
  while (counters_.write_completed.Value() == 0) std::this_thread::yield();
  EXPECT_EQ(Content("log"), "0123456789\n");
  EXPECT_EQ(counters_.flushed_by_timer.Value(), 0u);
}

// Puts the write end of a pipe in place of a standard descriptor for a while.
class Redirected {
 public:
  explicit Redirected(int standard) : standard_(standard), saved_(dup(standard)) {
    EXPECT_EQ(pipe(ends_.data()), 0);
    fflush(nullptr);
    dup2(ends_[1], standard_);
  }
  ~Redirected() {
    dup2(saved_, standard_);
    for (int fd : {saved_, ends_[1]}) close(fd);
    CloseReader();
  }
  std::string Read(size_t size) const {
    std::string text(size, '\0');
    size_t got = 0;
    while (got < size) {
      const ssize_t n = read(ends_[0], text.data() + got, size - got);
      if (n <= 0) break;
      got += static_cast<size_t>(n);
    }
    return text.substr(0, got);
  }
  void CloseReader() {
    if (ends_[0] >= 0) close(ends_[0]);
    ends_[0] = -1;
  }

 private:
  const int standard_;
  const int saved_;
  std::array<int, 2> ends_ = {-1, -1};
};

TEST_F(LogFilesTest, WritesToStandardOutputAndError) {
  const Redirected out(STDOUT_FILENO);
  const Redirected err(STDERR_FILENO);
  LogFiles files(ByHand(), counters_);
  const auto out_file = files.Open("/dev/stdout");
  const auto err_file = files.Open("/dev/stderr");
  ASSERT_TRUE(out_file.ok() && err_file.ok());
  (*out_file)->Append("to out\n");
  (*err_file)->Append("to err\n");
  files.Reopen();
  files.Flush();
  EXPECT_EQ(out.Read(7), "to out\n");
  EXPECT_EQ(err.Read(7), "to err\n");
}

TEST_F(LogFilesTest, IsNotStoppedByAPipeThatNobodyReads) {
  const Redirected out(STDOUT_FILENO);
  LogFiles files(ByHand(), counters_);
  const auto stuck = *files.Open("/dev/stdout");
  const auto file = *files.Open(Path("log"));
  const std::string line(1'000, 'x');
  for (int i = 0; i < 1'000; ++i) stuck->Append(line);
  file->Append("passes by\n");
  files.Flush();
  EXPECT_EQ(Content("log"), "passes by\n");
  const uint64_t waiting = counters_.write_total_buffered.Value();
  EXPECT_GT(waiting, 0u);
  // What waited comes once somebody reads.
  EXPECT_EQ(out.Read(1'000'000 - waiting), std::string(1'000'000 - waiting, 'x'));
  files.Flush();
  EXPECT_LT(counters_.write_total_buffered.Value(), waiting);
}

TEST_F(LogFilesTest, SurvivesAPipeWhoseReaderWent) {
  Redirected out(STDOUT_FILENO);
  LogFiles files(ByHand(), counters_);
  const auto file = *files.Open("/dev/stdout");
  out.CloseReader();
  file->Append("nobody hears\n");
  files.Flush();
  EXPECT_EQ(counters_.write_failed.Value(), 1u);
}

}  // namespace
}  // namespace outrigger::access_loggers
