#include "source/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <memory>
#include <utility>

#define SPDLOG_NO_EXCEPTIONS  // this file is the library's only user
#include <spdlog/details/log_msg.h>
#include <spdlog/pattern_formatter.h>

#include "absl/base/thread_annotations.h"
#include "source/base/mutex.h"

namespace outrigger::base {
namespace {

constexpr std::array<std::string_view, 7> kLevelNames = {"trace", "debug",    "info", "warning",
                                                         "error", "critical", "off"};
constexpr std::array<std::string_view, kLogTopics> kTopicNames = {
    "main",     "admin",  "config", "connection", "dns", "http",
    "listener", "router", "stats",  "upstream",   "xds"};

// Where lines go. One write(2) a line, so that lines of several threads and processes do not mix.
// A lock, not a posted line: a line written before a crash must be there after it.
class LogFile {
 public:
  absl::Status Open(const LogOutput& output) {
    int fd = STDERR_FILENO;
    if (!output.path.empty()) {
      fd = ::open(output.path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
      if (fd < 0) {
        return InvalidArgument("log: cannot open \"", output.path, "\": ", strerror(errno));
      }
    }
    MutexLock lock(mutex_);
    if (fd_ != STDERR_FILENO) ::close(fd_);
    fd_ = fd;
    formatter_ = std::make_unique<spdlog::pattern_formatter>(output.pattern);
    return absl::OkStatus();
  }

  void Write(LogLevel level, LogTopic topic, std::string_view text) {
    const std::string_view name = ToString(topic);
    const spdlog::details::log_msg message(spdlog::string_view_t(name.data(), name.size()),
                                           static_cast<spdlog::level::level_enum>(level),
                                           spdlog::string_view_t(text.data(), text.size()));
    spdlog::memory_buf_t line;
    MutexLock lock(mutex_);
    formatter_->format(message, line);
    // A log that cannot be written is not a reason to stop serving.
    [[maybe_unused]] const ssize_t written = ::write(fd_, line.data(), line.size());
  }

 private:
  Mutex mutex_;
  int fd_ ABSL_GUARDED_BY(mutex_) = STDERR_FILENO;
  std::unique_ptr<spdlog::pattern_formatter> formatter_ ABSL_GUARDED_BY(mutex_) =
      std::make_unique<spdlog::pattern_formatter>(LogOutput().pattern);
};

LogFile& TheLog() {
  static LogFile& log = *new LogFile;  // never destroyed: threads may log until the end
  return log;
}

std::string Escape(std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  out.reserve(text.size() + 8);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

std::string_view ToString(LogLevel level) { return kLevelNames[static_cast<size_t>(level)]; }
std::string_view ToString(LogTopic topic) { return kTopicNames[static_cast<size_t>(topic)]; }

std::optional<LogLevel> ParseLogLevel(std::string_view text) {
  if (text == "warn") return LogLevel::kWarning;
  for (size_t i = 0; i < kLevelNames.size(); ++i) {
    if (kLevelNames[i] == text) return static_cast<LogLevel>(i);
  }
  return std::nullopt;
}

std::optional<LogTopic> ParseLogTopic(std::string_view text) {
  for (size_t i = 0; i < kTopicNames.size(); ++i) {
    if (kTopicNames[i] == text) return static_cast<LogTopic>(i);
  }
  return std::nullopt;
}

void SetAllLogLevels(LogLevel level) {
  for (size_t i = 0; i < kLogTopics; ++i) SetLogLevel(static_cast<LogTopic>(i), level);
}

absl::Status OpenLog(const LogOutput& output) { return TheLog().Open(output); }

void WriteLog(LogLevel level, LogTopic topic, std::string_view text) {
  TheLog().Write(level, topic, Escape(text));
}

}  // namespace outrigger::base
