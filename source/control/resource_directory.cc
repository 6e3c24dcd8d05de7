#include "source/control/resource_directory.h"

#include <dirent.h>
#include <sys/stat.h>

#include <cerrno>
#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "source/config/loading/text_file.h"
#include "source/control/resource_file.h"

namespace outrigger::control {
namespace {

bool IsResourceFile(const std::string& name) {
  // A leading dot: editors' temporary files, and the `..data` of mounted config maps.
  if (absl::StartsWith(name, ".")) return false;
  return absl::EndsWith(name, ".yaml") || absl::EndsWith(name, ".yml") ||
         absl::EndsWith(name, ".json");
}

}  // namespace

absl::StatusOr<std::set<std::string>> ResourceDirectory::List() const {
  DIR* directory = opendir(path_.c_str());
  if (directory == nullptr) {
    return absl::ErrnoToStatus(errno, absl::StrCat(path_, ": cannot be listed"));
  }
  std::set<std::string> names;
  while (const dirent* entry = readdir(directory)) {
    const std::string name = entry->d_name;
    struct stat status;
    if (!IsResourceFile(name)) continue;
    // A name that leads nowhere is listed: ReadFile tells what is wrong with it.
    const bool exists = stat(absl::StrCat(path_, "/", name).c_str(), &status) == 0;
    if (!exists || !S_ISDIR(status.st_mode)) names.insert(name);
  }
  closedir(directory);
  return names;
}

absl::StatusOr<std::vector<ResourceDirectory::FileOutcome>> ResourceDirectory::Read(
    const DirectoryChange& change) {
  absl::StatusOr<std::set<std::string>> names = List();
  if (!names.ok()) return names.status();
  std::vector<FileOutcome> outcomes;
  for (const std::string& name : *names) {
    const bool is_new = files_.count(name) == 0;
    if (!change.everything && !is_new && change.files.count(name) == 0) continue;
    if (std::optional<FileOutcome> outcome = ReadFile(name)) outcomes.push_back(*outcome);
  }
  for (auto file = files_.begin(); file != files_.end();) {
    if (names->count(file->first) > 0) {
      ++file;
      continue;
    }
    outcomes.push_back({.file = file->first, .is_removed = true});
    file = files_.erase(file);
  }
  if (!outcomes.empty()) Assemble();
  return outcomes;
}

// No outcome: the file is as it was when it was last looked at.
std::optional<ResourceDirectory::FileOutcome> ResourceDirectory::ReadFile(const std::string& name) {
  const std::string path = absl::StrCat(path_, "/", name);
  absl::StatusOr<std::string> text = loading::ReadTextFile(path);
  const std::string seen =
      ContentVersion(text.ok() ? absl::StrCat("text ", *text) : text.status().ToString());
  File& file = files_[name];
  if (file.seen == seen) return std::nullopt;
  file.seen = seen;

  FileOutcome outcome{.file = name};
  absl::StatusOr<std::vector<ResourcePtr>> resources =
      text.ok() ? ReadResources(*text, path) : text.status();
  if (resources.ok()) {
    file.resources = *std::move(resources);
    file.has_been_good = true;
  } else {
    outcome.error = absl::StrCat(resources.status().message());
    outcome.kept_last = file.has_been_good;
  }
  outcome.resources = file.resources.size();
  return outcome;
}

void ResourceDirectory::Assemble() {
  std::vector<ResourcePtr> all, left_out;
  for (const auto& [name, file] : files_) {
    all.insert(all.end(), file.resources.begin(), file.resources.end());
  }
  snapshot_ = std::make_shared<const Snapshot>(all, left_out);
  duplicates_.clear();
  for (const ResourcePtr& resource : left_out) {
    const Resource& kept = *snapshot_->Of(resource->type_name).by_name.at(resource->name);
    duplicates_.push_back(absl::StrCat(loading::Locate(resource->file, resource->position), "\"",
                                       resource->name, "\" is defined twice, first at ", kept.file,
                                       ":", kept.position.line, "; remove one"));
  }
}

}  // namespace outrigger::control
