#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "source/http/stream_summary.h"

namespace outrigger::http {

// How %START_TIME% and its kin print a moment: strftime's conversions, those of absl::FormatTime,
// %s (seconds since 1970), %f and %1f to %9f (fractions of a second). In UTC.
class TimeFormat {
 public:
  TimeFormat() = default;  // 2026-01-31T12:34:56.789Z
  static absl::StatusOr<TimeFormat> Parse(std::string_view format);
  void Append(absl::Time time, std::string& out) const;

 private:
  struct Part {
    std::string format;       // for absl::FormatTime
    int fraction_digits = 0;  // printed behind it
  };
  std::vector<Part> parts_;  // empty: the default
};

// A moment of a stream as %COMMON_DURATION% names it: "DS_RX_BEG" is when the first byte of the
// request came.
using Moment = base::MonoTime StreamSummary::*;
std::optional<Moment> FindMoment(std::string_view name);

// nullopt when one of them never came, or they came in the other order.
std::optional<base::Nanoseconds> Between(const StreamSummary& summary, Moment from, Moment to);

}  // namespace outrigger::http
