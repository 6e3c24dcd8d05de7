#include "source/control/event_log.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "source/config/loading/absl_view.h"

namespace outrigger::control {
namespace {

constexpr std::string_view kNames[] = {"error", "warning", "info", "debug"};

std::string Quoted(const std::string& value) {
  const bool is_plain = !value.empty() && value.find_first_of(" =\"\\") == value.npos;
  const std::string escaped = absl::Utf8SafeCEscape(value);
  return is_plain && escaped == value ? value : absl::StrCat("\"", escaped, "\"");
}

}  // namespace

std::optional<LogLevel> ParseLogLevel(std::string_view name) {
  if (name == "warn") return LogLevel::kWarning;
  for (size_t i = 0; i < std::size(kNames); ++i) {
    if (kNames[i] == name) return static_cast<LogLevel>(i);
  }
  return std::nullopt;
}

void EventLog::Write(LogLevel level, std::string_view event, std::initializer_list<Field> fields) {
  if (level > least_) return;
  std::string line = absl::StrCat(
      "time=", absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::Now(), absl::UTCTimeZone()),
      " level=", loading::AbslView(kNames[static_cast<size_t>(level)]),
      " event=", loading::AbslView(event));
  for (const auto& [key, value] : fields) {
    absl::StrAppend(&line, " ", loading::AbslView(key), "=", Quoted(value));
  }
  absl::MutexLock lock(&mutex_);
  sink_(line);
}

}  // namespace outrigger::control
