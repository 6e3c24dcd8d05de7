#include "source/event/directory_watcher.h"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <vector>

namespace outrigger::event {
namespace {

constexpr uint32_t kEvents =
    IN_MOVED_TO | IN_CLOSE_WRITE | IN_CREATE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

// A file that was just created is told of when it is closed; a link is complete at once.
bool IsStillBeingWritten(const std::string& path) {
  struct stat status;
  if (lstat(path.c_str(), &status) != 0) return false;
  return S_ISREG(status.st_mode) && status.st_nlink == 1;
}

}  // namespace

DirectoryWatcher::DirectoryWatcher(Loop& loop)
    : loop_(loop), fd_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)), retry_(loop, [this] { Retry(); }) {
  if (fd_ >= 0)
    fd_watch_ = std::make_unique<FdWatch>(loop, fd_, static_cast<FdHandler&>(*this), EPOLLIN);
}

DirectoryWatcher::~DirectoryWatcher() {
  fd_watch_.reset();
  if (fd_ >= 0) close(fd_);
}

Operation DirectoryWatcher::Watch(const std::string& directory, OnChange on_change) {
  const uint64_t id = next_id_++;
  Interest& interest = interests_[id];
  interest.directory = directory.empty() ? "." : directory;
  interest.on_change = std::make_shared<OnChange>(std::move(on_change));
  Begin(interest);
  return Operation([this, id] {
    const auto at = interests_.find(id);
    const int watch = at->second.watch;
    interests_.erase(at);
    if (watch >= 0 && !IsWatched(watch)) inotify_rm_watch(fd_, watch);
  });
}

// The kernel gives the same number to the same directory, whatever its path.
void DirectoryWatcher::Begin(Interest& interest) {
  interest.watch = fd_ < 0 ? -1 : inotify_add_watch(fd_, interest.directory.c_str(), kEvents);
  if (interest.watch < 0 && !retry_.is_armed()) retry_.Arm(kRetry);
}

bool DirectoryWatcher::IsWatched(int watch) const {
  for (const auto& [id, interest] : interests_) {
    if (interest.watch == watch) return true;
  }
  return false;
}

void DirectoryWatcher::OnFdEvents(uint32_t /*events*/) {
  alignas(inotify_event) char block[16 * (sizeof(inotify_event) + NAME_MAX + 1)];
  // Level-triggered: what is left is reported in the next round.
  const ssize_t size = read(fd_, block, sizeof(block));
  for (ssize_t at = 0; at < size;) {
    const auto& event = *reinterpret_cast<const inotify_event*>(block + at);
    at += static_cast<ssize_t>(sizeof(event)) + event.len;
    TakeEvent(event.wd, event.mask, event.len > 0 ? event.name : "");
  }
}

void DirectoryWatcher::TakeEvent(int watch, uint32_t mask, std::string_view name) {
  if (mask & IN_Q_OVERFLOW) return TellAll();
  if (mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED)) {
    for (auto& [id, interest] : interests_) {
      if (interest.watch == watch) interest.watch = -1;
    }
    // What was moved away would still be reported under its old name.
    if (mask & IN_MOVE_SELF) inotify_rm_watch(fd_, watch);
    if (!retry_.is_armed()) retry_.Arm(kRetry);
    return;
  }
  if (!name.empty()) Tell(watch, name, mask & IN_CREATE);
}

void DirectoryWatcher::Tell(int watch, std::string_view name, bool is_created) {
  std::vector<uint64_t> told;
  for (const auto& [id, interest] : interests_) {
    if (interest.watch != watch) continue;
    if (is_created && IsStillBeingWritten(interest.directory + "/" + std::string(name))) return;
    told.push_back(id);
  }
  for (const uint64_t id : told) {
    const auto at = interests_.find(id);
    if (at == interests_.end()) continue;  // gone meanwhile
    const std::shared_ptr<OnChange> on_change = at->second.on_change;
    (*on_change)(name);
  }
}

void DirectoryWatcher::TellAll() {
  std::vector<int> watches;
  for (const auto& [id, interest] : interests_) {
    if (std::find(watches.begin(), watches.end(), interest.watch) == watches.end()) {
      watches.push_back(interest.watch);
    }
  }
  for (const int watch : watches) Tell(watch, "", /*is_created=*/false);
}

void DirectoryWatcher::Retry() {
  std::vector<uint64_t> back;
  for (auto& [id, interest] : interests_) {
    if (interest.watch >= 0) continue;
    Begin(interest);
    if (interest.watch >= 0 || fd_ < 0) back.push_back(id);
  }
  for (const uint64_t id : back) {
    const auto at = interests_.find(id);
    if (at == interests_.end()) continue;
    const std::shared_ptr<OnChange> on_change = at->second.on_change;
    (*on_change)("");
  }
}

}  // namespace outrigger::event
