#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "source/http/stream_summary.h"

namespace outrigger::http {

// A JSON document whose strings are formats: json_format of an access log, as the configuration
// gives it.
struct FormatTree {
  using List = std::vector<FormatTree>;
  using Object = std::vector<std::pair<std::string, FormatTree>>;  // keys in output order
  std::variant<std::nullptr_t, bool, double, std::string, List, Object> value = nullptr;
};

struct AccessFormatOptions {
  // A missing value prints as nothing rather than "-"; in JSON its key is left out.
  bool omit_empty_values = false;
};

// A compiled access-log format: Envoy's %OPERATOR% strings as text, or as a JSON object a line.
// Immutable; cheap to share, a line costs no lookup by name.
// Errors of Text and Json say at which character, and which operators are near an unknown one.
// What clients send cannot forge a line: control bytes are escaped (log_escape.h).
class AccessFormat {
 public:
  // The text format that is used when none is configured. Ends in a newline, as text formats do.
  static std::string_view DefaultText();

  static absl::StatusOr<AccessFormat> Text(std::string_view format,
                                           AccessFormatOptions options = {});
  // Each line is `tree` as JSON and a newline. A string that is exactly one operator keeps the type
  // of its value: a number, or null when it is missing.
  static absl::StatusOr<AccessFormat> Json(const FormatTree& tree,
                                           AccessFormatOptions options = {});

  // Appends one line to `out`.
  void Append(const StreamSummary& summary, std::string& out) const;

  class Node;

 private:
  explicit AccessFormat(std::shared_ptr<const Node> root) : root_(std::move(root)) {}
  std::shared_ptr<const Node> root_;
};

}  // namespace outrigger::http
