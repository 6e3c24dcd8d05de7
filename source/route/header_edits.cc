#include "source/route/header_edits.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "source/base/text.h"

namespace outrigger::route {
namespace {

// RFC 9110 5.6.2.
bool IsTokenChar(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

// RFC 9110 5.5: what may not stand in a field value.
bool IsBadValueChar(char c) { return c == '\r' || c == '\n' || c == '\0'; }

bool Has(const http::HeaderMap& headers, http::HeaderId id, std::string_view name) {
  return id == http::HeaderId::kOther ? headers.Get(name).has_value() : headers.Has(id);
}

}  // namespace

absl::StatusOr<HeaderEdits::Name> HeaderEdits::CheckName(std::string text) {
  if (text.starts_with(':') || http::EqualsIgnoreCase(text, "host")) {
    return base::InvalidArgument("header: \"", text,
                                 "\" cannot be edited; use the rewrites of the route");
  }
  if (text.empty() || !std::all_of(text.begin(), text.end(), IsTokenChar)) {
    return base::InvalidArgument("header: not a field name, got \"", absl::CHexEscape(text), "\"");
  }
  const http::HeaderId id = http::FindHeaderId(text);
  return Name{std::move(text), id};
}

absl::StatusOr<HeaderEdits> HeaderEdits::Make(std::vector<HeaderEdit> edits,
                                              std::vector<std::string> removals) {
  HeaderEdits result;
  for (HeaderEdit& edit : edits) {
    const auto* literal = std::get_if<std::string>(&edit.value);
    if (literal != nullptr && std::any_of(literal->begin(), literal->end(), IsBadValueChar)) {
      return base::InvalidArgument("header: the value of \"", edit.name,
                                   "\" has a line break or NUL");
    }
    absl::StatusOr<Name> name = CheckName(std::move(edit.name));
    if (!name.ok()) return name.status();
    result.edits_.push_back(
        {*std::move(name), std::move(edit.value), edit.action, edit.keep_empty_value});
  }
  for (std::string& removal : removals) {
    absl::StatusOr<Name> name = CheckName(std::move(removal));
    if (!name.ok()) return name.status();
    result.removals_.push_back(*std::move(name));
  }
  return result;
}

void HeaderEdits::ApplyAll(http::HeaderMap& headers, const http::StreamSummary& summary) const {
  for (const Name& name : removals_) {
    if (name.id == http::HeaderId::kOther) {
      headers.Remove(name.text);
    } else {
      headers.Remove(name.id);
    }
  }
  for (const Edit& edit : edits_) ApplyOne(edit, headers, summary);
}

void HeaderEdits::ApplyOne(const Edit& edit, http::HeaderMap& headers,
                           const http::StreamSummary& summary) {
  const auto& [name, value, action, keep_empty_value] = edit;
  const bool is_there = action != EditAction::kAppend && Has(headers, name.id, name.text);
  if (action == EditAction::kAddIfAbsent && is_there) return;
  if (action == EditAction::kOverwriteIfExists && !is_there) return;

  std::string_view text;
  if (const auto* literal = std::get_if<std::string>(&value)) {
    text = *literal;
  } else {
    std::string formatted;
    std::get<EditFormat>(value)(summary, formatted);
    // What a client sent may come back here through %REQ(...)% of a decoded kind.
    std::erase_if(formatted, IsBadValueChar);
    text = headers.arena().Copy(formatted);
  }
  if (text.empty() && !keep_empty_value) return;

  if (!is_there) {
    headers.Add(name.id, name.text, text);
  } else if (name.id != http::HeaderId::kOther) {
    headers.Set(name.id, text);
  } else {
    headers.SetCopy(name.text, text);
  }
}

}  // namespace outrigger::route
