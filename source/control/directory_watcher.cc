#include "source/control/directory_watcher.h"

#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace outrigger::control {
namespace {

constexpr absl::Duration kQuiet = absl::Milliseconds(20);
constexpr absl::Duration kLongest = absl::Milliseconds(100);

// "a/b/" -> {"a", "b"}; "b" -> {".", "b"}
std::pair<std::string, std::string> Split(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  const size_t slash = path.rfind('/');
  if (slash == path.npos) return {".", path};
  return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

// Whether `fd` or `stop_fd` became readable in time; a stop counts as neither.
enum class Woken { kChange, kStop, kTimeout };
Woken PollFor(int fd, int stop_fd, absl::Duration timeout) {
  pollfd fds[] = {{fd, POLLIN, 0}, {stop_fd, POLLIN, 0}};
  const bool forever = timeout == absl::InfiniteDuration();
  for (;;) {
    const int ready =
        poll(fds, 2, forever ? -1 : static_cast<int>(absl::ToInt64Milliseconds(timeout)));
    if (ready < 0 && errno == EINTR) continue;
    if (fds[1].revents != 0) return Woken::kStop;
    return ready > 0 ? Woken::kChange : Woken::kTimeout;
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<DirectoryWatcher>> DirectoryWatcher::Watch(const std::string& path) {
  const int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd < 0) return absl::ErrnoToStatus(errno, "inotify_init1");
  std::unique_ptr<DirectoryWatcher> watcher(new DirectoryWatcher(fd, path));
  const auto [parent, name] = Split(path);
  watcher->name_in_parent_ = name;
  watcher->parent_watch_ =
      inotify_add_watch(fd, parent.c_str(), IN_MOVED_TO | IN_CREATE | IN_ONLYDIR);
  if (absl::Status status = watcher->WatchDirectory(); !status.ok()) return status;
  return watcher;
}

DirectoryWatcher::~DirectoryWatcher() { close(fd_); }

absl::Status DirectoryWatcher::WatchDirectory() {
  constexpr uint32_t kEvents =
      IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_ATTRIB | IN_ONLYDIR;
  const int watch = inotify_add_watch(fd_, path_.c_str(), kEvents);
  if (watch < 0) return absl::ErrnoToStatus(errno, absl::StrCat(path_, ": cannot be watched"));
  if (directory_watch_ >= 0 && directory_watch_ != watch) {
    inotify_rm_watch(fd_, directory_watch_);
  }
  directory_watch_ = watch;
  return absl::OkStatus();
}

// A file that was just created is read when it is closed; a link is complete at once.
bool DirectoryWatcher::IsStillBeingWritten(const std::string& name) const {
  struct stat status;
  if (lstat(absl::StrCat(path_, "/", name).c_str(), &status) != 0) return false;
  return S_ISREG(status.st_mode) && status.st_nlink == 1;
}

bool DirectoryWatcher::Drain(DirectoryChange& change) {
  bool found = false;
  alignas(inotify_event) char events[16 * (sizeof(inotify_event) + NAME_MAX + 1)];
  for (;;) {
    const ssize_t size = read(fd_, events, sizeof(events));
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return found;
    for (ssize_t at = 0; at < size;) {
      const auto& event = *reinterpret_cast<const inotify_event*>(events + at);
      at += static_cast<ssize_t>(sizeof(event)) + event.len;
      const std::string name = event.len > 0 ? event.name : "";
      if (event.mask & IN_Q_OVERFLOW) {
        found = change.everything = true;
      } else if (event.wd == parent_watch_ && name == name_in_parent_) {
        // Another directory is in its place, or it is back after being away. If it cannot be
        // watched yet, the next such event brings us here again.
        if (WatchDirectory().ok()) found = change.everything = true;
      } else if (event.wd != directory_watch_ || name.empty()) {
        continue;
      } else if (name[0] == '.') {
        // The `..data` of a mounted config map: files that link through it change with it.
        if (name == "..data") found = change.everything = true;
      } else if (!(event.mask & IN_CREATE) || !IsStillBeingWritten(name)) {
        change.files.insert(name);
        found = true;
      }
    }
  }
}

std::optional<DirectoryChange> DirectoryWatcher::Wait(int stop_fd) {
  DirectoryChange change;
  do {
    if (PollFor(fd_, stop_fd, absl::InfiniteDuration()) == Woken::kStop) return std::nullopt;
  } while (!Drain(change));
  const absl::Time latest = absl::Now() + kLongest;
  while (absl::Now() < latest) {
    const Woken woken = PollFor(fd_, stop_fd, kQuiet);
    if (woken == Woken::kStop) return std::nullopt;
    if (woken == Woken::kTimeout) break;
    Drain(change);
  }
  return change;
}

}  // namespace outrigger::control
