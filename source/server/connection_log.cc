#include "source/server/connection_log.h"

namespace outrigger::server {

void LogConnection(const AccessLoggers& loggers, const event::Loop& loop,
                   http::StreamSummary& summary) {
  summary.end = loop.Now();
  summary.start_wall = loop.clock().WallNow() - absl::FromChrono(summary.end - summary.start);
  for (const auto& logger : loggers) logger->Log(summary);
}

void LogRefused(const AccessLoggers& loggers, const event::Loop& loop, net::Accepted& accepted,
                base::MonoTime start, std::optional<http::ResponseFlag> flag,
                std::string_view detail) {
  if (loggers.empty()) return;
  http::StreamSummary summary;
  const net::Address direct = accepted.DirectPeer();
  summary.downstream_local = &accepted.Local();
  summary.downstream_remote = &accepted.peer;
  summary.downstream_direct_remote = &direct;
  if (accepted.arrival != nullptr) summary.requested_server_name = accepted.arrival->server_name;
  if (flag) summary.Set(*flag);
  summary.detail = summary.connection_termination_detail = detail;
  summary.start = start;
  LogConnection(loggers, loop, summary);
}

}  // namespace outrigger::server
