#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "source/control/resource_directory.h"

namespace outrigger::control {

// Waits for changes in a directory through inotify: files written, moved, linked or deleted in it,
// and the directory itself, or a symlink in its place, being replaced.
// Owner: ControlServer.  Thread: one.
class DirectoryWatcher {
 public:
  // Changes from here on are seen, so that a Read after this misses none.
  static absl::StatusOr<std::unique_ptr<DirectoryWatcher>> Watch(const std::string& path);
  ~DirectoryWatcher();
  DirectoryWatcher(const DirectoryWatcher&) = delete;
  DirectoryWatcher& operator=(const DirectoryWatcher&) = delete;

  // Blocks until something changed and 20 ms were quiet, but for 100 ms at most, so that one save
  // of several files is one change. Nothing: `stop_fd` became readable.
  std::optional<DirectoryChange> Wait(int stop_fd);

 private:
  DirectoryWatcher(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}

  absl::Status WatchDirectory();
  // Adds what the kernel has for us to `change`. Returns whether there was anything for us.
  bool Drain(DirectoryChange& change);
  bool IsStillBeingWritten(const std::string& name) const;

  const int fd_;
  const std::string path_;
  int directory_watch_ = -1;
  int parent_watch_ = -1;
  std::string name_in_parent_;
};

}  // namespace outrigger::control
