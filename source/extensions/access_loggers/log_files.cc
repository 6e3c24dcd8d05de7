#include "source/extensions/access_loggers/log_files.h"

#include <pthread.h>
#include <signal.h>

#include <utility>

namespace outrigger::access_loggers {

LogFiles::LogFiles(const Options& options, const LogFileCounters& counters)
    : flush_interval_(options.flush_interval),
      shared_{.counters = counters,
              .limits = {.limit_bytes = options.max_unwritten_bytes,
                         .flush_bytes = options.flush_min_bytes},
              .wakeup = {}} {
  // The flusher takes no signals: they are the main thread's, and SIGPIPE becomes an EPIPE.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  flusher_ = std::thread([this] { Run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

LogFiles::~LogFiles() {
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
  }
  shared_.wakeup.Signal();
  flusher_.join();
}

absl::StatusOr<std::shared_ptr<LogFile>> LogFiles::Open(std::string_view path) {
  base::MutexLock lock(mutex_);
  for (const Entry& entry : entries_) {
    if (entry.file->path() == path) return entry.file;
  }
  absl::StatusOr<std::shared_ptr<LogFile>> file = LogFile::Open(path, shared_);
  if (file.ok()) entries_.push_back({.file = *file});
  return file;
}

void LogFiles::Reopen() {
  {
    base::MutexLock lock(mutex_);
    for (Entry& entry : entries_) entry.reopen = true;
  }
  shared_.wakeup.Signal();
}

void LogFiles::Flush() {
  base::MutexLock lock(mutex_);
  const uint64_t mine = ++passes_asked_;
  shared_.wakeup.Signal();
  while (passes_done_ < mine) pass_done_.wait(mutex_);
}

void LogFiles::Run() {
  bool is_last = false;
  while (!is_last) {
    const bool signalled = shared_.wakeup.Wait(static_cast<int>(flush_interval_.count()));
    {
      base::MutexLock lock(mutex_);
      is_last = stopping_;
    }
    Pass(/*by_timer=*/!signalled);
  }
}

void LogFiles::Pass(bool by_timer) {
  struct Work {
    LogFile* file;
    bool reopen;
    bool is_unheld;
  };
  std::vector<Work> work;
  uint64_t asked = 0;
  {
    base::MutexLock lock(mutex_);
    asked = passes_asked_;
    for (Entry& entry : entries_) {
      work.push_back(
          {entry.file.get(), std::exchange(entry.reopen, false), entry.file.use_count() == 1});
    }
  }
  // Outside the lock, which the main thread takes: only this thread removes entries.
  size_t written = 0;
  for (Work& each : work) {
    const size_t bytes = each.file->Drain();
    written += bytes;
    if (each.reopen) each.reopen = !each.file->Reopen().ok();
  }
  if (by_timer && written > 0) shared_.counters.flushed_by_timer.Increment();

  base::MutexLock lock(mutex_);
  // From the back, since entries that Open added meanwhile are behind and erasing moves the rest.
  for (size_t i = work.size(); i-- > 0;) {
    entries_[i].reopen |= work[i].reopen;
    const bool is_over = work[i].is_unheld && entries_[i].file.use_count() == 1;
    if (is_over && work[i].file->is_drained()) {
      entries_.erase(entries_.begin() + static_cast<ptrdiff_t>(i));
    }
  }
  passes_done_ = asked;
  pass_done_.notify_all();
}

}  // namespace outrigger::access_loggers
