#include "source/server/admin/log_page.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "source/base/log.h"
#include "source/base/text.h"
#include "source/server/admin/messages.h"

namespace outrigger::server {
namespace {

using base::LogLevel;
using base::LogTopic;

struct LevelChange {
  std::optional<LogTopic> topic;  // nullopt: all
  LogLevel level;
};

std::string TopicNames() {
  std::string names;
  for (size_t i = 0; i < base::kLogTopics; ++i) {
    base::StrAppend(&names, names.empty() ? "" : ", ", base::ToString(static_cast<LogTopic>(i)));
  }
  return names;
}

absl::StatusOr<LogLevel> ReadLevel(std::string_view where, std::string_view text) {
  if (const auto level = base::ParseLogLevel(text)) return *level;
  return base::InvalidArgument(where, ": unknown level \"", text,
                               "\"; known: trace, debug, info, warning, error, critical, off");
}

absl::Status AddChange(std::string_view topic, std::string_view level,
                       std::vector<LevelChange>& changes) {
  const auto known = base::ParseLogTopic(topic);
  if (!known) return base::InvalidArgument("no logger \"", topic, "\"; there are: ", TopicNames());
  const auto read = ReadLevel(topic, level);
  if (!read.ok()) return read.status();
  changes.push_back({*known, *read});
  return absl::OkStatus();
}

// "main:debug,xds:trace"
absl::Status AddPaths(std::string_view text, std::vector<LevelChange>& changes) {
  while (!text.empty()) {
    const size_t end = text.find(',');
    const std::string_view pair = text.substr(0, end);
    text = end == text.npos ? std::string_view() : text.substr(end + 1);
    const size_t colon = pair.find(':');
    if (colon == pair.npos) {
      return base::InvalidArgument("paths: must be logger:level,..., got \"", pair, "\"");
    }
    absl::Status status = AddChange(pair.substr(0, colon), pair.substr(colon + 1), changes);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<LevelChange>> ReadChanges(const AdminRequest& request) {
  std::vector<LevelChange> changes;
  if (const auto text = request.Get("level")) {
    const auto level = ReadLevel("level", *text);
    if (!level.ok()) return level.status();
    changes.push_back({std::nullopt, *level});  // first: what names a topic is said more precisely
  }
  for (const auto& [name, value] : request.query) {
    if (name == "level") continue;
    absl::Status status =
        name == "paths" ? AddPaths(value, changes) : AddChange(name, value, changes);
    if (!status.ok()) return status;
  }
  return changes;
}

AdminReply ServeLevels() {
  std::string text = "active loggers:\n";
  for (size_t i = 0; i < base::kLogTopics; ++i) {
    const auto topic = static_cast<LogTopic>(i);
    base::StrAppend(&text, "  ", base::ToString(topic), ": ",
                    base::ToString(base::GetLogLevel(topic)), "\n");
  }
  return AdminReply::Text(text);
}

AdminReply ServeLogging(const AdminRequest& request) {
  if (request.query.empty()) return ServeLevels();
  if (request.method != http::Method::kPost) {
    return AdminReply::Text("/logging changes levels here: use POST, as in curl -X POST\n", 405);
  }
  const auto changes = ReadChanges(request);
  if (!changes.ok()) return BadRequest(changes.status());
  for (const LevelChange& change : *changes) {
    if (change.topic) {
      base::SetLogLevel(*change.topic, change.level);
    } else {
      base::SetAllLogLevels(change.level);
    }
  }
  return ServeLevels();
}

}  // namespace

void AddLogPage(Admin& admin) {
  admin.Add({.path = "/logging",
             .about = "log levels; POST to change them",
             .parameters = {{"level", "the level of every logger"},
                            {"paths", "levels of several: logger:level,logger:level"},
                            {"<logger>", "the level of one"}},
             .serve = ServeLogging});
}

}  // namespace outrigger::server
