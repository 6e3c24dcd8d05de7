#pragma once

#include <string_view>

#include "source/base/clock.h"
#include "source/stats/store.h"

namespace outrigger::config {

class AccessLogFiles;  // where access loggers get their files: extensions/access_loggers
class RuntimeValues;

// What a factory may use. Four getters; a fifth needs a page in docs/decisions.
class FactoryContext {
 public:
  FactoryContext(const base::Clock& clock, stats::Store& stats, std::string_view stat_prefix,
                 const RuntimeValues& runtime)
      : clock_(clock), stats_(stats), stat_prefix_(stat_prefix), runtime_(runtime) {}
  const base::Clock& clock() const { return clock_; }
  stats::Store& stats() const { return stats_; }
  // Of the connection manager that the filter serves, as in `http.<stat_prefix>.`.
  std::string_view stat_prefix() const { return stat_prefix_; }
  // What a runtime_key may stand for; asked while the configuration is compiled, not per request.
  const RuntimeValues& runtime() const { return runtime_; }

 private:
  const base::Clock& clock_;
  stats::Store& stats_;
  std::string_view stat_prefix_;
  const RuntimeValues& runtime_;
};

}  // namespace outrigger::config
