#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "source/config/loading/absl_view.h"
#include "source/config/loading/document.h"

namespace outrigger::loading {

std::string Locate(std::string_view file, Position position) {
  std::string out;
  if (!file.empty()) absl::StrAppend(&out, AbslView(file), ":");
  if (position.line > 0) absl::StrAppend(&out, position.line, ":", position.column, ":");
  if (!out.empty()) out += ' ';
  return out;
}

Node::Node() = default;
Node::Node(Kind kind, Position position, std::string text)
    : kind_(kind), position_(position), text_(std::move(text)) {}

const Node* Node::Find(std::string_view key) const {
  for (const Entry& entry : entries_) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

void Node::Append(Node item) { items_.push_back(std::move(item)); }

void Node::Append(std::string key, Position key_position, Node value) {
  entries_.push_back({std::move(key), key_position, std::move(value)});
}

std::string Describe(const Node& node) {
  constexpr size_t kShownBytes = 80;
  switch (node.kind()) {
    case Node::Kind::kNull:
      return "null";
    case Node::Kind::kList:
      return "a list";
    case Node::Kind::kMap:
      return "a map";
    case Node::Kind::kBool:
    case Node::Kind::kNumber:
      return node.text();
    case Node::Kind::kString:
      break;
  }
  const absl::string_view text = node.text();
  if (text.size() <= kShownBytes) return absl::StrCat("\"", absl::Utf8SafeCEscape(text), "\"");
  return absl::StrCat("\"", absl::Utf8SafeCEscape(text.substr(0, kShownBytes)), "...\"");
}

}  // namespace outrigger::loading
