#include "source/extensions/access_loggers/file_logger.h"

#include <optional>
#include <string>
#include <utility>

#include "source/base/text.h"
#include "source/config/format_config.h"
#include "source/config/place.h"
#include "source/http/access_format.h"

namespace outrigger::access_loggers {
namespace {

using http::AccessFormat;

class FileLogger final : public http::AccessLogger {
 public:
  FileLogger(AccessFormat format, std::shared_ptr<LogFile> file)
      : format_(std::move(format)), file_(std::move(file)) {}

  void Log(const http::StreamSummary& summary) const override {
    thread_local std::string line;  // keeps its room from one stream to the next
    line.clear();
    format_.Append(summary, line);
    file_->Append(line);
  }

 private:
  const AccessFormat format_;
  const std::shared_ptr<LogFile> file_;
};

absl::StatusOr<AccessFormat> ReadJson(const google::protobuf::Struct& fields,
                                      std::string_view field) {
  absl::StatusOr<AccessFormat> format = AccessFormat::Json(config::ToFormatTree(fields));
  if (format.ok()) return format;
  return base::InvalidArgument(field, ": ", base::StdView(format.status().message()));
}

absl::StatusOr<AccessFormat> ReadLogFormat(
    const envoy::config::core::v3::SubstitutionFormatString& from) {
  config::Findings findings;
  const config::Place root(findings);
  std::optional<AccessFormat> format = config::ReadFormat(from, root.At("log_format"));
  if (!format) return findings.ToStatus();
  return *std::move(format);
}

absl::StatusOr<AccessFormat> ReadFileFormat(const FileAccessLog& config) {
  switch (config.access_log_format_case()) {
    case FileAccessLog::kFormat: {
      absl::StatusOr<AccessFormat> format = AccessFormat::Text(config.format());
      if (format.ok()) return format;
      return base::InvalidArgument("format: ", base::StdView(format.status().message()));
    }
    case FileAccessLog::kJsonFormat:
      return ReadJson(config.json_format(), "json_format");
    case FileAccessLog::kTypedJsonFormat:
      return ReadJson(config.typed_json_format(), "typed_json_format");
    case FileAccessLog::kLogFormat:
      return ReadLogFormat(config.log_format());
    case FileAccessLog::ACCESS_LOG_FORMAT_NOT_SET:
      break;
  }
  return AccessFormat::Text(AccessFormat::DefaultText());
}

absl::StatusOr<LoggerPtr> Create(absl::StatusOr<AccessFormat> format, std::string_view path,
                                 LogFiles& files) {
  if (!format.ok()) return format.status();
  absl::StatusOr<std::shared_ptr<LogFile>> file = files.Open(path);
  if (!file.ok()) return base::InvalidArgument("path: ", base::StdView(file.status().message()));
  return std::make_shared<const FileLogger>(*std::move(format), *std::move(file));
}

// Of the process's own streams, which differ in nothing but the path.
template <typename Config>
absl::StatusOr<LoggerPtr> CreateStream(const Config& config, std::string_view path,
                                       LogFiles& files) {
  return Create(config.has_log_format() ? ReadLogFormat(config.log_format())
                                        : AccessFormat::Text(AccessFormat::DefaultText()),
                path, files);
}

}  // namespace

absl::StatusOr<LoggerPtr> CreateFileLogger(const FileAccessLog& config, LogFiles& files) {
  if (config.path().empty()) return base::InvalidArgument("path: must be given");
  return Create(ReadFileFormat(config), config.path(), files);
}

absl::StatusOr<LoggerPtr> CreateStdoutLogger(const StdoutAccessLog& config, LogFiles& files) {
  return CreateStream(config, "/dev/stdout", files);
}

absl::StatusOr<LoggerPtr> CreateStderrLogger(const StderrAccessLog& config, LogFiles& files) {
  return CreateStream(config, "/dev/stderr", files);
}

}  // namespace outrigger::access_loggers
