#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace outrigger::loading {

// Where a node begins in its text; both count from 1. Line 0: the node did not come from text.
struct Position {
  int line = 0;
  int column = 0;
};

// "file:line:column: ", leaving out what is not known.
std::string Locate(std::string_view file, Position position);

// One value of a parsed YAML or JSON document, with its place in the text.
// Owner: its parent node; copies are deep.  Thread: any, immutable once parsed.
class Node {
 public:
  // kNumber and kBool are plain scalars that read as such; a quoted scalar is always kString.
  enum class Kind : uint8_t { kNull, kBool, kNumber, kString, kList, kMap };
  struct Entry;

  Node();
  Node(Kind kind, Position position, std::string text = {});

  Kind kind() const { return kind_; }
  Position position() const { return position_; }
  // Of a scalar: its characters as written, without quotes; numbers are not normalised.
  const std::string& text() const { return text_; }
  const std::vector<Node>& items() const { return items_; }
  // In the order of the text; the keys are distinct.
  const std::vector<Entry>& entries() const { return entries_; }
  // The value under `key` of a map, or nullptr.
  const Node* Find(std::string_view key) const;

  void Append(Node item);
  void Append(std::string key, Position key_position, Node value);

 private:
  Kind kind_ = Kind::kNull;
  Position position_;
  std::string text_;
  std::vector<Node> items_;
  std::vector<Entry> entries_;
};

struct Node::Entry {
  std::string key;
  Position key_position;
  Node value;
};

// How a message shows a value: `"text"`, `12`, `null`, `a list`, `a map`.
std::string Describe(const Node& node);

// Beyond any of these the document is refused. Nodes reached through an alias count each time, so
// that a few lines of aliases cannot grow into gigabytes.
struct DocumentLimits {
  size_t bytes = 64u << 20;
  size_t nodes = 2'000'000;
  int depth = 100;
};

// Reads every document of a YAML stream, or JSON, which is read as the subset of YAML that it is.
// Duplicate keys are an error. Messages begin with `file:line:column: `.
absl::StatusOr<std::vector<Node>> ParseDocuments(std::string_view text, std::string_view file,
                                                 const DocumentLimits& limits = {});

// The same for text that must hold exactly one document. Empty text is an empty map.
absl::StatusOr<Node> ParseDocument(std::string_view text, std::string_view file,
                                   const DocumentLimits& limits = {});

}  // namespace outrigger::loading
