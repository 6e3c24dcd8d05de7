#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/types/span.h"

namespace outrigger::route {

// Exact paths and path prefixes in a radix tree: one walk along a path finds all of them that
// match it, whatever their number. A node is one cache line, with its label and the bytes that lead
// to its children where they fit, and the children of a node lie side by side: a step costs one
// line. Immutable after Build; any thread.
class PathTrie {
 public:
  enum class Kind : uint8_t { kPrefix, kExact, kSeparatedPrefix };
  struct Pattern {
    std::string text;
    Kind kind;
    uint32_t route;  // the pattern's number for Walk's caller
  };

  PathTrie() = default;
  static PathTrie Build(std::vector<Pattern> patterns, bool ignore_case);

  bool empty() const { return nodes_.empty(); }

  // Calls found(absl::Span<const uint32_t>) with the route numbers, ascending, of each group of
  // matching patterns. A number comes once for each of its patterns that match.
  template <typename Found>
  void Walk(std::string_view path, Found found) const {
    if (empty()) return;
    size_t at = 0;
    for (uint32_t index = 0; index != kNone;) {
      const Node& node = nodes_[index];
      if (!LabelMatches(node, path.substr(at))) return;
      at += node.label_size;
      const bool at_end = at == path.size();
      Report(node.routes_begin, node.prefix_end, found);
      if (at_end) Report(node.prefix_end, node.exact_end, found);
      if (at_end || path[at] == '/') Report(node.exact_end, node.separated_end, found);
      if (at_end) return;
      index = Child(node, path[at++]);
    }
  }

 private:
  static constexpr uint32_t kNone = ~uint32_t{0};
  static constexpr uint32_t kInlineBytes = 16;
  struct alignas(64) Node {
    uint32_t label_begin = 0, label_size = 0;  // in labels_, without the byte that led here
    uint32_t children_begin = 0;               // in nodes_ and first_bytes_
    uint32_t children_count = 0;
    uint32_t routes_begin = 0, prefix_end = 0, exact_end = 0, separated_end = 0;  // in routes_
    char label[kInlineBytes] = {};    // the label, of at most kInlineBytes
    char choices[kInlineBytes] = {};  // first_bytes_ of the children, of at most kInlineBytes
  };
  struct Pending;

  char Fold(char c) const { return ignore_case_ && c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c; }
  bool LabelMatches(const Node& node, std::string_view rest) const;
  uint32_t Child(const Node& node, char byte) const;
  template <typename Found>
  void Report(uint32_t begin, uint32_t end, Found& found) const {
    if (begin != end) found(absl::MakeConstSpan(routes_).subspan(begin, end - begin));
  }
  void FillNode(const Pending& pending, absl::Span<const Pattern> patterns,
                std::vector<Pending>& queue);
  void FillChoices(Node& node);
  void FillRoutes(Node& node, absl::Span<const Pattern> here);

  bool ignore_case_ = false;
  std::vector<Node> nodes_;  // the root first
  std::string first_bytes_;  // of each node, the byte that leads to it
  std::string labels_;
  std::vector<uint32_t> routes_;
};

}  // namespace outrigger::route
