#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "source/http/access_time.h"
#include "source/http/stream_summary.h"

namespace outrigger::http {

// What an operator found. A number prints without quotes in JSON, a missing value as null there and
// as "-" in text.
enum class ValueKind : uint8_t { kMissing, kText, kNumber };

// The parsed arguments of one %OPERATOR%; which are used is the operator's matter.
struct OperatorArguments {
  std::string name;         // of a header, lower case; or the text in the parentheses
  std::string alternative;  // the header to look at when that is missing
  std::optional<size_t> max_bytes;
  TimeFormat time;
  Moment from = nullptr;
  Moment to = nullptr;
  int64_t unit_ns = 1'000'000;
};

// One compiled %OPERATOR%, with Envoy's names and meanings. Immutable.
class AccessOperator {
 public:
  // `name` and the text in parentheses, nullopt without them. Errors do not say where.
  static absl::StatusOr<AccessOperator> Make(std::string_view name,
                                             std::optional<std::string_view> arguments,
                                             std::optional<size_t> max_bytes);
  // Appends the value as it is: neither escaped nor quoted; nothing when it is missing.
  ValueKind Append(const StreamSummary& summary, std::string& out) const;

  using Evaluate = ValueKind(const StreamSummary&, const OperatorArguments&, std::string& out);

 private:
  AccessOperator() = default;
  Evaluate* evaluate_ = nullptr;
  OperatorArguments arguments_;
};

}  // namespace outrigger::http
