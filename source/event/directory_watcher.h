#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "source/event/loop.h"
#include "source/event/operation.h"

namespace outrigger::event {

// Tells on a loop, through inotify, which files of a directory are new: moved or linked there, or
// written to their end. That covers a rename over an old version, and the `..data` link that
// Kubernetes moves when it renews a volume.
// Owner: the server.  Thread: the loop's.
// Errors: a directory that is not there (yet), or goes away, is looked for again every kRetry;
// when it is back, that is told as a change of everything. Without inotify every kRetry counts as
// such a change.
class DirectoryWatcher final : private FdHandler {
 public:
  static constexpr base::Milliseconds kRetry{1000};
  // `name`: of the file inside the directory; empty: anything in it may be new.
  using OnChange = absl::AnyInvocable<void(std::string_view name)>;

  explicit DirectoryWatcher(Loop& loop);
  // After all that Watch returned.
  ~DirectoryWatcher() override;
  DirectoryWatcher(const DirectoryWatcher&) = delete;
  DirectoryWatcher& operator=(const DirectoryWatcher&) = delete;

  // Calls `on_change` from the loop until the Operation is destroyed, which may happen inside.
  // Changes from here on are seen, so that who reads after this misses none.
  Operation Watch(const std::string& directory, OnChange on_change);

 private:
  struct Interest {
    std::string directory;
    std::shared_ptr<OnChange> on_change;
    int watch = -1;  // the kernel's number; -1: not watched, to be tried again
  };

  void OnFdEvents(uint32_t events) override;
  void TakeEvent(int watch, uint32_t mask, std::string_view name);
  void Begin(Interest& interest);
  bool IsWatched(int watch) const;
  // Those with the kernel's number `watch`, or all.
  void Tell(int watch, std::string_view name, bool is_created);
  void TellAll();
  void Retry();

  Loop& loop_;
  const int fd_;  // -1: the kernel gave none
  std::unique_ptr<FdWatch> fd_watch_;
  std::map<uint64_t, Interest> interests_;
  uint64_t next_id_ = 1;
  Timer retry_;
};

}  // namespace outrigger::event
