#pragma once

#include "source/http/stream_summary.h"

namespace outrigger::http {

// Something that wants every finished stream: a file, a stream of a log service.
// Owner: the options snapshot of a listener or connection manager.  Thread: any worker, so Log may
// only touch what it made for that worker.
class AccessLogger {
 public:
  virtual ~AccessLogger() = default;
  // Once a stream, when it has ended. May not block or touch files; views die with the call.
  virtual void Log(const StreamSummary& summary) const = 0;
};

}  // namespace outrigger::http
