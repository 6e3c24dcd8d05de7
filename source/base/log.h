#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "source/base/text.h"

// The process's log: what operators read, on the main thread and its helpers. Workers count instead
// and leave lines to the access log.
namespace outrigger::base {

enum class LogLevel : uint8_t { kTrace, kDebug, kInfo, kWarning, kError, kCritical, kOff };
// What a line is about; each has a level of its own.
enum class LogTopic : uint8_t {
  kMain,
  kAdmin,
  kConfig,
  kConnection,
  kDns,
  kHttp,
  kListener,
  kRouter,
  kStats,
  kUpstream,
  kXds,
};
inline constexpr size_t kLogTopics = 11;

std::string_view ToString(LogLevel level);
std::string_view ToString(LogTopic topic);
// As `-l` and /logging take them: trace, debug, info, warning (or warn), error, critical, off.
std::optional<LogLevel> ParseLogLevel(std::string_view text);
std::optional<LogTopic> ParseLogTopic(std::string_view text);

namespace internal {
inline std::array<std::atomic<LogLevel>, kLogTopics> log_levels{
    LogLevel::kInfo, LogLevel::kInfo, LogLevel::kInfo, LogLevel::kInfo,
    LogLevel::kInfo, LogLevel::kInfo, LogLevel::kInfo, LogLevel::kInfo,
    LogLevel::kInfo, LogLevel::kInfo, LogLevel::kInfo};
}  // namespace internal

// Thread: any; a change is seen soon, not at once.
inline LogLevel GetLogLevel(LogTopic topic) {
  return internal::log_levels[static_cast<size_t>(topic)].load(std::memory_order_relaxed);
}
inline void SetLogLevel(LogTopic topic, LogLevel level) {
  internal::log_levels[static_cast<size_t>(topic)].store(level, std::memory_order_relaxed);
}
void SetAllLogLevels(LogLevel level);
inline bool IsLogged(LogLevel level, LogTopic topic) { return level >= GetLogLevel(topic); }

struct LogOutput {
  std::string path;  // empty: stderr
  // spdlog's pattern: %n is the topic, %l the level, %t the thread, %v the text.
  std::string pattern = "[%Y-%m-%d %T.%e][%t][%l][%n] %v";
};
// Until this is called lines go to stderr. Also called to reopen a rotated file. Thread: main, any
// number of times.
absl::Status OpenLog(const LogOutput& output);

// Writes one line whatever the level is; use LOG. Thread: any. Line breaks and control characters
// in `text` are escaped: a control plane must not forge lines.
void WriteLog(LogLevel level, LogTopic topic, std::string_view text);

}  // namespace outrigger::base

// LOG(kInfo, kXds, "connected to ", address): the pieces are joined only if the line is wanted.
#define LOG(level, topic, ...)                                             \
  do {                                                                     \
    if (::outrigger::base::IsLogged(::outrigger::base::LogLevel::level,    \
                                    ::outrigger::base::LogTopic::topic)) { \
      ::outrigger::base::WriteLog(::outrigger::base::LogLevel::level,      \
                                  ::outrigger::base::LogTopic::topic,      \
                                  ::outrigger::base::StrCat(__VA_ARGS__)); \
    }                                                                      \
  } while (false)
