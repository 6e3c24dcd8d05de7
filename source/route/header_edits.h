#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "source/http/header_map.h"
#include "source/http/stream_summary.h"

namespace outrigger::route {

// envoy.config.core.v3.HeaderValueOption.HeaderAppendAction.
enum class EditAction : uint8_t {
  kAppend,             // APPEND_IF_EXISTS_OR_ADD: one more field of that name
  kAddIfAbsent,        // ADD_IF_ABSENT
  kOverwriteOrAdd,     // OVERWRITE_IF_EXISTS_OR_ADD
  kOverwriteIfExists,  // OVERWRITE_IF_EXISTS
};

// Appends the value of one stream. Called on workers, so it holds nothing that changes.
using EditFormat = absl::AnyInvocable<void(const http::StreamSummary&, std::string&) const>;

struct HeaderEdit {
  std::string name;
  std::variant<std::string, EditFormat> value;  // literal, or made for each stream
  EditAction action = EditAction::kAppend;
  bool keep_empty_value = false;  // otherwise a header without a value is not written
};

// What one level of the configuration does to the headers of a message: first the removals, then
// the edits in their order. Immutable; any thread. Literals are written as views: the edits must
// outlive the stream (they live in its route table).
class HeaderEdits {
 public:
  HeaderEdits() = default;
  // Refuses names that may not be edited (":path" and the like, "host") or are no field names.
  static absl::StatusOr<HeaderEdits> Make(std::vector<HeaderEdit> edits,
                                          std::vector<std::string> removals);

  bool empty() const { return edits_.empty() && removals_.empty(); }
  void Apply(http::HeaderMap& headers, const http::StreamSummary& summary) const {
    if (!empty()) ApplyAll(headers, summary);
  }

 private:
  struct Name {
    std::string text;
    http::HeaderId id;
  };
  struct Edit {
    Name name;
    std::variant<std::string, EditFormat> value;
    EditAction action;
    bool keep_empty_value;
  };
  static absl::StatusOr<Name> CheckName(std::string text);
  void ApplyAll(http::HeaderMap& headers, const http::StreamSummary& summary) const;
  static void ApplyOne(const Edit& edit, http::HeaderMap& headers,
                       const http::StreamSummary& summary);

  std::vector<Edit> edits_;
  std::vector<Name> removals_;
};

}  // namespace outrigger::route
