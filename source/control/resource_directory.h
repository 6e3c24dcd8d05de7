#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "source/control/snapshot.h"

namespace outrigger::control {

// Which files of a directory may have changed.
struct DirectoryChange {
  bool everything = false;  // also files that `files` does not name
  std::set<std::string> files;
};

// The resource files of one directory, *.yaml, *.yml and *.json. A file that cannot be used keeps
// its last good content in service; the other files apply.
// Owner: ControlServer.  Thread: one, that of the server's Run.
class ResourceDirectory {
 public:
  // What became of one file in a Read.
  struct FileOutcome {
    std::string file;
    size_t resources = 0;
    bool is_removed = false;
    std::string error;       // not empty: refused, with a line for each thing that is wrong
    bool kept_last = false;  // refused, and its last good content stays
  };

  explicit ResourceDirectory(std::string path) : path_(std::move(path)) {}

  // Reads what may have changed. Returns the outcome of each file that did change, ordered by name,
  // or an error if the directory cannot be listed; then everything stays as it was.
  absl::StatusOr<std::vector<FileOutcome>> Read(const DirectoryChange& change);

  // The content of all files, as it was when each was last good.
  SnapshotPtr snapshot() const { return snapshot_; }
  // Resources left out because another file holds one of that type and name, as messages.
  const std::vector<std::string>& duplicates() const { return duplicates_; }
  const std::string& path() const { return path_; }

 private:
  struct File {
    std::string seen;  // version of the text, or of the error, that was last looked at
    std::vector<ResourcePtr> resources;
    bool has_been_good = false;
  };

  absl::StatusOr<std::set<std::string>> List() const;
  std::optional<FileOutcome> ReadFile(const std::string& name);
  void Assemble();

  const std::string path_;
  std::map<std::string, File> files_;
  SnapshotPtr snapshot_ = std::make_shared<const Snapshot>();
  std::vector<std::string> duplicates_;
};

}  // namespace outrigger::control
