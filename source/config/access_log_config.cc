#include "source/config/access_log_config.h"

#include <utility>

#include "source/config/stream_condition.h"

namespace outrigger::config {
namespace {

using envoy::config::accesslog::v3::AccessLog;
using LoggerPtr = std::shared_ptr<const http::AccessLogger>;

// Hands on only the streams that pass a test.
class FilteredLogger final : public http::AccessLogger {
 public:
  FilteredLogger(StreamCondition condition, LoggerPtr logger)
      : condition_(std::move(condition)), logger_(std::move(logger)) {}

  void Log(const http::StreamSummary& summary) const override {
    const int status = summary.response == nullptr ? 0 : summary.response->status;
    if (condition_(summary, status)) logger_->Log(summary);
  }

 private:
  const StreamCondition condition_;
  const LoggerPtr logger_;
};

LoggerPtr Make(const AccessLog& log, const Registry& registry, FactoryContext& factories,
               const RuntimeValues& runtime, const Place& place) {
  absl::StatusOr<LoggerPtr> logger = registry.MakeAccessLogger(log.typed_config(), factories);
  if (!logger.ok()) {
    place.At("typed_config").Refuse(logger.status());
    return nullptr;
  }
  if (!log.has_filter()) return *std::move(logger);
  std::optional<StreamCondition> condition =
      ReadStreamCondition(log.filter(), runtime, place.At("filter"));
  if (!condition) return nullptr;
  return std::make_shared<const FilteredLogger>(*std::move(condition), *std::move(logger));
}

}  // namespace

std::vector<LoggerPtr> ReadAccessLogs(const google::protobuf::RepeatedPtrField<AccessLog>& logs,
                                      std::string_view field, const Registry& registry,
                                      FactoryContext& factories, const RuntimeValues& runtime,
                                      const Place& place) {
  std::vector<LoggerPtr> loggers;
  for (int i = 0; i < logs.size(); ++i) {
    LoggerPtr logger = Make(logs[i], registry, factories, runtime, place.At(field, i));
    if (logger != nullptr) loggers.push_back(std::move(logger));
  }
  return loggers;
}

}  // namespace outrigger::config
