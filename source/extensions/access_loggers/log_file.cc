#include "source/extensions/access_loggers/log_file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "absl/status/status.h"
#include "source/base/check.h"

namespace outrigger::access_loggers {
namespace {

constexpr std::array kCounters = {
    stats::Metric{"write_buffered"},
    stats::Metric{"write_completed"},
    stats::Metric{"write_failed"},
    stats::Metric{"write_dropped"},
    stats::Metric{"flushed_by_timer"},
    stats::Metric{"reopen_failed"},
    stats::Metric{"write_total_buffered", stats::Kind::kGauge},
};

// What a pipe that poll() calls writable surely takes at once (POSIX, PIPE_BUF).
constexpr size_t kPipeBytes = 4096;
// How long the flusher waits for a pipe whose reader is slow before it turns to other files.
constexpr int kPipePatienceMs = 100;

// The places in every thread's table of queues, handed out again when a file is closed.
class Slots {
 public:
  size_t Take() {
    base::MutexLock lock(mutex_);
    if (free_.empty()) return next_++;
    const size_t slot = free_.back();
    free_.pop_back();
    return slot;
  }
  void Return(size_t slot) {
    base::MutexLock lock(mutex_);
    free_.push_back(slot);
  }
  uint64_t NextSerial() {
    base::MutexLock lock(mutex_);
    return ++serial_;
  }

 private:
  base::Mutex mutex_;
  size_t next_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t serial_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<size_t> free_ ABSL_GUARDED_BY(mutex_);
};

Slots& FileSlots() {
  static auto* const slots = new Slots;
  return *slots;
}

// The queue that this thread found last time, by the file's slot; of another file if the serial
// differs, and then perhaps gone.
struct Remembered {
  uint64_t serial = 0;
  LineQueue* queue = nullptr;
};
thread_local std::vector<Remembered> my_queues;

absl::StatusOr<int> OpenForAppending(const std::string& path) {
  // Non-blocking: a FIFO that nobody reads must not stop the main thread.
  const int fd = open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0644);
  if (fd >= 0) return fd;
  return absl::ErrnoToStatus(errno, "access log " + path + ": cannot open for appending");
}

bool IsRegular(int fd) {
  struct stat status = {};
  return fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

}  // namespace

LogFileCounters LogFileCounters::Declare(stats::Store& store) {
  const auto group = store.Declare(stats::Scope("filesystem.", "filesystem."), kCounters);
  const auto counter = [&](size_t at) { return group->counter(at); };
  using stats::IndexOf;
  return {.group = group,
          .write_buffered = counter(IndexOf(kCounters, "write_buffered")),
          .write_completed = counter(IndexOf(kCounters, "write_completed")),
          .write_failed = counter(IndexOf(kCounters, "write_failed")),
          .write_dropped = counter(IndexOf(kCounters, "write_dropped")),
          .flushed_by_timer = counter(IndexOf(kCounters, "flushed_by_timer")),
          .reopen_failed = counter(IndexOf(kCounters, "reopen_failed")),
          .write_total_buffered = group->gauge(IndexOf(kCounters, "write_total_buffered"))};
}

Wakeup::Wakeup() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) { CHECK(fd_ >= 0); }
Wakeup::~Wakeup() { close(fd_); }

void Wakeup::Signal() {
  // Fails only when 2^64 - 2 signals are pending.
  (void)eventfd_write(fd_, 1);
}

bool Wakeup::Wait(int timeout_ms) {
  pollfd watched = {.fd = fd_, .events = POLLIN, .revents = 0};
  if (poll(&watched, 1, timeout_ms) <= 0) return false;
  eventfd_t ignored = 0;
  (void)eventfd_read(fd_, &ignored);
  return true;
}

absl::StatusOr<std::shared_ptr<LogFile>> LogFile::Open(std::string_view path, Shared& shared) {
  const bool is_stdout = path == "/dev/stdout";
  const bool is_stderr = path == "/dev/stderr";
  if (is_stdout || is_stderr) {
    // Not by name: opening /dev/stdout fails where it is a socket or somebody else's terminal.
    const int fd = fcntl(is_stdout ? STDOUT_FILENO : STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    if (fd < 0) {
      return absl::ErrnoToStatus(errno, "access log " + std::string(path) + ": it is closed");
    }
    return std::shared_ptr<LogFile>(new LogFile(std::string(path), fd, false, shared));
  }
  absl::StatusOr<int> fd = OpenForAppending(std::string(path));
  if (!fd.ok()) return fd.status();
  return std::shared_ptr<LogFile>(new LogFile(std::string(path), *fd, true, shared));
}

LogFile::LogFile(std::string path, int fd, bool is_reopenable, Shared& shared)
    : path_(std::move(path)),
      is_reopenable_(is_reopenable),
      shared_(shared),
      serial_(FileSlots().NextSerial()),
      slot_(FileSlots().Take()),
      fd_(fd),
      is_regular_(IsRegular(fd)) {}

LogFile::~LogFile() {
  FileSlots().Return(slot_);
  close(fd_);
}

void LogFile::Append(std::string_view line) {
  const LogFileCounters& counters = shared_.counters;
  const LineQueue::Pushed pushed = QueueOfThisThread().Push(line);
  if (pushed == LineQueue::Pushed::kDropped) {
    counters.write_dropped.Increment();
    return;
  }
  counters.write_buffered.Increment();
  counters.write_total_buffered.Add(line.size());
  if (pushed == LineQueue::Pushed::kStoredAndShouldFlush) shared_.wakeup.Signal();
}

LineQueue& LogFile::QueueOfThisThread() {
  if (slot_ < my_queues.size() && my_queues[slot_].serial == serial_) [[likely]] {
    return *my_queues[slot_].queue;
  }
  LineQueue& queue = FindOrAddQueue();
  if (slot_ >= my_queues.size()) my_queues.resize(slot_ + 1);
  my_queues[slot_] = {.serial = serial_, .queue = &queue};
  return queue;
}

LineQueue& LogFile::FindOrAddQueue() {
  const std::thread::id thread = std::this_thread::get_id();
  base::MutexLock lock(mutex_);
  const auto found = std::find_if(writers_.begin(), writers_.end(),
                                  [&](const Writer& writer) { return writer.thread == thread; });
  // A thread may get the id of one that ended, and goes on with its queue.
  if (found != writers_.end()) return *found->queue;
  writers_.push_back({thread, std::make_unique<LineQueue>(shared_.limits)});
  return *writers_.back().queue;
}

size_t LogFile::Drain() {
  std::vector<LineQueue*> queues;
  {
    base::MutexLock lock(mutex_);
    for (const Writer& writer : writers_) queues.push_back(writer.queue.get());
  }
  is_drained_ = true;
  size_t written = 0;
  for (LineQueue* queue : queues) {
    written += DrainQueue(*queue);
    is_drained_ &= queue->Front().empty();
  }
  return written;
}

size_t LogFile::DrainQueue(LineQueue& queue) {
  const LogFileCounters& counters = shared_.counters;
  size_t total = 0;
  for (std::string_view bytes = queue.Front(); !bytes.empty(); bytes = queue.Front()) {
    const ssize_t written = WriteSome(bytes);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EAGAIN) break;
    if (written < 0) {
      // A full disk, say: waiting for it would only lose newer lines instead.
      counters.write_failed.Increment();
    } else {
      counters.write_completed.Increment();
      total += static_cast<size_t>(written);
    }
    const size_t done = written < 0 ? bytes.size() : static_cast<size_t>(written);
    queue.Pop(done);
    counters.write_total_buffered.Sub(done);
  }
  return total;
}

ssize_t LogFile::WriteSome(std::string_view bytes) {
  if (is_regular_) return write(fd_, bytes.data(), bytes.size());
  // A descriptor that is shared with other processes stays blocking, so ask before each write, and
  // write no more than is sure to fit.
  pollfd watched = {.fd = fd_, .events = POLLOUT, .revents = 0};
  if (poll(&watched, 1, kPipePatienceMs) <= 0) {
    errno = EAGAIN;
    return -1;
  }
  return write(fd_, bytes.data(), std::min(bytes.size(), kPipeBytes));
}

absl::Status LogFile::Reopen() {
  if (!is_reopenable_) return absl::OkStatus();
  absl::StatusOr<int> fd = OpenForAppending(path_);
  if (!fd.ok()) {
    shared_.counters.reopen_failed.Increment();
    return fd.status();
  }
  close(fd_);
  fd_ = *fd;
  is_regular_ = IsRegular(fd_);
  return absl::OkStatus();
}

}  // namespace outrigger::access_loggers
