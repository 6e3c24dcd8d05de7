#include "source/control/directory_watcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "test/control/temporary_directory.h"

namespace outrigger::control {
namespace {

using testing::ElementsAre;
namespace fs = std::filesystem;

// Each act comes before the wait: inotify keeps what happened meanwhile.
class DirectoryWatcherTest : public testing::Test {
 protected:
  DirectoryWatcherTest() { fs::create_directory(path()); }
  ~DirectoryWatcherTest() override { close(stop_fd_); }

  std::string path() const { return parent_ / "watched"; }
  std::unique_ptr<DirectoryWatcher> Watch(const std::string& path) {
    auto watcher = DirectoryWatcher::Watch(path);
    EXPECT_TRUE(watcher.ok()) << watcher.status();
    return *std::move(watcher);
  }
  void Write(const std::string& name) { std::ofstream(path() + "/" + name) << "x"; }
  void Stop() { eventfd_write(stop_fd_, 1); }

  TemporaryDirectory parent_;
  const int stop_fd_ = eventfd(0, EFD_CLOEXEC);
};

TEST_F(DirectoryWatcherTest, NamesTheFilesThatWereWrittenMovedLinkedOrDeleted) {
  Write("deleted");
  const auto watcher = Watch(path());
  Write("written");
  Write("before");
  fs::rename(path() + "/before", path() + "/after");
  fs::create_symlink("written", path() + "/link");
  fs::remove(path() + "/deleted");
  const auto change = watcher->Wait(stop_fd_);
  ASSERT_TRUE(change);
  EXPECT_FALSE(change->everything);
  EXPECT_THAT(change->files, ElementsAre("after", "before", "deleted", "link", "written"));
}

TEST_F(DirectoryWatcherTest, DoesNotWakeForAFileThatIsStillBeingWritten) {
  const auto watcher = Watch(path());
  std::ofstream open_file(path() + "/open");
  open_file << "half" << std::flush;
  Write("other");
  EXPECT_THAT(watcher->Wait(stop_fd_)->files, ElementsAre("other"));
  open_file.close();
  EXPECT_THAT(watcher->Wait(stop_fd_)->files, ElementsAre("open"));
}

TEST_F(DirectoryWatcherTest, ReadsEverythingWhenTheDataOfAConfigMapIsSwapped) {
  fs::create_directory(path() + "/..1");
  fs::create_directory(path() + "/..2");
  fs::create_directory_symlink("..1", path() + "/..data");
  const auto watcher = Watch(path());
  fs::create_directory_symlink("..2", path() + "/..data_tmp");
  fs::rename(path() + "/..data_tmp", path() + "/..data");
  EXPECT_TRUE(watcher->Wait(stop_fd_)->everything);
}

TEST_F(DirectoryWatcherTest, FollowsASymlinkToAnotherDirectory) {
  fs::create_directory(parent_ / "second");
  fs::create_directory_symlink("watched", parent_ / "current");
  const auto watcher = Watch(parent_ / "current");
  fs::create_directory_symlink("second", parent_ / "next");
  fs::rename(parent_ / "next", parent_ / "current");
  EXPECT_TRUE(watcher->Wait(stop_fd_)->everything);
  std::ofstream(parent_ / "second/new") << "x";
  EXPECT_THAT(watcher->Wait(stop_fd_)->files, ElementsAre("new"));
}

TEST_F(DirectoryWatcherTest, SeesTheDirectoryComeBack) {
  const auto watcher = Watch(path());
  fs::remove(path());
  fs::create_directory(path());
  EXPECT_TRUE(watcher->Wait(stop_fd_)->everything);
  Write("new");
  EXPECT_THAT(watcher->Wait(stop_fd_)->files, ElementsAre("new"));
}

TEST_F(DirectoryWatcherTest, StopsWhenAskedTo) {
  const auto watcher = Watch(path());
  Stop();
  EXPECT_FALSE(watcher->Wait(stop_fd_).has_value());
}

TEST_F(DirectoryWatcherTest, RefusesWhatIsNoDirectory) {
  Write("file");
  EXPECT_FALSE(DirectoryWatcher::Watch(path() + "/file").ok());
  EXPECT_FALSE(DirectoryWatcher::Watch(path() + "/nowhere").ok());
}

}  // namespace
}  // namespace outrigger::control
