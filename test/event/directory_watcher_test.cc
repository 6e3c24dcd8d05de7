#include "source/event/directory_watcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include "test/client/turning.h"

namespace outrigger::event {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;

// A directory of this test, watched.
class Watched {
 public:
  explicit Watched(const std::string& name) : path(testing::TempDir() + name) {
    std::filesystem::remove_all(path);
    std::filesystem::create_directories(path);
  }
  void Begin() {
    watch = watcher.Watch(path, [this](std::string_view file) { seen.emplace_back(file); });
  }
  void Write(const std::string& file, std::string_view text) const {
    std::ofstream(path + "/" + file) << text;
  }
  bool Sees(const std::string& file) {
    return test::TurnUntil(loop,
                           [&] { return std::find(seen.begin(), seen.end(), file) != seen.end(); });
  }
  // Turns until a file that is written now has been seen: everything before it has, too.
  void Settle() {
    Write("last", "");
    EXPECT_TRUE(Sees("last"));
  }

  const std::string path;
  base::ManualClock clock;
  Loop loop{clock};
  DirectoryWatcher watcher{loop};
  std::vector<std::string> seen;
  std::optional<Operation> watch;
};

TEST(DirectoryWatcher, SeesAFileMovedIntoPlace) {
  Watched directory("moved");
  directory.Write("new", "1");
  directory.Begin();
  std::filesystem::rename(directory.path + "/new", directory.path + "/secret.yaml");
  EXPECT_TRUE(directory.Sees("secret.yaml"));
}

TEST(DirectoryWatcher, SeesAFileThatWasWritten) {
  Watched directory("written");
  directory.Begin();
  directory.Write("secret.yaml", "1");
  EXPECT_TRUE(directory.Sees("secret.yaml"));
}

TEST(DirectoryWatcher, SeesTheLinkOfAVolumeThatIsRenewed) {
  Watched directory("volume");
  std::filesystem::create_directory(directory.path + "/v1");
  std::filesystem::create_directory(directory.path + "/v2");
  std::filesystem::create_directory_symlink("v1", directory.path + "/..data");
  directory.Begin();
  std::filesystem::create_directory_symlink("v2", directory.path + "/..data_tmp");
  std::filesystem::rename(directory.path + "/..data_tmp", directory.path + "/..data");
  EXPECT_TRUE(directory.Sees("..data"));
}

TEST(DirectoryWatcher, LooksForADirectoryThatIsNotThereYet) {
  Watched directory("later");
  std::filesystem::remove(directory.path);
  directory.Begin();
  std::filesystem::create_directory(directory.path);
  directory.clock.Advance(DirectoryWatcher::kRetry);
  EXPECT_TRUE(directory.Sees("")) << "everything in it may be new";
  directory.Write("secret.yaml", "1");
  EXPECT_TRUE(directory.Sees("secret.yaml"));
}

TEST(DirectoryWatcher, FollowsADirectoryThatIsReplaced) {
  Watched directory("replaced");
  directory.Begin();
  std::filesystem::remove_all(directory.path + ".old");
  std::filesystem::rename(directory.path, directory.path + ".old");
  std::filesystem::create_directory(directory.path);
  ASSERT_TRUE(test::TurnUntil(directory.loop, [&] {
    directory.clock.Advance(DirectoryWatcher::kRetry);
    return !directory.seen.empty();
  }));
  directory.Write("secret.yaml", "1");
  EXPECT_TRUE(directory.Sees("secret.yaml"));
}

TEST(DirectoryWatcher, TellsEveryoneWhoWatchesADirectoryAndNobodyAfterTheEnd) {
  Watched directory("shared");
  directory.Begin();
  std::vector<std::string> other;
  std::optional<Operation> second = directory.watcher.Watch(
      directory.path + "/.", [&](std::string_view file) { other.emplace_back(file); });
  directory.Write("a", "");
  EXPECT_TRUE(directory.Sees("a"));
  EXPECT_THAT(other, Contains("a"));
  second.reset();
  other.clear();
  directory.Settle();
  EXPECT_THAT(other, IsEmpty());
}

TEST(DirectoryWatcher, AWatchMayEndItselfAndOthersFromInside) {
  Watched directory("ends");
  directory.Begin();
  int calls = 0;
  std::optional<Operation> first, second;
  first = directory.watcher.Watch(directory.path, [&](std::string_view) {
    ++calls;
    first.reset();
    second.reset();
  });
  second = directory.watcher.Watch(directory.path, [&](std::string_view) { ++calls; });
  directory.Write("a", "");
  directory.Settle();
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace outrigger::event
