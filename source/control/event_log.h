#pragma once

#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace outrigger::control {

enum class LogLevel { kError, kWarning, kInfo, kDebug };

// "error", "warning" (or "warn"), "info", "debug"
std::optional<LogLevel> ParseLogLevel(std::string_view name);

// Writes one line for each event, for people and for scripts:
//   time=2024-05-01T12:00:00.250Z level=info event=ack type=cds version=9ae16a3b2f90404f node=web-1
// Values with a space, a quote or a control character are quoted, with \n for a line break.
// Thread: any. The mutex keeps lines whole: gRPC's threads write as well as our own.
class EventLog {
 public:
  using Field = std::pair<std::string_view, std::string>;
  // Gets each line without its line break, one at a time.
  using Sink = std::function<void(const std::string& line)>;

  EventLog(LogLevel least, Sink sink) : least_(least), sink_(std::move(sink)) {}

  void Write(LogLevel level, std::string_view event, std::initializer_list<Field> fields);

 private:
  const LogLevel least_;
  absl::Mutex mutex_;
  const Sink sink_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace outrigger::control
