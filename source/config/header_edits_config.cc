#include "source/config/header_edits_config.h"

#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "source/base/text.h"
#include "source/http/access_format.h"

namespace outrigger::config {
namespace {

using envoy::config::core::v3::HeaderValueOption;
using route::EditAction;
using route::HeaderEdit;
using route::HeaderEdits;

constexpr size_t kMaxBytes = 16 * 1024;  // of a name or value
constexpr int kMaxEdits = 1000;

EditAction ReadAction(const HeaderValueOption& option, const Place& place) {
  if (option.has_append()) {
    if (option.append_action() != HeaderValueOption::APPEND_IF_EXISTS_OR_ADD) {
      place.At("append").Refuse("must not stand beside append_action; leave append out");
    }
    return option.append().value() ? EditAction::kAppend : EditAction::kOverwriteOrAdd;
  }
  switch (option.append_action()) {
    case HeaderValueOption::ADD_IF_ABSENT:
      return EditAction::kAddIfAbsent;
    case HeaderValueOption::OVERWRITE_IF_EXISTS_OR_ADD:
      return EditAction::kOverwriteOrAdd;
    case HeaderValueOption::OVERWRITE_IF_EXISTS:
      return EditAction::kOverwriteIfExists;
    default:
      return EditAction::kAppend;
  }
}

// One by one, so that an error names the header's place.
absl::Status Check(const std::string& name, const std::string& text) {
  std::vector<HeaderEdit> edits;
  edits.push_back({.name = name, .value = text});
  return HeaderEdits::Make(std::move(edits), {}).status();
}

// A text with a '%' is a format; missing values leave nothing, so the header is left out unless
// keep_empty_value is set.
std::variant<std::string, route::EditFormat> ReadValue(const std::string& text,
                                                       const Place& place) {
  if (text.find('%') == std::string::npos) return text;
  absl::StatusOr<http::AccessFormat> format =
      http::AccessFormat::Text(text, {.omit_empty_values = true});
  if (!format.ok()) {
    place.Refuse(format.status());
    return text;
  }
  return route::EditFormat(
      [format = *std::move(format)](const http::StreamSummary& summary, std::string& out) {
        format.Append(summary, out);
      });
}

std::optional<HeaderEdit> ReadEdit(const HeaderValueOption& option, const Place& place) {
  const Place header = place.At("header");
  const std::string& name = option.header().key();
  const bool is_raw = !option.header().raw_value().empty();
  const std::string& text = is_raw ? option.header().raw_value() : option.header().value();
  if (is_raw && !option.header().value().empty()) {
    header.At("raw_value").Refuse("must not stand beside value");
  }
  if (name.empty()) {
    header.At("key").Refuse("must be given");
    return std::nullopt;
  }
  if (name.size() > kMaxBytes || text.size() > kMaxBytes) {
    header.Refuse(base::StrCat("must have at most 16384 bytes in key and value, got ", name.size(),
                               " and ", text.size()));
    return std::nullopt;
  }
  HeaderEdit edit{.name = name,
                  .value = ReadValue(text, header.At(is_raw ? "raw_value" : "value")),
                  .action = ReadAction(option, place),
                  .keep_empty_value = option.keep_empty_value()};
  const absl::Status status = Check(name, text);
  if (!status.ok()) {
    header.Refuse(status);
    return std::nullopt;
  }
  return edit;
}

}  // namespace

HeaderEdits ReadHeaderEdits(const google::protobuf::RepeatedPtrField<HeaderValueOption>& added,
                            std::string_view to_add,
                            const google::protobuf::RepeatedPtrField<std::string>& removed,
                            std::string_view to_remove, const Place& place) {
  if (added.size() > kMaxEdits) {
    place.At(to_add).Refuse(base::StrCat("must have at most 1000 headers, got ", added.size()));
  }
  std::vector<HeaderEdit> edits;
  for (int i = 0; i < added.size(); ++i) {
    std::optional<HeaderEdit> edit = ReadEdit(added[i], place.At(to_add, i));
    if (edit) edits.push_back(*std::move(edit));
  }
  std::vector<std::string> removals;
  for (int i = 0; i < removed.size(); ++i) {
    const absl::Status status = HeaderEdits::Make({}, {removed[i]}).status();
    if (!status.ok()) {
      place.At(to_remove, i).Refuse(status);
    } else {
      removals.push_back(removed[i]);
    }
  }
  absl::StatusOr<HeaderEdits> made = HeaderEdits::Make(std::move(edits), std::move(removals));
  if (made.ok()) return *std::move(made);
  place.At(to_add).Refuse(made.status());
  return HeaderEdits();
}

}  // namespace outrigger::config
