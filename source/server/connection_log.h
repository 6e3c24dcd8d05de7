#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "source/event/loop.h"
#include "source/http/access_logger.h"
#include "source/net/accepted.h"

namespace outrigger::server {

using AccessLoggers = std::vector<std::shared_ptr<const http::AccessLogger>>;

// A connection is over: tells the loggers of its listener. Fills the end and the wall clock in.
void LogConnection(const AccessLoggers& loggers, const event::Loop& loop,
                   http::StreamSummary& summary);

// The same for one that nobody served; `detail` is a token (docs/errors.md).
void LogRefused(const AccessLoggers& loggers, const event::Loop& loop, net::Accepted& accepted,
                base::MonoTime start, std::optional<http::ResponseFlag> flag,
                std::string_view detail);

}  // namespace outrigger::server
