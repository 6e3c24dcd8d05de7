#pragma once

#include <condition_variable>
#include <memory>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "source/base/clock.h"
#include "source/base/mutex.h"
#include "source/extensions/access_loggers/log_file.h"

namespace outrigger::access_loggers {

// All log files of the process, and the one thread that writes them.
// Owner: the process. Outlives the last Append; its end writes out what was appended before.
// Thread: main, for every method.
class LogFiles {
 public:
  struct Options {
    base::Milliseconds flush_interval{1000};  // --file-flush-interval-msec
    size_t flush_min_bytes = 64 * 1024;  // --file-flush-min-size-kb: sooner, if so much gathers
    // Per file and worker; a disk that hangs costs lines, not memory.
    size_t max_unwritten_bytes = 4 * 1024 * 1024;
  };

  LogFiles(const Options& options, const LogFileCounters& counters);
  ~LogFiles();
  LogFiles(const LogFiles&) = delete;
  LogFiles& operator=(const LogFiles&) = delete;

  // The file at `path`, opened for appending, made if it is not there. The same path gives the same
  // file; it is closed, written out, when nobody else holds it any more.
  absl::StatusOr<std::shared_ptr<LogFile>> Open(std::string_view path);

  // Writes out what was appended before the call, then opens every path again: after a rotation
  // (SIGUSR1). A path that cannot be opened is tried again at every flush.
  void Reopen();

  // Returns when what was appended before the call is written.
  void Flush();

 private:
  struct Entry {
    std::shared_ptr<LogFile> file;
    bool reopen = false;
  };
  void Run();
  // One pass over all files, and the passes that were asked for so far are done.
  void Pass(bool by_timer);

  const base::Milliseconds flush_interval_;
  LogFile::Shared shared_;

  // The flusher holds it while it looks at the list, not while it writes.
  base::Mutex mutex_;
  std::condition_variable_any pass_done_;
  std::vector<Entry> entries_ ABSL_GUARDED_BY(mutex_);
  uint64_t passes_asked_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t passes_done_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;

  std::thread flusher_;  // last: it uses everything above
};

}  // namespace outrigger::access_loggers
