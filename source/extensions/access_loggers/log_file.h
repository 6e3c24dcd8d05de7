#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "source/base/mutex.h"
#include "source/extensions/access_loggers/line_queue.h"
#include "source/stats/metric.h"
#include "source/stats/store.h"

namespace outrigger::access_loggers {

// The counters of all log files, `filesystem.*` as Envoy names them.
struct LogFileCounters {
  static LogFileCounters Declare(stats::Store& store);

  stats::GroupPtr group;
  stats::Counter write_buffered;      // lines taken
  stats::Counter write_completed;     // writes that succeeded
  stats::Counter write_failed;        // writes that failed; what they held is lost
  stats::Counter write_dropped;       // lines over the limit (not in Envoy)
  stats::Counter flushed_by_timer;    // passes begun by the interval that wrote something
  stats::Counter reopen_failed;       // tries that failed; the old file goes on being used
  stats::Gauge write_total_buffered;  // bytes taken and not yet written
};

// One descriptor that can be asked from any thread to look: how a worker tells the flusher.
class Wakeup {
 public:
  Wakeup();
  ~Wakeup();
  Wakeup(const Wakeup&) = delete;
  Wakeup& operator=(const Wakeup&) = delete;
  void Signal();
  // Waits until signalled or for `timeout_ms`; whether it was signalled.
  bool Wait(int timeout_ms);

 private:
  const int fd_;
};

// One open file that lines are appended to, each line whole.
// Owner: shared by the loggers that write to it and by LogFiles, which flushes it.
// Thread: Append from any (a worker, without locks or file access); the rest on the flusher.
class LogFile {
 public:
  struct Shared {
    LogFileCounters counters;
    LineQueue::Limits limits;
    Wakeup wakeup;
  };

  // Opens `path`; `/dev/stdout` and `/dev/stderr` are the process's own descriptors, whatever they
  // are. `shared` outlives the file. Main thread.
  static absl::StatusOr<std::shared_ptr<LogFile>> Open(std::string_view path, Shared& shared);
  ~LogFile();
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  const std::string& path() const { return path_; }

  // Takes `line`, which brings its own newline; it is in the file after the next flush.
  void Append(std::string_view line);

  // Writes what was appended; returns how many bytes that were. A pipe that nobody reads keeps its
  // lines for the next call.
  size_t Drain();
  // Whether the last Drain left nothing.
  bool is_drained() const { return is_drained_; }
  // Opens the path again, so that a rotated file is let go. When that fails the old file stays.
  absl::Status Reopen();

 private:
  struct Writer {
    std::thread::id thread;
    std::unique_ptr<LineQueue> queue;
  };
  LogFile(std::string path, int fd, bool is_reopenable, Shared& shared);
  LineQueue& QueueOfThisThread();
  LineQueue& FindOrAddQueue();
  size_t DrainQueue(LineQueue& queue);
  ssize_t WriteSome(std::string_view bytes);

  const std::string path_;
  const bool is_reopenable_;
  Shared& shared_;
  // Tells this file from every other that ever was, so that a thread can remember its queue.
  const uint64_t serial_;
  const size_t slot_;
  int fd_;
  bool is_regular_;
  bool is_drained_ = true;

  // Taken when a thread first writes, and by the flusher.
  base::Mutex mutex_;
  std::vector<Writer> writers_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace outrigger::access_loggers
