#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "envoy/extensions/access_loggers/file/v3/file.pb.h"
#include "envoy/extensions/access_loggers/stream/v3/stream.pb.h"
#include "source/extensions/access_loggers/log_files.h"
#include "source/http/access_logger.h"

namespace outrigger::access_loggers {

using envoy::extensions::access_loggers::file::v3::FileAccessLog;
using envoy::extensions::access_loggers::stream::v3::StderrAccessLog;
using envoy::extensions::access_loggers::stream::v3::StdoutAccessLog;
using LoggerPtr = std::shared_ptr<const http::AccessLogger>;

// A logger that appends a line for each stream to a file, or to the process's own streams. The file
// is opened here, so one that cannot be opened refuses the resource. `files` outlives the logger.
absl::StatusOr<LoggerPtr> CreateFileLogger(const FileAccessLog& config, LogFiles& files);
absl::StatusOr<LoggerPtr> CreateStdoutLogger(const StdoutAccessLog& config, LogFiles& files);
absl::StatusOr<LoggerPtr> CreateStderrLogger(const StderrAccessLog& config, LogFiles& files);

}  // namespace outrigger::access_loggers
